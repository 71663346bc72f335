package ledger

import (
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
)

// MirrorAsk is a request for a holder's index, to the holder or to a member that mirrors it. Asker and
// Holder are libp2p peer IDs.
type MirrorAsk struct {
	LedgerID      [32]byte
	Asker, Holder string
	Epoch         uint64 // of the holder
	Type          string // indicator type
}

// MirrorPermit says which files of an index may be served.
type MirrorPermit struct {
	asker, holder state.Member
	entitlement   policy.Entitlement
}

// Asker is the member that is served.
func (p MirrorPermit) Asker() state.Member { return p.asker }

// Holder is the member whose index it is.
func (p MirrorPermit) Holder() state.Member { return p.holder }

// Labels reports whether the sealed labels may be served beside the tags.
func (p MirrorPermit) Labels() bool { return p.entitlement.Labels }

// AuthorisedMirror decides whether a member may be served a holder's index: this ledger, two members,
// neither suspended, some rule under which the asker may ask that holder about the type, by the state
// that is final and by tip, the newest; an epoch of the holder's as in [Authorised]. The error is a [Denial].
func AuthorisedMirror(final, tip *state.State, a MirrorAsk) (MirrorPermit, error) {
	sooner, err := entitled(tip, a)
	if err != nil {
		return MirrorPermit{}, err
	}
	p, err := entitled(final, a)
	if err != nil {
		return MirrorPermit{}, err
	}
	p.entitlement.Labels = p.entitlement.Labels && sooner.entitlement.Labels
	if _, err := servingKey(final, tip, p.asker, p.holder, a.Epoch, a.Type); err != nil {
		return MirrorPermit{}, err
	}
	return p, nil
}

// entitled decides by one state: who they are, and what the policy lets the asker have.
func entitled(s *state.State, a MirrorAsk) (MirrorPermit, error) {
	asker, holder, err := parties(s, a.LedgerID, a.Asker, a.Holder)
	if err != nil {
		return MirrorPermit{}, err
	}
	e := policy.Entitled(s.Policy(), policyAsk(asker, holder, Ask{Type: a.Type}))
	if !e.Tags {
		return MirrorPermit{}, &Denial{
			Err: ErrNotPermitted, Reason: "no rule lets " + asker.Name + " ask " + holder.Name + " about this type",
		}
	}
	return MirrorPermit{asker: asker, holder: holder, entitlement: e}, nil
}
