package replica

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Raft stops listening to a pipeline at the first answer that is no success, and may send a few more
// requests before it gives the pipeline up. Were one of them to wait for ever, the follower would get
// nothing more from this leader.
func TestPipelineDoesNotHoldRaftAfterAFailure(t *testing.T) {
	near, far := net.Pipe()
	go func() { // a follower that misses what comes before
		defer far.Close()
		for {
			if _, err := wire.ReadFrame(far, MaxRequest); err != nil {
				return
			}
			b, err := wire.Encode(reply{V: version, Term: 1})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := far.Write(frame(b)); err != nil {
				return
			}
		}
	}()
	dial := func(context.Context, string) (net.Conn, error) { return near, nil }
	tr := newTransport("a", newGate("a", true, 0), dial, time.Second, slog.New(slog.DiscardHandler))
	defer tr.Close()
	p, err := tr.AppendEntriesPipeline("b", "b")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	send := func() error {
		_, err := p.AppendEntries(&raft.AppendEntriesRequest{Term: 1}, &raft.AppendEntriesResponse{})
		return err
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	if f := <-p.Consumer(); f.Error() != nil || f.Response().Success {
		t.Fatalf("the first answer is %v, %v", f.Response(), f.Error())
	}
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(send(), send(), send()) }()
	select {
	case err := <-ended:
		if !errors.Is(err, raft.ErrPipelineShutdown) {
			t.Errorf("the pipeline ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the pipeline holds whoever writes to it")
	}
}
