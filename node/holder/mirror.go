package holder

import (
	"context"
	"errors"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// ServeMirror hands this member's index to another, as far as policy entitles it: manifests first,
// then parts of segments. Every request is authorised by itself, on this node's own ledger state.
func (h *Holder) ServeMirror(ctx context.Context, stream p2p.Stream) {
	machine := session.NewProvider(h.cfg.LedgerID)
	h.serve(ctx, stream, session.MaxMirrorAsk, func(msg []byte, tooLarge error) ([]byte, bool, error) {
		return h.mirrorTurn(ctx, stream.Peer(), machine, msg, tooLarge)
	})
}

func (h *Holder) mirrorTurn(ctx context.Context, peer string, machine *session.Provider, msg []byte, err error) (reply []byte, more bool, _ error) {
	var request *session.MirrorRequest
	if err == nil {
		request, err = machine.Receive(msg)
	}
	if err != nil {
		h.cfg.Log.Warn("a mirror request was refused", "peer", peer, "reason", err)
		reply, err = machine.Refuse(&session.Refusal{Code: session.CodeOf(err)})
		return reply, false, err
	}
	reply, err = h.provide(ctx, peer, machine, request)
	return reply, true, err
}

// provide answers one mirror request of peer.
func (h *Holder) provide(ctx context.Context, peer string, machine *session.Provider, r *session.MirrorRequest) ([]byte, error) {
	if r.Holder != h.self {
		return machine.Refuse(&session.Refusal{Code: session.NotFound})
	}
	var reply []byte
	var err error
	if r.Kind == session.ManifestsKind {
		reply, err = h.manifests(peer, machine, r)
	} else {
		reply, err = h.part(ctx, peer, machine, r)
	}
	if err == nil {
		return reply, nil
	}
	refusal, ours := mirrorRefusal(err)
	if ours {
		h.cfg.Log.Error("a part of the index could not be served", "peer", peer, "error", err)
	}
	return machine.Refuse(refusal)
}

func mirrorRefusal(err error) (*session.Refusal, bool) {
	if errors.Is(err, mirror.ErrNone) {
		return &session.Refusal{Code: session.NotFound}, false
	}
	if errors.Is(err, mirror.ErrBusy) {
		return &session.Refusal{Code: session.Overloaded, RetryAfter: retryAfter}, false
	}
	return refusalOf(err)
}

// manifests answers with the manifests of the running epoch that peer may have. A peer that may have
// none because it is no member in good standing is told that; one that no rule covers gets none.
func (h *Holder) manifests(peer string, machine *session.Provider, r *session.MirrorRequest) ([]byte, error) {
	all, err := h.cfg.Mirror.Manifests(member.PublicOf(h.node))
	if err != nil {
		return nil, err
	}
	var open [][]byte
	for _, m := range all {
		_, err := h.mirrorPermit(peer, m.Manifest.Epoch, m.Manifest.Type)
		if errors.Is(err, ledger.ErrNotPermitted) || errors.Is(err, ledger.ErrEpochOver) {
			continue
		}
		if err != nil {
			return nil, err
		}
		open = append(open, m.Raw)
	}
	open = open[min(r.From, uint64(len(open))):]
	more := len(open) > session.MaxManifests
	return machine.Manifests(open[:min(len(open), session.MaxManifests)], more)
}

func (h *Holder) part(ctx context.Context, peer string, machine *session.Provider, r *session.MirrorRequest) ([]byte, error) {
	ref, _, err := h.cfg.Mirror.Find(member.PublicOf(h.node), r.Name)
	if err != nil {
		return nil, err
	}
	permit, err := h.mirrorPermit(peer, ref.Epoch, ref.Type)
	if err != nil {
		return nil, err
	}
	if r.File == session.LabelsFile && !permit.Labels() {
		return nil, &ledger.Denial{Err: ledger.ErrNotPermitted, Reason: "policy reveals matches without labels"}
	}
	part, err := h.cfg.Mirror.ServePart(ctx, ref, r.Name, r.File, r.Offset, r.Length)
	if err != nil {
		return nil, err
	}
	return machine.Part(part)
}

func (h *Holder) mirrorPermit(peer string, epoch uint64, typ string) (permit ledger.MirrorPermit, err error) {
	stale := h.cfg.Authority(func(final, tip *state.State) {
		permit, err = ledger.AuthorisedMirror(final, tip, ledger.MirrorAsk{
			LedgerID: h.cfg.LedgerID, Asker: peer, Holder: h.self, Epoch: epoch, Type: typ,
		})
	})
	if stale != nil {
		return permit, stale
	}
	return permit, err
}
