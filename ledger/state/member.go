package state

import (
	"cmp"
	"slices"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// Member is an organisation on the ledger.
type Member struct {
	Name         string
	Sector       member.Sector
	Jurisdiction string
	Keys         member.KeySet
	PeerID       string   // of the node key
	Addresses    []string // of its node, newest NodeInfo or the card
	Version      string   // of its program, empty before its first NodeInfo
	Status       Status
	Founder      bool
	Seat         bool   // votes on proposals
	Voter        bool   // votes in raft
	SeatFrom     uint64 // ledger time from which the seat counts towards constitutional votes, 0 for founders
	AdmittedAt   uint64
	Epoch        uint64 // newest, 0 before the first
	SuspendedAt  uint64 // index of its newest suspension, 0 before the first
}

// memberRecord is a Member with what is asked for separately.
type memberRecord struct {
	Member
	epochs   []Epoch // in ascending order; see epoch.go
	attested uint64  // newest ClockAttest, 0 before the first
	retired  []RetiredKey
	admitted tlog.Hash // root of the tree that ended with its admission, until it has acknowledged it
	ackedAt  uint64    // index of its Ack, 0 before and for founders

	manifests []ManifestAnchor // of its index, in ascending order of epoch and type

	vouched   vouched    // for, by its log key
	rotations []rotation // that wait, in the order of roles
	rested    rested     // when, as a voter, it may rotate the keys that it votes with again

	commits []dayCommit // to its query logs, in ascending order of day

	seatUntil uint64 // ledger time until which a seat that was taken away counts, 0 where none was

	affiliates []string // that it has declared, in ascending order

	call      call      // its seat's call for an emergency suspension
	emergency Emergency // that it is under
	rest      rest      // after ones that were not ratified
}

func newRecord(c member.Card, index uint64) *memberRecord {
	return &memberRecord{Member: Member{
		Name: c.Name, Sector: c.Sector, Jurisdiction: c.Jurisdiction, Keys: c.Keys,
		PeerID: c.Keys.Node.PeerID(), Addresses: slices.Clone(c.Addresses),
		Status: Joining, AdmittedAt: index,
	}}
}

// insert adds a member whose name and keys are new.
func (s *State) insert(m *memberRecord) {
	at, _ := s.search(m.Name)
	s.members = slices.Insert(s.members, at, m)
	for _, role := range member.Roles() {
		s.hold(m, role, m.Keys.Of(role))
	}
}

func (s *State) search(name string) (int, bool) {
	return slices.BinarySearchFunc(s.members, name, func(m *memberRecord, n string) int { return cmp.Compare(m.Name, n) })
}

func (s *State) record(name string) *memberRecord {
	if i, ok := s.search(name); ok {
		return s.members[i]
	}
	return nil
}

func (m *memberRecord) view() Member {
	out := m.Member
	out.Addresses = slices.Clone(m.Addresses)
	return out
}

// Members lists the consortium in ascending order of name, suspended members included.
func (s *State) Members() []Member {
	out := make([]Member, 0, len(s.members))
	for _, m := range s.members {
		out = append(out, m.view())
	}
	return out
}

// Member returns the member of that name.
func (s *State) Member(name string) (Member, bool) {
	m := s.record(name)
	if m == nil {
		return Member{}, false
	}
	return m.view(), true
}

// MemberByPeer returns the member whose node has that libp2p peer ID.
func (s *State) MemberByPeer(peerID string) (Member, bool) {
	for _, m := range s.members {
		if m.PeerID == peerID && peerID != "" { // a member whose node key was revoked has none
			return m.view(), true
		}
	}
	return Member{}, false
}

// MemberByKey returns the member that holds a key, or held it once, and the key's role. It tells who
// signed an entry; whether the key still stands tells [State.KeyByID].
func (s *State) MemberByKey(id member.KeyID) (Member, member.Role, bool) {
	ref, ok := s.keys[id]
	if !ok {
		return Member{}, "", false
	}
	return ref.owner.view(), ref.role, true
}

// Voters lists the peer IDs of raft's voters in ascending order, suspended members' included: the
// founders' nodes, until the board decides otherwise. Every other member replicates without a vote.
func (s *State) Voters() []string { return s.peers(func(m *memberRecord) bool { return m.Voter }) }

// NonVoters lists the peer IDs of the members that replicate without a raft vote, in ascending order.
func (s *State) NonVoters() []string { return s.peers(func(m *memberRecord) bool { return !m.Voter }) }

func (s *State) peers(want func(*memberRecord) bool) []string {
	var out []string
	for _, m := range s.members {
		if want(m) && m.PeerID != "" {
			out = append(out, m.PeerID)
		}
	}
	slices.Sort(out)
	return out
}
