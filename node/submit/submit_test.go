package submit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// book is a replica that another node leads: it holds leaves, and Submit is not for it.
type book struct {
	state  *state.State
	leaves atomic.Pointer[[][]byte]
	final  *atomic.Uint64 // nil: finality does not run
	other  atomic.Bool    // another node leads than at first
	left   atomic.Int32   // how often the leader was left
}

func newBook(t *testing.T) *book {
	t.Helper()
	g := ledgertest.Genesis(t, ledgertest.Platform, ledgertest.Bank, ledgertest.Police)
	s, err := state.New(g)
	if err != nil {
		t.Fatal(err)
	}
	b := &book{state: s}
	b.leaves.Store(&[][]byte{g.Raw()})
	return b
}

func (b *book) Submit(context.Context, []byte) (replica.Result, error) {
	return replica.Result{}, &replica.NotLeaderError{Leader: "leader"}
}

// Distrust has another node lead from then on.
func (b *book) Distrust(leader string) bool {
	b.left.Add(1)
	b.other.Store(true)
	return leader == "leader"
}

func (b *book) Decides() bool { return b.final != nil }

func (b *book) WaitFinal(ctx context.Context, size uint64) error {
	for b.final.Load() < size {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func (b *book) Leader() (string, bool) {
	if b.other.Load() {
		return "another", true
	}
	return "leader", true
}

func (b *book) View(read func(*state.State)) { read(b.state) }
func (b *book) append(raw []byte)            { l := append(*b.leaves.Load(), raw); b.leaves.Store(&l) }

func (b *book) WaitSize(ctx context.Context, size uint64) error {
	for uint64(len(*b.leaves.Load())) < size {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func (b *book) Leaves(from, to uint64) ([][]byte, error) { return (*b.leaves.Load())[from:to], nil }

// leader answers submissions as the test tells it to.
type leader struct {
	answer func(forward.Request) forward.Response
}

type pipe struct{ net.Conn }

func (pipe) Peer() string        { return "leader" }
func (pipe) Protocol() string    { return forward.Protocol }
func (p pipe) Reset() error      { return p.Close() }
func (p pipe) CloseWrite() error { return nil }

func (l leader) Open(context.Context, string, string) (p2p.Stream, error) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		msg, err := wire.ReadFrame(far, forward.MaxRequest)
		if err != nil {
			return
		}
		request, err := forward.ParseRequest(msg)
		if err != nil {
			return
		}
		reply, err := l.answer(request).Encode()
		if err == nil {
			_ = wire.WriteFrame(far, reply)
		}
	}()
	return pipe{near}, nil
}

func submitter(b *book, l leader) (*Submitter, ed25519.PrivateKey) {
	return New(b, l, b.state.LedgerID(), "self", slog.New(slog.DiscardHandler)), ledgertest.Bank.Private(member.Operator)
}

func nodeInfo(s entry.Signer, seq uint64) (entry.Raw, error) {
	return entry.NewNodeInfo(s, seq, []string{"/ip4/192.0.2.1/tcp/7481"}, "test")
}

func TestSubmitThroughTheLeader(t *testing.T) {
	b := newBook(t)
	s, key := submitter(b, leader{func(r forward.Request) forward.Response {
		b.append(r.Entry)
		return forward.Response{V: 1, Code: forward.Accepted, Index: 1}
	}})
	index, _, err := s.Submit(t.Context(), key, nodeInfo)
	if err != nil || index != 1 {
		t.Fatalf("index %d, %v", index, err)
	}
}

// TestLeaderThatIsCutOff: a leader that falls silent is left as soon as another one leads, not when the patience
// with it ends.
func TestLeaderThatIsCutOff(t *testing.T) {
	b := newBook(t)
	asked := make(chan struct{}, 1)
	s, key := submitter(b, leader{func(r forward.Request) forward.Response {
		if !b.other.Load() {
			asked <- struct{}{}
			<-t.Context().Done() // it hears, and is not heard
		}
		b.append(r.Entry)
		return forward.Response{V: 1, Code: forward.Accepted, Index: 1}
	}})
	go func() {
		<-asked
		b.other.Store(true)
	}()
	began := time.Now()
	index, _, err := s.Submit(t.Context(), key, nodeInfo)
	if err != nil || index != 1 {
		t.Fatalf("index %d, %v", index, err)
	}
	if took := time.Since(began); took >= answerWithin {
		t.Errorf("it took %v, the whole patience with a leader", took)
	}
}

// TestLyingLeader: a leader that claims to have taken the entry is not believed.
func TestLyingLeader(t *testing.T) {
	for name, index := range map[string]uint64{"an old index": 0, "an index to come": 5, "the last number": 1<<64 - 1} {
		t.Run(name, func(t *testing.T) {
			s, key := submitter(newBook(t), leader{func(forward.Request) forward.Response {
				return forward.Response{V: 1, Code: forward.Accepted, Index: index}
			}})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if _, _, err := s.Submit(ctx, key, nodeInfo); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("the submission ends with %v", err)
			}
		})
	}
}

func TestRejectionComesBack(t *testing.T) {
	s, _ := submitter(newBook(t), leader{func(forward.Request) forward.Response {
		return forward.Response{V: 1, Code: forward.Rejected, Rule: entry.ErrWrongRole.Code, Reason: "no seat key"}
	}})
	if _, _, err := s.Submit(t.Context(), ledgertest.Bank.Private(member.Seat), nodeInfo); !errors.Is(err, entry.ErrWrongRole) {
		t.Fatalf("the submission ends with %v", err)
	}
}

// TestWaitingForTheTurnEnds: who waits behind another entry is not held beyond its own patience.
func TestWaitingForTheTurnEnds(t *testing.T) {
	b := newBook(t)
	s, key := submitter(b, leader{func(forward.Request) forward.Response {
		return forward.Response{V: 1, Code: forward.Unavailable}
	}})
	first, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _, _ = s.Submit(first, key, nodeInfo)
	}()
	time.Sleep(20 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := s.Submit(ctx, key, nodeInfo); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("the second submission ends with %v", err)
	}
	stop()
	<-done
}
