package state

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Rotation of keys, in seconds of ledger time.
const (
	// RotationWait is how long a rotation waits that the root key has not signed.
	RotationWait = 24 * 3600
	// RotationRest is how long a voter leaves a key in place that it votes with: another one is a change
	// of the voters, which others have to wait for.
	RotationRest = 24 * 3600
	// MaxRetired bounds the keys that a member gives up by rotations. Each is remembered for ever, so that it
	// never comes back; revoking is always possible and adds one a role at most.
	MaxRetired = 1000
)

// rotation is one that waits. Its new key is on the ledger already, so that nobody else enters it.
type rotation struct {
	Role member.Role      `cbor:"1,keyasint"`
	New  member.PublicKey `cbor:"2,keyasint"`
	At   uint64           `cbor:"3,keyasint"` // ledger time at which it comes into force
}

// rested is ledger time until which the keys that a voter votes with stay.
type rested struct {
	Node     uint64 `cbor:"1,keyasint"`
	Log      uint64 `cbor:"2,keyasint"`
	Cosigner uint64 `cbor:"3,keyasint"`
}

func (r *rested) until(role member.Role) *uint64 {
	switch role {
	case member.Node:
		return &r.Node
	case member.Log:
		return &r.Log
	default: // the third that a voter votes with
		return &r.Cosigner
	}
}

// Rotation is a rotation that waits, for display.
type Rotation struct {
	Role member.Role
	New  member.PublicKey
	At   uint64 // ledger time at which it comes into force unless the member revokes the new key
}

// Rotations lists a member's rotations that wait, in the order of [member.Roles].
func (s *State) Rotations(name string) []Rotation {
	m := s.record(name)
	if m == nil {
		return nil
	}
	var out []Rotation
	for _, r := range m.rotations {
		out = append(out, Rotation(r))
	}
	return out
}

