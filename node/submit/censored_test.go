package submit

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestLyingRefusal: a leader that calls a good entry bad is not believed.
func TestLyingRefusal(t *testing.T) {
	s, key := submitter(newBook(t), leader{func(forward.Request) forward.Response {
		return forward.Response{V: 1, Code: forward.Rejected, Rule: entry.ErrSuspended.Code, Reason: "suspended"}
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := s.Submit(ctx, key, nodeInfo); !errors.Is(err, ErrUnavailable) || entry.RejectionOf(err) != nil {
		t.Fatalf("the submission ends with %v", err)
	}
}

// TestCensoringLeaderIsLeft: a voter that is told of an entry brings it to the leader itself, and leaves one that
// does not take it. What its own state refuses it forgets, and so it does what has come to stand.
func TestCensoringLeaderIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		signer ledgertest.Org
		role   member.Role
		takes  bool
		left   bool
	}{
		"a leader that never takes it": {ledgertest.Police, member.Operator, false, true},
		"one that takes it":            {ledgertest.Police, member.Operator, true, false},
		"what nobody would take":       {ledgertest.Police, member.Seat, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBook(t)
				brought := 0
				lead := leader{func(r forward.Request) forward.Response {
					brought++
					if !c.takes {
						return forward.Response{V: 1, Code: forward.Unavailable}
					}
					if _, err := b.state.Apply(r.Entry); err != nil {
						t.Error(err)
					}
					b.append(r.Entry)
					return forward.Response{V: 1, Code: forward.Accepted, Index: 1}
				}}
				self := ledgertest.Bank.Keys().Node.PeerID()
				s := New(b, lead, b.state.LedgerID(), self, slog.New(slog.DiscardHandler))
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); s.Run(ctx) }()
				raw, err := nodeInfo(entry.Signer{Key: c.signer.Private(c.role), LedgerID: b.state.LedgerID()}, 1)
				if err != nil {
					t.Fatal(err)
				}
				request, err := forward.Request{V: 1, LedgerID: s.id[:], Entry: raw}.Encode()
				if err != nil {
					t.Fatal(err)
				}
				if answer := s.answer(ctx, request); answer.Code != forward.NotLeader {
					t.Errorf("it answers %+v", answer)
				}
				time.Sleep(30 * time.Second)
				synctest.Wait()
				if (b.left.Load() > 0) != c.left {
					t.Errorf("the leader was left %d times", b.left.Load())
				}
				if (brought > 0) != (c.role == member.Operator) {
					t.Errorf("it was brought %d times", brought)
				}
				cancel()
				<-done
			})
		})
	}
}

// TestNonVoterLeavesNobody: only voters judge.
func TestNonVoterLeavesNobody(t *testing.T) {
	b := newBook(t)
	s, key := submitter(b, leader{}) // "self" is no member's node
	raw, err := nodeInfo(entry.Signer{Key: key, LedgerID: b.state.LedgerID()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.remember(raw, time.Now()); len(s.watch.entries) != 0 {
		t.Error("it is looked after")
	}
}
