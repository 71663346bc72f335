package ledger

import (
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
)

// NoticeAsk is a notice about a match (crosslight/match/v1), to be sent or received. Sender and Holder are
// libp2p peer IDs. No epoch: what matched in one that is over may still be told.
type NoticeAsk struct {
	LedgerID       [32]byte
	Sender, Holder string
	Type           string // indicator type
	Purpose        string
	HasCase        bool
}

// AuthorisedNotice decides whether a member may tell a holder of a match: this ledger, two members,
// neither suspended, a rule under which the sender may ask that holder about the type for the purpose,
// by the state that is final and by tip, the newest. Who may not ask has nothing to tell. The error is
// a [Denial].
func AuthorisedNotice(final, tip *state.State, a NoticeAsk) error {
	for _, s := range []*state.State{tip, final} {
		ask := Ask{LedgerID: a.LedgerID, Querier: a.Sender, Holder: a.Holder, Type: a.Type, Purpose: a.Purpose, HasCase: a.HasCase}
		sender, holder, err := parties(s, ask.LedgerID, ask.Querier, ask.Holder)
		if err != nil {
			return err
		}
		if d := policy.Check(s.Policy(), policyAsk(sender, holder, ask)); !d.Allowed {
			return &Denial{Err: ErrNotPermitted, Rule: d.Rule, Reason: d.Reason}
		}
	}
	return nil
}

// AuthorisedFeedback decides whether one member may tell another what it thinks of a notice that passed
// between them: this ledger, two members, neither suspended. The error is a [Denial].
func AuthorisedFeedback(final, tip *state.State, ledgerID [32]byte, sender, receiver string) error {
	for _, s := range []*state.State{tip, final} {
		if _, _, err := parties(s, ledgerID, sender, receiver); err != nil {
			return err
		}
	}
	return nil
}
