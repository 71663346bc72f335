package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
)

// standing is a member's status when it is not suspended.
func (m *memberRecord) standing() Status {
	if m.Founder || m.ackedAt > 0 {
		return Active
	}
	return Joining
}

// AckDue returns what a member that was admitted has to acknowledge, as this state has it, and whether
// it still has to.
func (s *State) AckDue(name string) (entry.Ack, bool) {
	m := s.record(name)
	if m == nil || m.standing() != Joining {
		return entry.Ack{}, false
	}
	return entry.Ack{Size: m.AdmittedAt + 1, Root: m.admitted}, true
}

// prepareAck wants the root that the tree had when the member was admitted. Another one means that its
// node was led to another history: it is not one of us then, whatever its keys.
func (s *State) prepareAck(by *memberRecord, b entry.Ack) (change, error) {
	due, ok := s.AckDue(by.Name)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s has acknowledged the ledger", entry.ErrNoChange, by.Name)
	case b != due:
		return nil, fmt.Errorf("%w: %s was admitted at size %d", entry.ErrAckRoot, by.Name, due.Size)
	}
	return func(index uint64) []Event {
		by.ackedAt = index
		by.admitted = [32]byte{}
		if by.Status == Joining {
			by.Status = Active
		}
		return []Event{{Kind: MemberJoined, Index: index, Member: by.Name}}
	}, nil
}

// noteAdmitted keeps the root that the members admitted by this entry have to acknowledge.
func (s *State) noteAdmitted() {
	for _, m := range s.newcomers {
		m.admitted = s.tree.Root()
	}
	s.newcomers = nil
}
