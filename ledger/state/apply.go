package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// Outcome is what an accepted entry did.
type Outcome struct {
	Index  uint64 // of the leaf
	Kind   entry.Kind
	Hash   entry.Hash
	Member string // who signed
	Events []Event
}

// change is what an entry would do once it is accepted: it cannot fail, and nothing has been written
// before it runs. It returns the events.
type change func(index uint64) []Event

// Apply checks an envelope in full and, when it holds, makes it the next leaf. On an error, which is a
// rejection of package entry, nothing has changed. With [entry.ErrDuplicate] the outcome carries the
// index and hash at which this very entry stands; otherwise it is empty.
func (s *State) Apply(raw []byte) (Outcome, error) { return s.ApplyPrefetched(parsed(raw)) }

// ApplyPrefetched is Apply for an entry that was parsed, and perhaps checked, ahead of its turn.
func (s *State) ApplyPrefetched(p Prefetched) (Outcome, error) {
	e, author, do, err := s.prepare(p)
	if err != nil {
		return s.standing(e, err)
	}
	index := s.tree.Size()
	env := e.Envelope()
	events := do(index)
	s.seqs[env.SignerKey] = lastEntry{Seq: env.Seq, Index: index, Hash: e.Hash()}
	s.tree.Append(tlog.Hash(e.Hash()))
	return Outcome{Index: index, Kind: e.Kind(), Hash: e.Hash(), Member: author.Name, Events: events}, nil
}

// Check says whether Apply would accept raw now, and changes nothing.
func (s *State) Check(raw []byte) error { return s.CheckPrefetched(parsed(raw)) }

// CheckPrefetched is Check for an entry that was parsed, and perhaps checked, ahead.
func (s *State) CheckPrefetched(p Prefetched) error {
	_, _, _, err := s.prepare(p)
	return err
}

func (s *State) standing(e entry.Signed, err error) (Outcome, error) {
	if entry.RejectionOf(err) != entry.ErrDuplicate {
		return Outcome{}, err
	}
	last := s.seqs[e.Envelope().SignerKey]
	return Outcome{Index: last.Index, Kind: e.Kind(), Hash: e.Hash()}, err
}

// prepare is everything that can refuse an entry. It writes nothing.
func (s *State) prepare(p Prefetched) (entry.Signed, *memberRecord, change, error) {
	e := p.signed
	if p.err != nil {
		return e, nil, nil, p.err
	}
	ref, err := s.checkEnvelope(e)
	if err != nil {
		return e, nil, nil, err
	}
	if err := p.verify(ref.key); err != nil {
		return e, nil, nil, fmt.Errorf("%w: %s key of %s", err, ref.role, ref.owner.Name)
	}
	do, err := s.prepareBody(ref.owner, e)
	return e, ref.owner, do, err
}

// checkEnvelope finds the signer. It comes before the signature check, which costs most.
func (s *State) checkEnvelope(e entry.Signed) (keyRef, error) {
	env := e.Envelope()
	if env.LedgerID != s.id {
		return keyRef{}, entry.ErrWrongLedger
	}
	if env.Incarnation != s.incarnation {
		return keyRef{}, fmt.Errorf("%w: %d, this is %d", entry.ErrWrongIncarnation, env.Incarnation, s.incarnation)
	}
	ref, ok := s.keys[env.SignerKey]
	if !ok {
		return keyRef{}, entry.ErrUnknownKey
	}
	if want := signerRole(e.Kind()); ref.role != want {
		return keyRef{}, fmt.Errorf("%w: %s is signed by the %s key, not the %s key", entry.ErrWrongRole, e.Kind(), want, ref.role)
	}
	return ref, s.checkSeq(env, e.Hash())
}

func (s *State) checkSeq(env entry.Envelope, hash entry.Hash) error {
	last := s.seqs[env.SignerKey]
	switch {
	case env.Seq == last.Seq && hash == last.Hash:
		return fmt.Errorf("%w at index %d", entry.ErrDuplicate, last.Index)
	case env.Seq <= last.Seq:
		return fmt.Errorf("%w: %d, the next is %d", entry.ErrReplayed, env.Seq, last.Seq+1)
	case env.Seq != last.Seq+1:
		return fmt.Errorf("%w: %d, the next is %d", entry.ErrSequenceGap, env.Seq, last.Seq+1)
	}
	return nil
}

// signerRole is the role of the key that signs entries of a kind.
func signerRole(k entry.Kind) member.Role {
	switch k {
	case entry.KindNodeInfo, entry.KindEpochCommit, entry.KindClockAttest:
		return member.Operator
	default: // Propose, Vote, WithdrawProposal, Suspend: Parse lets nothing else through
		return member.Seat
	}
}

func (s *State) prepareBody(by *memberRecord, e entry.Signed) (change, error) {
	switch b := e.Body().(type) {
	case entry.NodeInfo:
		return s.prepareNodeInfo(by, b)
	case entry.EpochCommit:
		return s.prepareEpochCommit(by, b)
	case entry.Propose:
		return s.preparePropose(by, b, e.Hash())
	case entry.Vote:
		return s.prepareVote(by, b)
	case entry.WithdrawProposal:
		return s.prepareWithdraw(by, b)
	case entry.EmergencySuspend:
		return s.prepareEmergency(by, b)
	case entry.ClockAttest:
		return s.prepareClockAttest(by, b)
	}
	return nil, entry.ErrKindNotServed
}
