// Package ledger is the one door of authorisation: who may ask whom what, by what stands on the ledger.
// It joins membership (ledger/state) with the rules (ledger/policy), as "Authorisation" of
// crosslight/ledger/v1 (specs/ledger.md) has it.
//
//	session header ─► Ask ──► Fresh ──► Authorised(own final state, own newest state) ──► Permit | Denial
//
// A member decides by its own states, never by one that the other side names: a querier may at worst be
// refused by a holder that knows more than it does. Permissions come from what is final, which no
// cheating leader can make up; restrictions act on sight: what the newest state denies is denied. What
// is final must not be older than a bound, or a member that was expelled could be believed for ever by
// a node that hears nothing. A Permit can be made here alone, so what needs one cannot be reached
// without having been allowed.
//
// What leaks: a denial tells the asker which rule refused it, which it could read on the ledger itself.
package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
)

// Why a request is denied. Each is wrapped in a [Denial].
var (
	// ErrWrongLedger reports a request that names another ledger.
	ErrWrongLedger = errors.New("the request is for another ledger")
	// ErrNotAMember reports a peer that is no member's node.
	ErrNotAMember = errors.New("not a member")
	// ErrSuspended reports that querier or holder is suspended.
	ErrSuspended = errors.New("suspended")
	// ErrNotPermitted reports that no rule of the policy allows the request.
	ErrNotPermitted = errors.New("not permitted")
	// ErrStale reports that the newest final checkpoint is too old to go by, or that there is none.
	ErrStale = errors.New("the ledger's newest final checkpoint is too old")
	// ErrEpochOver reports an epoch of the holder that is not in force, or has no key for the type.
	ErrEpochOver = errors.New("epoch is not in force")
)

// Denial is a refusal. Rule names the rule that came nearest, if one did; Reason says in words why.
type Denial struct {
	Err    error // one of the errors of this package
	Rule   string
	Reason string
}

func (d *Denial) Error() string { return fmt.Sprintf("%s: %s", d.Err, d.Reason) }

// Unwrap returns the error of this package.
func (d *Denial) Unwrap() error { return d.Err }

// Ask is a request as it stands in a query's header. Querier and Holder are libp2p peer IDs.
type Ask struct {
	LedgerID        [32]byte
	Querier, Holder string
	Epoch           uint64 // of the holder
	Type            string // indicator type
	Purpose         string
	HasCase         bool // a case reference is committed to
}

// Permit is a request that is allowed.
type Permit struct {
	querier, holder state.Member
	decision        policy.Decision
	epoch           uint64
	key             [32]byte
	size            uint64
}

// Querier is the member that asks.
func (p Permit) Querier() state.Member { return p.querier }

// Holder is the member that is asked.
func (p Permit) Holder() state.Member { return p.holder }

// Rule is the id of the rule that allows.
func (p Permit) Rule() string { return p.decision.Rule }

// Reveal is what the querier learns of a match.
func (p Permit) Reveal() policy.Reveal { return p.decision.Reveal }

// EvaluationsPerDay is how many elements the rule grants a (querier, holder, type) a day.
func (p Permit) EvaluationsPerDay() uint64 { return p.decision.EvaluationsPerDay }

// CeilingPerDay is how many elements of the type the holder evaluates a day for all queriers together; 0 is
// no bound.
func (p Permit) CeilingPerDay() uint64 { return p.decision.CeilingPerDay }

// WatchSize is how many elements of the type the querier may watch at the holder; 0 forbids watches.
func (p Permit) WatchSize() uint64 { return p.decision.WatchSize }

// BulkSetSize is how many elements either side of a reconciliation may bring; 0 forbids it.
func (p Permit) BulkSetSize() uint64 { return p.decision.BulkSetSize }

// BulkLearn is who learns what two sets share.
func (p Permit) BulkLearn() policy.Learn { return p.decision.BulkLearn }

// CountAllowed says whether the two may learn how many elements two sets share, and no more.
func (p Permit) CountAllowed() bool { return p.decision.CountAllowed }

// RetentionDays is how long the querier keeps what an audit needs.
func (p Permit) RetentionDays() uint64 { return p.decision.RetentionDays }

