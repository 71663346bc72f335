package submit

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/ledgertest"
)

// deciding is a submitter whose leader takes everything, over a ledger of which final entries are final.
func deciding(t *testing.T, final uint64) (*Submitter, *book) {
	b := newBook(t)
	b.final = &atomic.Uint64{}
	b.final.Store(final)
	s, _ := submitter(b, leader{func(r forward.Request) forward.Response {
		b.append(r.Entry)
		return forward.Response{V: 1, Code: forward.Accepted, Index: uint64(len(*b.leaves.Load())) - 1}
	}})
	return s, b
}

// TestSubmitWaitsForFinal: what is recorded is acknowledged when it is final, and said to be recorded
// when that takes too long. What a node says of itself does not wait.
func TestSubmitWaitsForFinal(t *testing.T) {
	key := ledgertest.Bank.Private("operator")
	s, b := deciding(t, 1)
	if index, _, err := s.Enter(t.Context(), key, nodeInfo); err != nil || index != 1 {
		t.Fatalf("entered at %d, %v", index, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if index, _, err := s.Submit(ctx, key, nodeInfo); !errors.Is(err, ErrNotFinal) || index != 2 {
		t.Errorf("recorded at %d, %v", index, err)
	}
	b.final.Store(4)
	if index, _, err := s.Submit(t.Context(), key, nodeInfo); err != nil || index != 3 {
		t.Errorf("final at %d, %v", index, err)
	}
}

// TestSubmitAgainWhatWasReplaced: another history became final, so the entry is brought once more.
func TestSubmitAgainWhatWasReplaced(t *testing.T) {
	s, b := deciding(t, 1)
	other := []byte("another entry")
	go func() {
		for len(*b.leaves.Load()) < 2 {
			time.Sleep(time.Millisecond)
		}
		leaves := append((*b.leaves.Load())[:1:1], other)
		b.leaves.Store(&leaves)
		b.final.Store(3)
	}()
	index, raw, err := s.Submit(t.Context(), ledgertest.Bank.Private("operator"), nodeInfo)
	if err != nil || index != 2 || string((*b.leaves.Load())[2]) != string(raw) {
		t.Errorf("final at %d, %v", index, err)
	}
}
