package state

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
// rejection of package entry or [ErrProgram], nothing has changed. With [entry.ErrDuplicate] the outcome carries the
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
	events = append(events, s.settle(index)...)
	s.tree.Append(tlog.Hash(e.Hash()))
	s.noteAdmitted()
	if s.handOver.Index == index {
		s.handOver.Root = s.tree.Root()
	}
	return Outcome{Index: index, Kind: e.Kind(), Hash: e.Hash(), Member: author.Name, Events: events}, nil
}

// Check says whether Apply would accept raw now, and changes nothing.
func (s *State) Check(raw []byte) error { return s.CheckPrefetched(parsed(raw)) }

// CheckPrefetched is Check for an entry that was parsed, and perhaps checked, ahead.
func (s *State) CheckPrefetched(p Prefetched) error {
	_, _, _, err := s.prepare(p)
	return err
}

// ErrProgram reports an entry of a version that the board has let in and that this program does not know.
// It is no rejection: others may accept the entry, so a node that meets it stops until its program has
// been brought up to date, and skips nothing.
var ErrProgram = errors.New("the ledger has gone on with entries that this program does not know: install a newer one and start the node again")

// checkVersion comes first. What no upgrade has let in is refused by programs of every age alike,
// whatever else they could say of it.
func (s *State) checkVersion(p Prefetched) error {
	switch {
	case p.version > s.version:
		return fmt.Errorf("%w: %d", entry.ErrVersion, p.version)
	case p.version > entry.Version:
		return fmt.Errorf("%w: version %d", ErrProgram, p.version)
	}
	return p.err
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
	if err := s.checkVersion(p); err != nil {
		return e, nil, nil, err
	}
	ref, err := s.checkEnvelope(e)
	if err != nil {
		return e, nil, nil, err
	}
	if err := p.verify(ref.key); err != nil {
		return e, nil, nil, fmt.Errorf("%w: %s key of %s", err, ref.role, ref.owner.Name)
	}
	do, err := s.prepareBody(ref, e)
	return e, ref.owner, do, err
}

// checkEnvelope finds the signer. It comes before the signature check, which costs most.
func (s *State) checkEnvelope(e entry.Signed) (keyRef, error) {
	env := e.Envelope()
	if env.LedgerID != s.id {
		return keyRef{}, entry.ErrWrongLedger
	}
	if err := s.checkStanding(env, e.Hash()); err != nil {
		return keyRef{}, err
	}
	if env.Incarnation != s.incarnation {
		return keyRef{}, fmt.Errorf("%w: %d, this is %d", entry.ErrWrongIncarnation, env.Incarnation, s.incarnation)
	}
	ref, ok := s.keys[env.SignerKey]
	if !ok {
		return keyRef{}, entry.ErrUnknownKey
	}
	if ref.retired {
		return keyRef{}, fmt.Errorf("%w: the %s key of %s", entry.ErrRevokedKey, ref.role, ref.owner.Name)
	}
	if want := signerRoles(e.Kind()); !slices.Contains(want, ref.role) {
		return keyRef{}, fmt.Errorf("%w: %s is signed by the %s key, not the %s key", entry.ErrWrongRole, e.Kind(), want, ref.role)
	}
	return ref, s.checkSeq(env)
}

// checkStanding recognises the newest entry of its key. It comes before what may have changed with that
// very entry: a rotation may end the key that signed it, and a recovery the incarnation.
func (s *State) checkStanding(env entry.Envelope, hash entry.Hash) error {
	if last, ok := s.seqs[env.SignerKey]; ok && hash == last.Hash {
		return fmt.Errorf("%w at index %d", entry.ErrDuplicate, last.Index)
	}
	return nil
}

func (s *State) checkSeq(env entry.Envelope) error {
	last := s.seqs[env.SignerKey]
	switch {
	case env.Seq <= last.Seq:
		return fmt.Errorf("%w: %d, the next is %d", entry.ErrReplayed, env.Seq, last.Seq+1)
	case env.Seq != last.Seq+1:
		return fmt.Errorf("%w: %d, the next is %d", entry.ErrSequenceGap, env.Seq, last.Seq+1)
	}
	return nil
}

// roles are those whose keys sign entries of a kind.
type roles []member.Role

func (r roles) String() string {
	var names []string
	for _, role := range r {
		names = append(names, string(role))
	}
	return strings.Join(names, " or ")
}

func signerRoles(k entry.Kind) roles {
	switch k {
	case entry.KindNodeInfo, entry.KindEpochCommit, entry.KindClockAttest, entry.KindHandOver, entry.KindAck,
		entry.KindAuditCommit, entry.KindAffiliate, entry.KindManifestAnchor:
		return roles{member.Operator}
	case entry.KindSeal, entry.KindStateAnchor:
		return roles{member.Log}
	case entry.KindRotate:
		return roles{member.Operator, member.Seat, member.Root}
	case entry.KindRevoke:
		return member.Roles() // which, depends on what it revokes
	default: // Propose, Vote, WithdrawProposal, Suspend, Recovery, AuditNonce, AuditReveal, AuditVerdict, LegalHold: Parse lets nothing else through
		return roles{member.Seat}
	}
}

func (s *State) prepareBody(ref keyRef, e entry.Signed) (change, error) {
	by := ref.owner
	switch b := e.Body().(type) {
	case entry.NodeInfo:
		return s.prepareNodeInfo(by, b)
	case entry.EpochCommit:
		return s.prepareEpochCommit(by, b)
	case entry.Affiliate:
		return s.prepareAffiliate(by, b)
	case entry.Propose:
		return s.preparePropose(by, b, e.Hash())
	case entry.Vote:
		return s.prepareVote(by, b)
	case entry.WithdrawProposal:
		return s.prepareWithdraw(by, b)
	case entry.EmergencySuspend:
		return s.prepareEmergency(by, b)
	case entry.Recovery:
		return s.prepareRecovery(by, b)
	case entry.Seal:
		return s.prepareSeal(by, b)
	case entry.StateAnchor:
		return s.prepareStateAnchor(by, b)
	case entry.ManifestAnchor:
		return s.prepareManifestAnchor(by, b)
	case entry.Ack:
		return s.prepareAck(by, b)
	case entry.Rotate:
		return s.prepareRotate(by, b)
	case entry.Revoke:
		return s.prepareRevoke(ref, b)
	case entry.HandOver:
		return s.prepareHandOver(by, b)
	case entry.ClockAttest:
		return s.prepareClockAttest(by, b)
	case entry.AuditCommit:
		return s.prepareAuditCommit(by, b)
	case entry.AuditNonce:
		return s.prepareAuditNonce(by, b)
	case entry.AuditReveal:
		return s.prepareAuditReveal(by, b)
	case entry.AuditVerdict:
		return s.prepareAuditVerdict(by, b)
	case entry.LegalHold:
		return s.prepareLegalHold(by, b)
	}
	return nil, entry.ErrKindNotServed
}
