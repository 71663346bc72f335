package replica

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// BenchmarkRestart is a node's start with 100,000 entries on disk, all of them in the raft log or up to
// the last 1,700 in a snapshot, until it has executed the last one.
//
//	go test ./ledger/replica -run - -bench Restart -benchtime 1x
func BenchmarkRestart(b *testing.B) {
	for _, how := range []string{"log", "snapshot"} {
		b.Run(how, func(b *testing.B) { benchRestart(b, how == "snapshot") })
	}
}

func benchRestart(b *testing.B, withSnapshot bool) {
	const entries = 100_000
	c := newConsortium(b, 3)
	c.hooks.raft = func(r *raft.Config) {
		r.SnapshotThreshold, r.SnapshotInterval = 1<<40, time.Hour
	}
	c.start(c.orgs...)
	o, restarted := c.leader(), c.follower()
	futures := make(chan raft.ApplyFuture, 4096)
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		for f := range futures {
			if err := f.Error(); err != nil {
				failed <- err
				return
			}
		}
	}()
	for seq := uint64(1); seq <= entries; seq++ {
		futures <- c.node(o).raft.Apply(c.nodeInfo(o, seq), time.Minute)
		if withSnapshot && seq == entries-1700 {
			if err := c.node(o).WaitSize(context.Background(), seq+1); err != nil {
				b.Fatal(err)
			}
			if err := c.node(restarted).WaitSize(context.Background(), seq+1); err != nil {
				b.Fatal(err)
			}
			if err := c.node(restarted).raft.Snapshot().Error(); err != nil {
				b.Fatal(err)
			}
		}
	}
	close(futures)
	if err := <-failed; err != nil {
		b.Fatal(err)
	}
	if err := c.node(restarted).WaitSize(context.Background(), entries+1); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		c.kill(restarted)
		b.StartTimer()
		c.start(restarted)
		if err := c.node(restarted).WaitSize(context.Background(), entries+1); err != nil {
			b.Fatal(err)
		}
	}
}
