package holder

import (
	"context"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxAckStreams is how many acknowledgements a peer may have under way here.
const MaxAckStreams = 4

// ServeAcknowledge takes one acknowledgement of a mirror: signed, about manifests that this member
// published. It is kept before it is answered, so a mirror that has its answer need not say it again.
func (h *Holder) ServeAcknowledge(ctx context.Context, stream p2p.Stream) {
	if stream.SetDeadline(time.Now().Add(idle)) != nil {
		return
	}
	msg, err := wire.ReadFrame(stream, session.MaxAnnouncement)
	if err != nil {
		h.streamFault(stream, err)
		return
	}
	code, err := h.acknowledge(ctx, stream.Peer(), msg)
	if err != nil {
		h.cfg.Log.Warn("an acknowledgement was not taken", "peer", stream.Peer(), "reason", err)
	}
	reply, err := session.AckAnswer{Code: code}.Encode()
	if err != nil || wire.WriteFrame(stream, reply) != nil {
		_ = stream.Reset() // the mirror says it again
	}
}

func (h *Holder) acknowledge(ctx context.Context, peer string, msg []byte) (session.Code, error) {
	var m state.Member
	var ok bool
	h.cfg.Ledger.View(func(s *state.State) { m, ok = s.MemberByPeer(peer) })
	if !ok {
		return session.NotAMember, nil
	}
	ack, err := session.ParseAcknowledgement(msg, h.cfg.LedgerID, h.self, m.Keys.Node)
	if err != nil {
		return session.CodeOf(err), err
	}
	var words []store.Acknowledged
	for _, v := range ack.Indexes {
		hash, known, err := h.cfg.Store.Shown(ctx, v.Epoch, indicator.Type(v.Type), v.Version)
		if err != nil {
			return session.Overloaded, err
		}
		if !known || hash != v.Manifest {
			continue // of an index that is not here any more
		}
		words = append(words, store.Acknowledged{Mirror: peer, Epoch: v.Epoch, Type: indicator.Type(v.Type), Version: v.Version, Word: msg})
	}
	if err := h.cfg.Store.Acknowledge(ctx, words); err != nil {
		return session.Overloaded, err
	}
	if len(words) > 0 {
		h.acked.tell()
	}
	return session.OK, nil
}

// Acknowledged returns a channel that is closed when the next acknowledgement has been kept.
func (h *Holder) Acknowledged() <-chan struct{} { return h.acked.next() }
