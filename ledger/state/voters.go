package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/member"
)

// LeastVoters is the least number of voters of a ledger that was founded by as many or more. One that
// was founded by three is trial grade, and keeps three.
const LeastVoters = 4

// FinalityVoters is who signs checkpoints: the log and cosigner keys of the members whose nodes vote.
// It panics where two voters share a key, which no accepted entry leads to.
func (s *State) FinalityVoters() finality.Voters { return votersOf(s.voterKeys()) }

func votersOf(keys []finality.Voter) finality.Voters {
	v, err := finality.NewVoters(keys)
	if err != nil {
		panic("state: " + err.Error()) // keys stand once, voters are 1 to 64: our own bug
	}
	return v
}

// voterKeys are the keys of FinalityVoters in ascending order of the members' names.
func (s *State) voterKeys() []finality.Voter {
	var out []finality.Voter
	for _, m := range s.members {
		if m.Voter {
			out = append(out, finality.Voter{Log: m.Keys.Log, Cosigner: m.Keys.Cosigner})
		}
	}
	return out
}

// votingRole says whether a key of that role is one that a voter votes with: in raft, for finality, or
// under a checkpoint.
func votingRole(r member.Role) bool {
	return r == member.Node || r == member.Log || r == member.Cosigner
}

// changesVoters says whether what is proposed would change the voter set now.
func (s *State) changesVoters(p entry.Proposal) bool {
	switch p := p.(type) {
	case entry.SetVoter:
		return true
	case entry.Expel:
		m := s.record(p.Member)
		return m != nil && m.Voter
	case entry.RevokeKey:
		ref, ok := s.liveKey(p.Key)
		return ok && ref.owner.Voter && votingRole(ref.role)
	}
	return false
}

func (s *State) checkSetVoter(p entry.SetVoter) error {
	m := s.record(p.Member)
	switch {
	case m == nil:
		return fmt.Errorf("%w: %q", entry.ErrUnknownMember, p.Member)
	case m.Voter == p.Voter && p.Voter:
		return fmt.Errorf("%w: %s is a voter", entry.ErrNoChange, p.Member)
	case m.Voter == p.Voter:
		return fmt.Errorf("%w: %s is no voter", entry.ErrNoChange, p.Member)
	case !p.Voter:
		return s.checkVotersWithout(m)
	case m.Status == Suspended:
		return fmt.Errorf("%w: %s becomes no voter until it is reinstated", entry.ErrSuspended, p.Member)
	}
	if m.Status == Joining {
		return fmt.Errorf("%w: %s", entry.ErrNotAcknowledged, p.Member)
	}
	if err := m.checkVotingKeys(); err != nil {
		return err
	}
	return s.checkVoterSectors(append(s.voterSectors(nil), m.Sector))
}

// checkVotingKeys says whether a member holds all the keys that a voter votes with.
func (m *memberRecord) checkVotingKeys() error {
	for _, role := range member.Roles() {
		if votingRole(role) && m.Keys.Of(role) == (member.PublicKey{}) {
			return fmt.Errorf("%w: %s has to rotate its %s key first, which was revoked", entry.ErrNoSuchKey, m.Name, role)
		}
	}
	return nil
}

// checkVotersWithout says whether the voter set may do without a member.
func (s *State) checkVotersWithout(m *memberRecord) error {
	return s.checkVoterSectors(s.voterSectors(m))
}

// voterSectors are the sectors of the voters, one each, without that of except.
func (s *State) voterSectors(except *memberRecord) []member.Sector {
	var out []member.Sector
	for _, m := range s.members {
		if m.Voter && m != except {
			out = append(out, m.Sector)
		}
	}
	return out
}

// checkVoterSectors says whether a voter set of these sectors may follow the present one. A set that is
// too small already, by a recovery, may only come nearer to what it should be; none is lopsided, since genesis
// and recovery are held to the same.
func (s *State) checkVoterSectors(after []member.Sector) error {
	n, n0 := len(after), len(s.voterSectors(nil))
	switch {
	case n > finality.MaxVoters:
		return fmt.Errorf("%w: %d, at most %d", entry.ErrTooManyVoters, n, finality.MaxVoters)
	case n < s.least && n < n0:
		return fmt.Errorf("%w: %d, at least %d", entry.ErrTooFewVoters, n, s.least)
	}
	for sector, k := range countSectors(after) { // at most one holds more than half
		if 2*k > n { // a raft majority is more than half, and q is no less
			return fmt.Errorf("%w: %s would hold %d of %d", entry.ErrSectorMajority, sector, k, n)
		}
	}
	return nil
}

func countSectors(list []member.Sector) map[member.Sector]int {
	out := map[member.Sector]int{}
	for _, sector := range list {
		out[sector]++
	}
	return out
}
