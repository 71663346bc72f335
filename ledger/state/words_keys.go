package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// DescribeRotate says in words, a line each, what a member's rotation would change now.
func (s *State) DescribeRotate(name string, b entry.Rotate) []string {
	m := s.record(name)
	if m == nil {
		return nil
	}
	role := member.Role(b.Role)
	lines := []string{fmt.Sprintf("Key %s takes the place of %s as the %s key of %s.", b.New.ID(), keyName(m.Keys.Of(role)), role, name)}
	if atOnce := len(b.ByRoot) > 0 || role == member.Root && len(b.ByOld) > 0; atOnce {
		lines = append(lines, "It does so at once. The old key signs nothing more and never comes back; what it signed stands.")
	} else {
		lines = append(lines, fmt.Sprintf("It does so at %s (ledger time), since the root key has not signed. Until then the member stops it by revoking the new key.",
			entry.Instant(s.time+RotationWait)))
	}
	if role == member.Node {
		lines = append(lines, "The node's peer id changes to "+b.New.PeerID()+".")
	}
	if m.Voter && votingRole(role) {
		lines = append(lines, "It votes with this key: the voters sign one more checkpoint with the old one, so keep that until they have handed over.")
	}
	return lines
}

// DescribeRevokeKey says in words, a line each, what a revocation by a member would change now.
func (s *State) DescribeRevokeKey(name string, key member.KeyID) []string {
	for _, r := range s.Rotations(name) {
		if r.New.ID() == key {
			return []string{fmt.Sprintf("The rotation of the %s key of %s does not happen, and the key %s is used up.", r.Role, name, key)}
		}
	}
	return s.describeRevoke(key)
}

func keyName(k member.PublicKey) string {
	if k == (member.PublicKey{}) {
		return "none"
	}
	return k.ID().String()
}
