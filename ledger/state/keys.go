package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// RetiredKey is a key that a member no longer holds on the ledger. What it signed before that stands;
// it signs nothing more, and comes back under no name and in no role.
type RetiredKey struct {
	Role  member.Role      `cbor:"1,keyasint"`
	Key   member.PublicKey `cbor:"2,keyasint"`
	Index uint64           `cbor:"3,keyasint"` // of the entry that retired it
}

// liveKey returns a key that stands, and whether it does.
func (s *State) liveKey(id member.KeyID) (keyRef, bool) {
	ref, ok := s.keys[id]
	return ref, ok && !ref.retired
}

// retire takes a member's key of a role away, if it has one. Its node, without a key, has no peer ID.
func (s *State) retire(m *memberRecord, role member.Role, index uint64) {
	k := m.Keys.Of(role)
	if k == (member.PublicKey{}) {
		return
	}
	s.keys[k.ID()] = keyRef{owner: m, role: role, key: k, retired: true}
	m.retired = append(m.retired, RetiredKey{Role: role, Key: k, Index: index})
	m.Keys = m.Keys.With(role, member.PublicKey{})
	if role == member.Node {
		m.PeerID = ""
	}
}

// RetiredKeys lists the keys that a member, former ones included, held before, in the order in which
// they were retired.
func (s *State) RetiredKeys(name string) []RetiredKey {
	m := s.record(name)
	if i := slices.IndexFunc(s.former, func(f *memberRecord) bool { return f.Name == name }); i >= 0 {
		m = s.former[i]
	}
	if m == nil {
		return nil
	}
	return slices.Clone(m.retired)
}

// KeyByID returns a key that stands or stood on the ledger, with whose it is and whether it stands.
func (s *State) KeyByID(id member.KeyID) (key member.PublicKey, owner string, role member.Role, stands, ok bool) {
	ref, ok := s.keys[id]
	if !ok {
		return key, "", "", false, false
	}
	return ref.key, ref.owner.Name, ref.role, !ref.retired, true
}

func (s *State) checkRevokeKey(id member.KeyID) error {
	ref, ok := s.liveKey(id)
	if !ok {
		return fmt.Errorf("%w: %s", entry.ErrNoSuchKey, id)
	}
	if ref.owner.Voter && votingRole(ref.role) {
		return s.checkVotersWithout(ref.owner)
	}
	return nil
}

// revoke retires a key by the board. A voter that is left without a key that it votes with is none.
func (s *State) revoke(id member.KeyID, index uint64) []Event {
	ref, m := s.keys[id], s.keys[id].owner
	s.dropRotation(m, ref.role, index) // a thief may have announced it
	events := []Event{{Kind: KeyRevoked, Index: index, Member: m.Name}}
	if !m.Voter || !votingRole(ref.role) {
		s.retire(m, ref.role, index)
		return events
	}
	return append(events, s.changeVoters(index, m.Name, func() {
		s.retire(m, ref.role, index)
		m.Voter = false
	}))
}
