package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
)

// vouched is what a member has vouched for as a voter. Zero sizes stand for nothing yet.
type vouched struct {
	Seal   entry.Seal        `cbor:"1,keyasint"` // of the greatest height
	Anchor entry.StateAnchor `cbor:"2,keyasint"` // of the greatest size
	Fault  uint64            `cbor:"3,keyasint"` // index of the first entry that contradicts another of the same key, 0 while none
}

// Fault returns the index of the entry with which a voter first contradicted what its log key had
// signed before, and whether it has. Both entries stand on the ledger.
func (s *State) Fault(name string) (index uint64, ok bool) {
	m := s.record(name)
	if m == nil {
		return 0, false
	}
	return m.vouched.Fault, m.vouched.Fault > 0
}

// Seal returns a voter's newest seal, and whether it has made one.
func (s *State) Seal(name string) (entry.Seal, bool) {
	m := s.record(name)
	if m == nil {
		return entry.Seal{}, false
	}
	return m.vouched.Seal, m.vouched.Seal.Size > 0
}

// Anchor returns the newest state hash that a quorum of the voters agreed on, and whether there is one.
func (s *State) Anchor() (entry.StateAnchor, bool) { return s.anchor, s.anchor.Size > 0 }

// checkVouch refuses what no honest voter says: it speaks of entries that it has executed, and those come
// before its own entry in whatever order raft gives.
func (s *State) checkVouch(by *memberRecord, size uint64) error {
	if !by.Voter {
		return fmt.Errorf("%w: %s", entry.ErrNotAVoter, by.Name)
	}
	if size > s.tree.Size() {
		return fmt.Errorf("%w: size %d, this is %d", entry.ErrAhead, size, s.tree.Size())
	}
	return nil
}

// prepareSeal accepts a seal that contradicts the voter's newest: refusing it would hide the proof.
func (s *State) prepareSeal(by *memberRecord, b entry.Seal) (change, error) {
	if err := s.checkVouch(by, b.Size); err != nil {
		return nil, err
	}
	last := by.vouched.Seal
	switch {
	case contradicts(last, b) || b.Size == s.tree.Size() && b.Root != s.tree.Root():
		return func(index uint64) []Event { return by.atFault(index) }, nil
	case b.Height <= last.Height:
		return nil, fmt.Errorf("%w: %s has sealed height %d", entry.ErrNoChange, by.Name, last.Height)
	}
	return func(index uint64) []Event {
		by.vouched.Seal = b
		return []Event{{Kind: CheckpointSealed, Index: index, Member: by.Name}}
	}, nil
}

// contradicts says whether no history has both checkpoints: sizes grow with heights, and a size has one
// root.
func contradicts(a, b entry.Seal) bool {
	switch {
	case a.Size == 0:
		return false
	case a.Size == b.Size && a.Root != b.Root, a.Height == b.Height && a.Size != b.Size:
		return true
	}
	return a.Height < b.Height != (a.Size < b.Size) && a.Size != b.Size
}

func (m *memberRecord) atFault(index uint64) []Event {
	if m.vouched.Fault == 0 {
		m.vouched.Fault = index
	}
	return []Event{{Kind: VoterAtFault, Index: index, Member: m.Name}}
}

// prepareStateAnchor counts the voters that say the same. An anchor that another contradicts is for the
// nodes to settle: each knows its own state hash.
func (s *State) prepareStateAnchor(by *memberRecord, b entry.StateAnchor) (change, error) {
	if err := s.checkVouch(by, b.Size); err != nil {
		return nil, err
	}
	last := by.vouched.Anchor
	switch {
	case b.Size == last.Size && b != last:
		return func(index uint64) []Event { return by.atFault(index) }, nil
	case b.Size <= last.Size:
		return nil, fmt.Errorf("%w: %s has anchored size %d", entry.ErrNoChange, by.Name, last.Size)
	}
	return func(index uint64) []Event {
		by.vouched.Anchor = b
		if b.Size <= s.anchor.Size || s.vouchFor(b) < Quorum(len(s.voterKeys())) {
			return nil
		}
		s.anchor = b
		return []Event{{Kind: StateAnchored, Index: index}}
	}, nil
}

// vouchFor is how many voters have this anchor as their newest.
func (s *State) vouchFor(b entry.StateAnchor) int {
	n := 0
	for _, m := range s.members {
		if m.Voter && m.vouched.Anchor == b {
			n++
		}
	}
	return n
}
