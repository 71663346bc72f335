package state

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// CheckRecovery says whether a recovery would be accepted over this state, once an entry carries it.
func (s *State) CheckRecovery(b entry.Recovery) error {
	st, err := b.Decode()
	if err != nil {
		return err
	}
	if err := s.checkRecoveryBase(st); err != nil {
		return err
	}
	if err := s.checkRecoveryVoters(st.Voters); err != nil {
		return err
	}
	c, err := s.countRecovery(b)
	if err != nil {
		return err
	}
	if !c.passes(c.yes, c.yesSectors) {
		return fmt.Errorf("%w: %s", entry.ErrRecoveryVotes, c.needs())
	}
	return nil
}

// checkRecoveryBase: it goes on from here, and from nowhere else. That the base is what was final shows
// to each node its own newest final checkpoint, and to each witness its own watermark.
func (s *State) checkRecoveryBase(st entry.RecoveryStatement) error {
	switch size, root, err := st.Tip(); {
	case err != nil:
		return err
	case st.LedgerID != s.id:
		return entry.ErrWrongLedger
	case st.Incarnation != s.incarnation+1:
		return fmt.Errorf("%w: %d, the next is %d", entry.ErrWrongIncarnation, st.Incarnation, s.incarnation+1)
	case size != s.tree.Size() || root != s.tree.Root():
		return fmt.Errorf("%w: it ends at size %d, this is %d", entry.ErrBase, size, s.tree.Size())
	}
	return nil
}

// checkRecoveryVoters holds the set to the rule of sectors, which makes it two at least, but not to the
// least number: there may be no more that are left. From there it can only grow.
func (s *State) checkRecoveryVoters(names []string) error {
	var sectors []member.Sector
	for _, name := range names {
		m := s.record(name)
		if m == nil {
			return fmt.Errorf("%w: %q", entry.ErrUnknownMember, name)
		}
		if m.standing() == Joining {
			return fmt.Errorf("%w: %s", entry.ErrNotAcknowledged, name)
		}
		if err := m.checkVotingKeys(); err != nil {
			return err
		}
		sectors = append(sectors, m.Sector)
	}
	for sector, k := range countSectors(sectors) { // at most one holds more than half
		if 2*k > len(names) {
			return fmt.Errorf("%w: %s would hold %d of %d", entry.ErrSectorMajority, sector, k, len(names))
		}
	}
	return nil
}

// countRecovery counts the seats that have signed as a constitutional vote.
func (s *State) countRecovery(b entry.Recovery) (count, error) {
	p := &proposalRecord{Proposal: Proposal{State: Open, Content: entry.SetThresholds{}}}
	for _, sig := range b.Signatures {
		ref, ok := s.liveKey(sig.Key.ID())
		if !ok || ref.role != member.Seat || !ref.owner.Seat {
			return count{}, fmt.Errorf("%w: %s is no key of a seat", entry.ErrRecoverySignature, sig.Key.ID())
		}
		if err := b.Verify(sig); err != nil {
			return count{}, fmt.Errorf("%w: of %s", err, ref.owner.Name)
		}
		p.Votes = append(p.Votes, Ballot{Member: ref.owner.Name, Yes: true})
	}
	return s.count(p), nil
}

func (s *State) prepareRecovery(by *memberRecord, b entry.Recovery) (change, error) {
	if !by.Seat {
		return nil, fmt.Errorf("%w: %s recovers nothing", entry.ErrNoSeat, by.Name)
	}
	if err := s.CheckRecovery(b); err != nil {
		return nil, err
	}
	st, err := b.Decode()
	if err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		s.incarnation, s.handOver, s.anchor = st.Incarnation, handOver{}, entry.StateAnchor{}
		for _, m := range s.members {
			m.Voter = slices.Contains(st.Voters, m.Name)
			m.vouched.Seal, m.vouched.Anchor = entry.Seal{}, entry.StateAnchor{} // of an order that has ended
			m.rested = rested{}
		}
		events := []Event{{Kind: LedgerRecovered, Index: index, Member: by.Name}, {Kind: VotersChanged, Index: index}}
		return append(events, s.amend(index)...)
	}, nil
}

// RecoveryTally says how many seats have signed a recovery and which have not, as a constitutional vote.
func (s *State) RecoveryTally(b entry.Recovery) (Tally, error) {
	c, err := s.countRecovery(b)
	if err != nil {
		return Tally{}, err
	}
	return Tally{Seats: c.seats, Yes: c.yes, Missing: c.missing, Needs: c.needs()}, nil
}

// DescribeRecovery says in words, a line each, what a recovery would change.
func (s *State) DescribeRecovery(b entry.Recovery) []string {
	st, err := b.Decode()
	if err != nil {
		return nil
	}
	return []string{
		fmt.Sprintf("The ledger goes on from size %d (root %x) with %d more entries, as incarnation %d.", st.Size, st.Root, len(st.Tail), st.Incarnation),
		"Whatever stands above that on any node is no longer part of the ledger.",
		fmt.Sprintf("The voters are %s: %d of %d make an entry final.", strings.Join(st.Voters, ", "), Quorum(len(st.Voters)), len(st.Voters)),
		"Open proposals are dropped. A seat signs one recovery into an incarnation: two are proof against it.",
	}
}
