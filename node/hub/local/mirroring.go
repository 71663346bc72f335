package local

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// chosen are the members that a filter names, this one never.
func (h *Hub) chosen(f hub.MirrorFilter) ([]state.Member, error) {
	if f.Type != "" {
		if _, err := indicator.ParseType(f.Type); err != nil {
			return nil, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
		}
	}
	var out []state.Member
	known := false
	h.cfg.Replica.View(func(s *state.State) {
		for _, m := range s.Members() {
			known = known || m.Name == f.Holder
			if m.Name != h.cfg.Name && (f.Holder == "" || m.Name == f.Holder) && m.PeerID != "" {
				out = append(out, m)
			}
		}
	})
	if f.Holder != "" && !known {
		return nil, fmt.Errorf("%w: no member has the name %q; `crosslight member list` shows them", hub.ErrNotFound, f.Holder)
	}
	return out, nil
}

// Mirrors implements [hub.Hub].
func (h *Hub) Mirrors(_ context.Context, f hub.MirrorFilter) ([]hub.Mirror, error) {
	members, err := h.chosen(f)
	if err != nil {
		return nil, err
	}
	out := []hub.Mirror{}
	for _, m := range members {
		manifests, err := h.cfg.Mirror.Manifests(m.Keys.Node)
		if err != nil {
			return nil, classed(err)
		}
		for _, signed := range manifests {
			if f.Type == "" || signed.Manifest.Type == f.Type {
				out = append(out, h.mirrorOf(m, signed))
			}
		}
	}
	return out, nil
}

func (h *Hub) mirrorOf(m state.Member, signed *session.SignedManifest) hub.Mirror {
	in := &signed.Manifest
	out := hub.Mirror{
		Holder: m.Name, Type: in.Type, Epoch: in.Epoch, Version: in.Version,
		Manifest: hex.EncodeToString(signed.Hash[:]), Segments: []hub.MirrorSegment{},
	}
	_, out.Labels = h.entitled(m)(in.Epoch, in.Type)
	h.cfg.Replica.View(func(s *state.State) {
		if a, ok := s.ManifestAnchor(m.Name, in.Epoch, in.Type); ok {
			out.Anchored = &a.Version
		}
	})
	words := map[session.SegmentKind]string{session.BaseSegment: "base", session.AdditionSegment: "addition", session.WithdrawalSegment: "withdrawal"}
	for _, s := range in.Segments {
		out.Segments = append(out.Segments, hub.MirrorSegment{Kind: words[s.Kind], Name: hex.EncodeToString(s.Name[:]), Items: s.Count})
		out.Bytes += s.TagsSize + s.LabelsSize
		if s.Kind == session.WithdrawalSegment {
			out.Withdrawn += s.Count
		} else {
			out.Items += s.Count
		}
	}
	return out
}

// UpdateMirrors implements [hub.Hub].
func (h *Hub) UpdateMirrors(ctx context.Context, f hub.MirrorFilter) ([]hub.MirrorOutcome, error) {
	members, err := h.chosen(f)
	if err != nil {
		return nil, err
	}
	out := []hub.MirrorOutcome{}
	for _, m := range members {
		if m.Status != state.Active || m.Epoch == 0 {
			continue
		}
		if f.Type == "" {
			err = h.cfg.Fetcher.Update(ctx, m.Keys.Node, h.entitled(m))
		} else {
			err = h.cfg.Fetcher.UpdateTypes(ctx, m.Keys.Node, h.entitled(m), []string{f.Type})
		}
		if ctx.Err() != nil {
			return nil, classed(ctx.Err())
		}
		out = append(out, outcomes(m.Name, err)...)
	}
	return out, nil
}

// outcomes are what an update came to: one line for a holder where nothing failed or all did, else one for
// each type that failed.
func outcomes(holder string, err error) []hub.MirrorOutcome {
	var failed *fetch.UpdateError
	if !errors.As(err, &failed) || failed.All != nil {
		return []hub.MirrorOutcome{outcome(holder, "", "up-to-date", err)}
	}
	var out []hub.MirrorOutcome
	for _, t := range indicator.Types() {
		if terr := failed.Of(string(t)); terr != nil {
			out = append(out, outcome(holder, string(t), "", terr))
		}
	}
	return out
}

func outcome(holder, typ, good string, err error) hub.MirrorOutcome {
	if err == nil {
		return hub.MirrorOutcome{Holder: holder, Type: typ, Status: good}
	}
	reason, status := err.Error(), "failed"
	if errors.Is(err, mirror.ErrDisk) {
		status = "damaged"
	}
	return hub.MirrorOutcome{Holder: holder, Type: typ, Status: status, Reason: &reason}
}

// VerifyMirrors implements [hub.Hub].
func (h *Hub) VerifyMirrors(ctx context.Context, f hub.MirrorFilter) ([]hub.MirrorOutcome, error) {
	members, err := h.chosen(f)
	if err != nil {
		return nil, err
	}
	out := []hub.MirrorOutcome{}
	for _, m := range members {
		manifests, err := h.cfg.Mirror.Manifests(m.Keys.Node)
		if err != nil {
			return nil, classed(err)
		}
		for _, signed := range manifests {
			if ctx.Err() != nil {
				return nil, classed(ctx.Err())
			}
			if f.Type != "" && signed.Manifest.Type != f.Type {
				continue
			}
			ref := mirror.Ref{Holder: m.Keys.Node, Epoch: signed.Manifest.Epoch, Type: signed.Manifest.Type}
			err := h.cfg.Fetcher.Suspect(ref)
			if errors.Is(err, mirror.ErrNone) {
				continue // it went meanwhile
			}
			done := outcome(m.Name, ref.Type, "whole", err)
			done.Epoch = &ref.Epoch
			out = append(out, done)
		}
	}
	return out, nil
}
