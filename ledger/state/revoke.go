package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// CheckRevoke says whether a revocation, signed by a member's key of a role, would be accepted now.
func (s *State) CheckRevoke(name string, role member.Role, key member.KeyID) error {
	m := s.record(name)
	if m == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	_, err := s.prepareRevoke(keyRef{owner: m, role: role}, entry.Revoke{Key: key})
	return err
}

// prepareRevoke: the root key ends a key of its member; whoever of the member notices a rotation that it
// did not want stops it. What a voter votes with is replaced and not revoked by its own member: whether
// there are enough voters without it is for the board.
func (s *State) prepareRevoke(by keyRef, b entry.Revoke) (change, error) {
	m := by.owner
	for _, r := range m.rotations {
		if r.New.ID() != b.Key {
			continue
		}
		if by.role != member.Root && by.role != member.Operator && by.role != member.Seat && by.role != r.Role {
			return nil, fmt.Errorf("%w: the rotation of the %s key is not the %s key's to stop", entry.ErrWrongRole, r.Role, by.role)
		}
		return func(index uint64) []Event {
			s.dropRotation(m, r.Role, index)
			return []Event{{Kind: RotationStopped, Index: index, Member: m.Name}}
		}, nil
	}
	ref, ok := s.liveKey(b.Key)
	switch {
	case !ok || ref.owner != m:
		return nil, fmt.Errorf("%w: not %s", entry.ErrNoSuchKey, m.Name)
	case by.role != member.Root:
		return nil, fmt.Errorf("%w: the root key revokes, not the %s key", entry.ErrWrongRole, by.role)
	case m.Voter && votingRole(ref.role):
		return nil, fmt.Errorf("%w: rotate the %s key of %s, or let the board revoke it", entry.ErrVoterKey, ref.role, m.Name)
	}
	return func(index uint64) []Event { return s.revoke(b.Key, index) }, nil
}
