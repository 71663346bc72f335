package replica

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// What was checked at the door is found once when it is executed, and only for the very same bytes; the
// memo never holds more than its size.
func TestMemo(t *testing.T) {
	c := newConsortium(t, 3)
	h, err := newHistory(c.genesis, func([]state.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	raw := c.nodeInfo(c.orgs[0], 1)
	if err := h.check(raw); err != nil {
		t.Fatal(err)
	}
	forged := append([]byte(nil), raw...)
	forged[len(forged)-1] ^= 1
	if _, ok := h.memo.take(forged); ok {
		t.Error("other bytes were taken for the entry")
	}
	if err := h.check(forged); err == nil {
		t.Fatal("a forged entry passed the door")
	}
	if n := len(h.memo.kept); n != 1 {
		t.Fatalf("%d remembered, want the one that passed", n)
	}
	if _, err := h.apply(raw, 1); err != nil {
		t.Fatal(err)
	}
	if len(h.memo.kept) != 0 {
		t.Error("an executed entry is still remembered")
	}
	for i := range uint64(3 * memoSize) {
		h.memo.keep([]byte{byte(i), byte(i >> 8)}, state.Prefetched{})
	}
	if n := len(h.memo.kept); n != memoSize {
		t.Errorf("%d remembered, at most %d", n, memoSize)
	}
}

// What the memo holds of an entry is no verdict on it: that is given by the state in which its turn comes,
// here that of another ledger.
func TestMemoIsNoVerdict(t *testing.T) {
	c, other := newConsortium(t, 3), newConsortium(t, 3)
	h, err := newHistory(c.genesis, func([]state.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	raw := c.nodeInfo(c.orgs[0], 1)
	if err := h.check(raw); err != nil {
		t.Fatal(err)
	}
	s, err := state.New(other.genesis)
	if err != nil {
		t.Fatal(err)
	}
	h.replace(execution{state: s, leaves: [][]byte{other.genesis.Raw()}}, 0)
	if _, err := h.apply(raw, 1); entry.RejectionOf(err) != entry.ErrWrongLedger {
		t.Errorf("another ledger's entry: %v", err)
	}
	if s.NextSeq(member.PublicOf(c.orgs[0].keys[member.Operator]).ID()) != 1 {
		t.Error("it left a trace")
	}
}