// Rotation is what the keys of a member sign to put another key in a role. The error is
// [entry.ErrUnknownMember].
func (s *State) Rotation(name string, role member.Role, key member.PublicKey) (entry.Rotation, error) {
	m := s.record(name)
	if m == nil {
		return entry.Rotation{}, fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	return entry.Rotation{
		LedgerID: s.id, Incarnation: s.incarnation, Member: name, Role: role, Old: m.Keys.Of(role), New: key,
	}, nil
}

// CheckRotate says whether a member's rotation would be accepted now.
func (s *State) CheckRotate(name string, b entry.Rotate) error {
	m := s.record(name)
	if m == nil {
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
	}
	_, err := s.checkRotate(m, b)
	return err
}

func (s *State) prepareRotate(by *memberRecord, b entry.Rotate) (change, error) {
	atOnce, err := s.checkRotate(by, b)
	if err != nil {
		return nil, err
	}
	role := member.Role(b.Role)
	if atOnce {
		return func(index uint64) []Event {
			s.dropRotation(by, role, index)
			return s.rotate(by, role, b.New, index)
		}, nil
	}
	return func(index uint64) []Event {
		s.keys[b.New.ID()] = keyRef{owner: by, role: role, key: b.New, retired: true} // signs nothing yet
		by.rotations = append(by.rotations, rotation{Role: role, New: b.New, At: s.time + RotationWait})
		slices.SortFunc(by.rotations, func(a, b rotation) int { return cmp.Compare(orderOf(a.Role), orderOf(b.Role)) })
		return []Event{{Kind: RotationAnnounced, Index: index, Member: by.Name}}
	}, nil
}

// checkRotate says whether a rotation may be entered, and whether it acts at once. The root key's word is
// enough for that: it could revoke the old key, and then fill the role.
func (s *State) checkRotate(by *memberRecord, b entry.Rotate) (atOnce bool, err error) {
	role := member.Role(b.Role)
	if ref, ok := s.keys[b.New.ID()]; ok {
		return false, fmt.Errorf("%w: as the %s key of %s, now or before", entry.ErrKeyExists, ref.role, ref.owner.Name)
	}
	if len(by.retired)+len(by.rotations) >= MaxRetired {
		return false, fmt.Errorf("%w: %d of %s", entry.ErrTooManyKeys, MaxRetired, by.Name)
	}
	rotation, err := s.Rotation(by.Name, role, b.New)
	if err != nil {
		return false, err
	}
	if err := s.checkRotationSignatures(by, rotation, b); err != nil {
		return false, err
	}
	atOnce = len(b.ByRoot) > 0 || role == member.Root && len(b.ByOld) > 0
	if !atOnce && by.waiting(role) >= 0 {
		return false, fmt.Errorf("%w: of the %s key of %s", entry.ErrRotationWaits, role, by.Name)
	}
	if by.Voter && votingRole(role) {
		switch {
		case *by.rested.until(role) > s.time:
			return false, fmt.Errorf("%w: the %s key of %s stays until %s", entry.ErrRotationRests, role, by.Name, entry.Instant(*by.rested.until(role)))
		case atOnce && s.handOver.Index != 0:
			return false, fmt.Errorf("%w: at size %d", entry.ErrHandOverOpen, s.handOver.Index+1)
		}
	}
	return atOnce, nil
}

// checkRotationSignatures verifies every signature that is there, and that enough are: by the new key, and
// by the old one or the root key. A role that was emptied has no old key; then the envelope's is enough
// for a rotation that waits.
func (s *State) checkRotationSignatures(by *memberRecord, r entry.Rotation, b entry.Rotate) error {
	if err := r.Verify(b.New, b.ByNew); err != nil {
		return fmt.Errorf("%w: by the new key", err)
	}
	empty := r.Old == (member.PublicKey{})
	switch {
	case len(b.ByOld) > 0 && r.Verify(r.Old, b.ByOld) != nil:
		return fmt.Errorf("%w: by the old key", entry.ErrRotation)
	case len(b.ByRoot) > 0 && r.Verify(by.Keys.Root, b.ByRoot) != nil:
		return fmt.Errorf("%w: by the root key", entry.ErrRotation)
	case len(b.ByOld)+len(b.ByRoot) == 0 && !empty:
		return fmt.Errorf("%w: neither the old key nor the root key has signed", entry.ErrRotation)
	}
	return nil
}

// rotate puts another key in a role, at once.
func (s *State) rotate(m *memberRecord, role member.Role, key member.PublicKey, index uint64) []Event {
	change := func() {
		s.retire(m, role, index)
		s.hold(m, role, key)
	}
	rotated := Event{Kind: KeyRotated, Index: index, Member: m.Name}
	if !m.Voter || !votingRole(role) {
		change()
		return []Event{rotated}
	}
	*m.rested.until(role) = s.time + RotationRest
	return []Event{rotated, s.changeVoters(index, m.Name, change)}
}

// hold enters a key as a member's in a role that is empty.
func (s *State) hold(m *memberRecord, role member.Role, key member.PublicKey) {
	m.Keys = m.Keys.With(role, key)
	s.keys[key.ID()] = keyRef{owner: m, role: role, key: key}
	if role == member.Node {
		m.PeerID = key.PeerID()
	}
}

func (m *memberRecord) waiting(role member.Role) int {
	return slices.IndexFunc(m.rotations, func(r rotation) bool { return r.Role == role })
}

// dropRotation stops the rotation of a role, if one waits. Its new key is used up.
func (s *State) dropRotation(m *memberRecord, role member.Role, index uint64) {
	i := m.waiting(role)
	if i < 0 {
		return
	}
	m.retired = append(m.retired, RetiredKey{Role: role, Key: m.rotations[i].New, Index: index})
	m.rotations = slices.Delete(m.rotations, i, i+1)
}

// rotateDue lets the rotations act whose time has come, in ascending order of name and in the order of
// roles. One that changes the voters waits for an open hand-over.
func (s *State) rotateDue(index uint64) []Event {
	var events []Event
	for _, m := range s.members {
		for _, r := range slices.Clone(m.rotations) {
			voting := m.Voter && votingRole(r.Role)
			if r.At > s.time || voting && s.handOver.Index != 0 {
				continue
			}
			m.rotations = slices.Delete(m.rotations, m.waiting(r.Role), m.waiting(r.Role)+1)
			events = append(events, s.rotate(m, r.Role, r.New, index)...)
		}
	}
	return events
}

func orderOf(role member.Role) int { return slices.Index(member.Roles(), role) }