// Epoch is the holder's epoch that the request goes by.
func (p Permit) Epoch() uint64 { return p.epoch }

// PublicKey is the holder's OPRF key for the type in that epoch, as it stands on the ledger.
func (p Permit) PublicKey() [32]byte { return p.key }

// Size is the size of the final ledger that decided.
func (p Permit) Size() uint64 { return p.size }

// Fresh says whether a final checkpoint may be gone by at now: at least a quorum of voters had it at the
// time at, zero for never, and bound is how old that may be. The error is a [Denial] with [ErrStale].
func Fresh(at, now time.Time, bound time.Duration) error {
	const remedy = "; start more of the voters' nodes and look at `crosslight ledger status`"
	if at.IsZero() {
		return &Denial{Err: ErrStale, Reason: "a quorum of voters has cosigned none yet" + remedy}
	}
	if age := now.Sub(at); age > bound {
		return &Denial{Err: ErrStale, Reason: fmt.Sprintf("a quorum of voters has cosigned none for %s, and %s is the bound%s",
			age.Round(time.Second), bound, remedy)}
	}
	return nil
}

// Authorised decides a request: this ledger, two members, neither suspended, a rule that allows, by the
// state that is final and by tip, the newest; an epoch of the holder that is final, serves, and is open to
// the querier by both, with a key for the type.
// Whether final is fresh enough says [Fresh]. The error is a [Denial].
func Authorised(final, tip *state.State, a Ask) (Permit, error) {
	p, err := allowed(final, a)
	if tip != final {
		sooner, terr := allowed(tip, a)
		if terr != nil {
			return Permit{}, terr
		}
		p.decision = p.decision.Within(sooner.decision)
	}
	if err != nil {
		return Permit{}, err
	}
	p.key, err = servingKey(final, tip, p.querier, p.holder, a.Epoch, a.Type)
	if err != nil {
		return Permit{}, err
	}
	return p, nil
}

// allowed decides by one state: who they are, and whether the policy allows.
func allowed(s *state.State, a Ask) (Permit, error) {
	querier, holder, err := parties(s, a.LedgerID, a.Querier, a.Holder)
	if err != nil {
		return Permit{}, err
	}
	d := policy.Check(s.Policy(), policyAsk(querier, holder, a))
	if !d.Allowed {
		return Permit{}, &Denial{Err: ErrNotPermitted, Rule: d.Rule, Reason: d.Reason}
	}
	return Permit{querier: querier, holder: holder, decision: d, epoch: a.Epoch, size: s.Size()}, nil
}

func policyAsk(querier, holder state.Member, a Ask) policy.Ask {
	return policy.Ask{
		From: querier.Name, FromSector: string(querier.Sector),
		To: holder.Name, ToSector: string(holder.Sector),
		Type: a.Type, Purpose: a.Purpose, HasCase: a.HasCase,
	}
}

// parties finds two members in good standing.
func parties(s *state.State, id [32]byte, querier, holder string) (state.Member, state.Member, error) {
	if id != s.LedgerID() {
		return state.Member{}, state.Member{}, &Denial{Err: ErrWrongLedger, Reason: "its ledger id is not this ledger's"}
	}
	q, err := inGoodStanding(s, querier, "the querier")
	if err != nil {
		return state.Member{}, state.Member{}, err
	}
	h, err := inGoodStanding(s, holder, "the holder")
	return q, h, err
}

func inGoodStanding(s *state.State, peer, who string) (state.Member, error) {
	m, ok := s.MemberByPeer(peer)
	if !ok {
		return m, &Denial{Err: ErrNotAMember, Reason: fmt.Sprintf("no member's node has %s's peer id at ledger size %d", who, s.Size())}
	}
	if m.Status == state.Joining {
		return m, &Denial{Err: ErrNotAMember, Reason: fmt.Sprintf("%s, %s, has not acknowledged the ledger yet, at its size %d", who, m.Name, s.Size())}
	}
	if m.Status != state.Active {
		return m, &Denial{Err: ErrSuspended, Reason: fmt.Sprintf("%s, %s, is suspended at ledger size %d", who, m.Name, s.Size())}
	}
	return m, nil
}
