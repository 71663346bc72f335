package reconcile

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/privacy/bulk"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// labelSize is the length of a label in a set: two bytes of its length, the label, zeros, as in the encoded index.
const labelSize = 240

var (
	errUnsettled = errors.New("this node's ledger has not caught up since it started")
	errForked    = errors.New("the initiator's ledger contradicts this node's")
	errTerms     = errors.New("the offer is on terms that this program does not know")
	errBusy      = errors.New("as many reconciliations are under way as this node takes at once, or one with this member already: try again when it is over")
	errMany      = errors.New("the member has too many offers open here")
)

// grant is a reconciliation that policy allows.
type grant struct {
	permit  ledger.BulkPermit
	budgets map[string]ledger.Budget // by the peer ID of the one who learns
}

// authorise asks the one door, by this node's own states of the ledger. items is the larger of the two sets as far
// as it is known. It is asked again at each start: what was offered may be allowed no longer.
func (s *Service) authorise(o *session.ReconcileOffer, items uint64) (g grant, err error) {
	if !s.cfg.Settled() {
		return g, errUnsettled
	}
	stale := s.cfg.Authority(func(final, tip *state.State) {
		g.permit, err = ledger.AuthorisedBulk(final, tip, ledger.BulkAsk{
			LedgerID: o.Ledger, Initiator: o.Initiator, Other: o.Other, Type: o.Type, Purpose: o.Purpose,
			HasCase: o.HasCase(), Items: max(items, o.Items), Learn: policy.Learn(o.Learn),
		})
		if err == nil {
			g.budgets = map[string]ledger.Budget{
				o.Initiator: ledger.BulkBudgetOf(final, tip, g.permit, g.permit.Initiator()),
				o.Other:     ledger.BulkBudgetOf(final, tip, g.permit, g.permit.Other()),
			}
		}
	})
	if stale != nil {
		return g, stale
	}
	if err != nil {
		return g, err
	}
	return g, s.terms(o, g.permit)
}

// terms holds what an offer says beside the policy's figures against the policy and this program.
func (s *Service) terms(o *session.ReconcileOffer, p ledger.BulkPermit) error {
	if o.LabelSize != 0 && p.Reveal() != policy.RevealLabel {
		return &ledger.Denial{Err: ledger.ErrNotPermitted, Rule: p.Rule(), Reason: "rule " + p.Rule() + " reveals no labels"}
	}
	if o.LabelSize != 0 && o.LabelSize != labelSize || bulk.Mode(o.Mode) != bulk.Fast && bulk.Mode(o.Mode) != bulk.Compact {
		return errTerms
	}
	if root, ok := s.cfg.Ledger.RootAt(o.Size); ok && root != o.Root {
		s.cfg.Log.Error("a member's ledger contradicts this node's: compare `crosslight ledger status` with it and tell the board",
			"member", s.nameOf(o.Initiator), "size", o.Size)
		return errForked
	}
	return nil
}

// refusalOf maps what went wrong to what the initiator is told, and says whether the fault is ours.
func refusalOf(err error) (r *session.Refusal, ours bool) {
	var spent *holder.Spent
	var denial *ledger.Denial
	rule := ""
	if errors.As(err, &denial) {
		rule = denial.Rule
	}
	switch {
	case errors.As(err, &r):
		return r, false
	case errors.Is(err, ledger.ErrNotAMember):
		return &session.Refusal{Code: session.NotAMember}, false
	case errors.Is(err, ledger.ErrSuspended):
		return &session.Refusal{Code: session.Suspended}, false
	case errors.Is(err, ledger.ErrSetSize), errors.Is(err, errGrew):
		return &session.Refusal{Code: session.TooLarge, Rule: rule}, false
	case errors.Is(err, ledger.ErrNotPermitted):
		return &session.Refusal{Code: session.NotPermitted, Rule: rule}, false
	case errors.Is(err, ledger.ErrWrongLedger):
		return &session.Refusal{Code: session.WrongLedger}, false
	case errors.Is(err, errForked), errors.Is(err, ledger.ErrStale):
		return &session.Refusal{Code: session.StaleCheckpoint}, false
	case errors.Is(err, errTerms):
		return &session.Refusal{Code: session.Malformed}, false
	case errors.As(err, &spent):
		return &session.Refusal{Code: session.BudgetSpent, ResetsAt: spent.Resets}, false
	case errors.Is(err, errBusy), errors.Is(err, errUnsettled), errors.Is(err, errMany):
		return &session.Refusal{Code: session.Overloaded, RetryAfter: retryAfter}, false
	}
	return &session.Refusal{Code: session.Overloaded, RetryAfter: retryAfter}, true
}

// member returns who has the peer ID, by the newest state.
func (s *Service) member(peer string) (m state.Member, ok bool) {
	s.cfg.Ledger.View(func(st *state.State) { m, ok = st.MemberByPeer(peer) })
	return m, ok
}

func (s *Service) nameOf(peer string) string {
	if m, ok := s.member(peer); ok {
		return m.Name
	}
	return "unknown"
}

// nodeKey returns the key of a member's node.
func (s *Service) nodeKey(peer string) (member.PublicKey, error) {
	m, ok := s.member(peer)
	if !ok {
		return member.PublicKey{}, fmt.Errorf("%w: the other side has left", ledger.ErrNotAMember)
	}
	return m.Keys.Node, nil
}
