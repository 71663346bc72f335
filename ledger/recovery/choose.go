package recovery

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// Choose returns the history to go on from: of those that hold all that is final with any survivor, the
// one that raft would have elected, the newest term first, then the longest log. What it holds above the
// newest final may or may not have been acknowledged, so it is kept. Its place is beyond every
// survivor's. Errors: [ErrOtherLedger], [ErrConflict] with the members concerned.
func Choose(survivors []Survivor) (Survivor, error) {
	if len(survivors) == 0 {
		return Survivor{}, fmt.Errorf("%w: no survivor's file was given", ErrFile)
	}
	ranked := slices.Clone(survivors)
	slices.SortStableFunc(ranked, func(a, b Survivor) int {
		return -cmp.Or(cmp.Compare(a.LogTerm, b.LogTerm), cmp.Compare(a.Index, b.Index), cmp.Compare(len(a.Leaves), len(b.Leaves)))
	})
	var newest Point
	out := Survivor{}
	for _, s := range survivors {
		if !s.sameLedger(survivors[0]) {
			return Survivor{}, fmt.Errorf("%w: those of %s and %s", ErrOtherLedger, survivors[0].Member, s.Member)
		}
		if s.Final.Size > newest.Size {
			newest = s.Final
		}
		out.Index, out.Term = max(out.Index, s.Index), max(out.Term, s.Term, s.LogTerm)
	}
	var conflict error
	for _, s := range ranked {
		i := slices.IndexFunc(survivors, func(o Survivor) bool { return !s.extends(o.Final) })
		if i < 0 {
			out.Index, out.Term = out.Index+1, out.Term+1
			return Survivor{s.Member, s.Leaves, newest, out.Index, out.Term, out.Term}, nil
		}
		if conflict == nil {
			conflict = fmt.Errorf("%w: %s holds %d entries and not what is final with %s at size %d", ErrConflict, s.Member, len(s.Leaves), survivors[i].Member, survivors[i].Final.Size)
		}
	}
	return Survivor{}, conflict
}

// Execute executes the history and returns the state that it leads to. The error is [ErrFile].
func (s Survivor) Execute() (*state.State, error) {
	g, err := s.Genesis()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	st, err := state.New(g)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	at := 1
	for batch := range slices.Chunk(s.Leaves[1:], 1024) {
		for _, p := range st.Prefetch(batch) {
			if _, err := st.ApplyPrefetched(p); err != nil {
				return nil, fmt.Errorf("%w: entry %d: %w", ErrFile, at, err)
			}
			at++
		}
	}
	return st, nil
}

// Recovery drafts the recovery of the history by voters, who must be members. What is final is its base,
// the rest its tail; a tail longer than a recovery may name is cut from the front, into the base.
func (s Survivor) Recovery(st *state.State, voters []string) (entry.RecoveryDraft, error) {
	size := uint64(len(s.Leaves))
	base := max(s.Final.Size, 1)
	if size-base > entry.MaxTail {
		base = size - entry.MaxTail
	}
	var tail []entry.Hash
	for _, leaf := range s.Leaves[base:] {
		tail = append(tail, entry.Hash(tlog.LeafHash(leaf)))
	}
	return entry.NewRecovery(st.LedgerID(), st.Incarnation()+1, s.frontier(base), tail, voters)
}
