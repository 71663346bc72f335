package baseline

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
)

// Every node checks every entry, and the verdict comes back to who submitted it.
func TestEveryNodeChecks(t *testing.T) {
	bad := errors.New("bad")
	var checks atomic.Int64
	c, err := Open(t.TempDir(), 3, replica.Timing{
		Heartbeat: time.Second, Election: time.Second, LeaderLease: 500 * time.Millisecond, Commit: 5 * time.Millisecond,
	}, func(raw []byte) error {
		checks.Add(1)
		if raw[0] == 'b' {
			return bad
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for err = ErrNoLeader; errors.Is(err, ErrNoLeader) && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		err = c.Submit(ctx, []byte("good"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Submit(ctx, []byte("bad")); !errors.Is(err, bad) {
		t.Errorf("the check's error is lost: %v", err)
	}
	if err := c.Applied(ctx); err != nil {
		t.Fatal(err)
	}
	for checks.Load() < 6 && ctx.Err() == nil { // applied is handed out, not executed
		time.Sleep(time.Millisecond)
	}
	if n := checks.Load(); n != 6 {
		t.Errorf("%d checks of 2 entries on 3 nodes", n)
	}
}
