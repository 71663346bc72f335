package local

import (
	"context"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// writer makes the requests of one run of questions: blinded, signed, and kept for an audit.
type writer struct {
	hub     *Hub
	plan    *plan
	holder  state.Member
	typ     indicator.Type
	permit  ledger.Permit
	client  *voprf.Client
	machine *session.Asker
	ahead   []flight // made and kept already, to be sent first
}

func (h *Hub) writer(p *plan, holder state.Member, permit ledger.Permit, t indicator.Type) (*writer, error) {
	public := permit.PublicKey()
	client, err := voprf.NewClient(public[:])
	if err != nil {
		return nil, err
	}
	ask := p.ask
	ask.Epoch, ask.Type, ask.Case = permit.Epoch(), string(t), p.commitment(holder.PeerID, t)
	machine, err := session.NewAsker(session.AskerConfig{Ask: ask, Key: h.cfg.Ring.Private(member.Node), Holder: holder.Keys.Node})
	return &writer{hub: h, plan: p, holder: holder, typ: t, permit: permit, client: client, machine: machine}, err
}

// ready says whether one more request may be sent now.
func (w *writer) ready() bool { return len(w.ahead) > 0 || w.machine.Ready() }

// next makes the request about the first of unsent, a batch of them at most, and keeps what opens it.
func (w *writer) next(ctx context.Context, unsent []question) (flight, error) {
	if len(w.ahead) > 0 {
		f := w.ahead[0]
		w.ahead = w.ahead[1:]
		return f, nil
	}
	f, err := w.blind(w.batch(unsent))
	if err != nil {
		return flight{}, err
	}
	return f, w.hub.cfg.Audit.Asked(ctx, w.opening(f))
}

// batch is what one request asks about.
func (w *writer) batch(unsent []question) []question { return unsent[:min(w.plan.batch, len(unsent))] }

// blind makes a request, which must be kept before it is sent.
func (w *writer) blind(part []question) (flight, error) {
	w.hub.crypto <- struct{}{}
	blinded, err := w.client.Blind(digestsOf(part))
	<-w.hub.crypto
	if err != nil {
		return flight{}, err
	}
	q, msg, err := w.machine.Ask(blinded.Elements())
	return flight{part, blinded, q, msg}, err
}

func digestsOf(part []question) [][]byte {
	out := make([][]byte, len(part))
	for i := range part {
		out[i] = part[i].digest[:]
	}
	return out
}
