package local

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/offline"
	"github.com/crosslight/crosslight/protocol/member"
)

// Keys implements [hub.Hub]. It lists what the ledger has first, then what waits and what was retired.
func (h *Hub) Keys(context.Context) (hub.Keys, error) {
	out := hub.Keys{Member: h.cfg.Name, Keys: []hub.KeyInfo{}, Epochs: []hub.EpochInfo{}}
	h.cfg.Replica.View(func(s *state.State) {
		set := h.cfg.Ring.Set() // of an applicant, whom the ledger does not know
		if m, ok := s.Member(h.cfg.Name); ok {
			set = m.Keys
		}
		for _, role := range member.Roles() {
			if k := set.Of(role); k != (member.PublicKey{}) {
				out.Keys = append(out.Keys, h.keyInfo(role, k, "in-force"))
			}
		}
		for _, r := range s.Rotations(h.cfg.Name) {
			k, from := h.keyInfo(r.Role, r.New, "waiting"), entry.Instant(r.At)
			k.From = &from
			out.Keys = append(out.Keys, k)
		}
		for _, r := range s.RetiredKeys(h.cfg.Name) {
			k := h.keyInfo(r.Role, r.Key, "retired")
			k.Index = &r.Index
			out.Keys = append(out.Keys, k)
		}
		for _, e := range s.Epochs(h.cfg.Name) {
			out.Epochs = append(out.Epochs, hub.EpochInfo{Epoch: e.Commit.Epoch, Types: len(e.Commit.Keys), Index: e.Index})
		}
	})
	return out, nil
}

func (h *Hub) keyInfo(role member.Role, k member.PublicKey, status string) hub.KeyInfo {
	return hub.KeyInfo{
		Role: string(role), ID: k.ID().String(), Public: hex.EncodeToString(k[:]), Status: status,
		Here: h.cfg.Ring.Held(k) != nil,
	}
}

// RotateKey implements [hub.Hub]. The new key is on disk before anybody hears of it.
func (h *Hub) RotateKey(ctx context.Context, req hub.RotateRequest) (hub.KeyChange, error) {
	role, err := rotatable(req.Role)
	if err != nil {
		return hub.KeyChange{}, err
	}
	if req.DryRun {
		return h.rehearseRotation(role, req.ByRoot)
	}
	key, err := h.cfg.Ring.NewKey(role)
	if err != nil {
		return hub.KeyChange{}, fmt.Errorf("%w: %w", hub.ErrStorage, err)
	}
	out := hub.KeyChange{Member: h.cfg.Name, Role: string(role), Key: key.ID().String(), Restart: restarts(role)}
	index, _, err := h.cfg.Submit.Submit(ctx, h.cfg.Ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		body, err := h.rotation(role, key)
		if err != nil {
			return nil, err
		}
		h.cfg.Replica.View(func(st *state.State) { out.Effect = list(st.DescribeRotate(h.cfg.Name, body)) })
		return entry.NewRotate(s, seq, body)
	})
	if err != nil {
		return hub.KeyChange{}, classed(err)
	}
	out.Index = &index
	h.cfg.Log.Info("announced another key", "role", role, "key", out.Key, "index", index)
	return out, nil
}

// rotation is the body that puts a key that is held here in a role, without the root key's signature.
func (h *Hub) rotation(role member.Role, key member.PublicKey) (entry.Rotate, error) {
	return h.rotationBy(role, key, h.cfg.Ring.Held(key))
}

func (h *Hub) rotationBy(role member.Role, key member.PublicKey, private ed25519.PrivateKey) (body entry.Rotate, err error) {
	h.cfg.Replica.View(func(s *state.State) {
		var r entry.Rotation
		if r, err = s.Rotation(h.cfg.Name, role, key); err != nil {
			return
		}
		var byOld []byte
		if old := h.cfg.Ring.Held(r.Old); old != nil {
			byOld = r.Sign(old)
		}
		body = r.Body(r.Sign(private), byOld, nil)
		err = s.CheckRotate(h.cfg.Name, body)
	})
	return body, err
}

// rehearseRotation says what a rotation would do, with a key that is forgotten at once.
func (h *Hub) rehearseRotation(role member.Role, byRoot bool) (hub.KeyChange, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return hub.KeyChange{}, err
	}
	key := member.PublicOf(private)
	body, err := h.rotationBy(role, key, private)
	if byRoot {
		body.ByRoot = make([]byte, member.SignatureSize) // for the words, which ask whether it is there
		if errors.Is(err, entry.ErrRotationWaits) {
			err = nil // the root key's word takes its place
		}
	}
	if err != nil {
		return hub.KeyChange{}, classed(err)
	}
	out := hub.KeyChange{Member: h.cfg.Name, Role: string(role), DryRun: true, Restart: restarts(role)}
	h.cfg.Replica.View(func(s *state.State) { out.Effect = list(s.DescribeRotate(h.cfg.Name, body)) })
	out.Effect = unnamed(out.Effect, key)
	return out, nil
}

// unnamed takes the id of a key that nobody will use out of the words about it.
func unnamed(lines []string, key member.PublicKey) []string {
	r := strings.NewReplacer("Key "+key.ID().String(), "A new key", key.PeerID(), "the one of the new key")
	for i := range lines {
		lines[i] = r.Replace(lines[i])
	}
	return lines
}

func rotatable(name string) (member.Role, error) {
	role := member.Role(name)
	if !slices.Contains(member.Roles(), role) || role == member.Root {
		return "", fmt.Errorf("%w: a node rotates its node, operator, seat, log and cosigner key; the root key is rotated by itself, with --root", hub.ErrInvalid)
	}
	return role, nil
}

// restarts says whether a node uses another key of a role from its next start on only.
func restarts(role member.Role) bool {
	return role == member.Node || role == member.Log || role == member.Cosigner
}

// RevokeKey implements [hub.Hub].
func (h *Hub) RevokeKey(ctx context.Context, req hub.RevokeRequest) (hub.KeyChange, error) {
	id, err := keyID(req.Key)
	if err != nil {
		return hub.KeyChange{}, err
	}
	out := hub.KeyChange{Member: h.cfg.Name, Key: id.String(), DryRun: req.DryRun}
	h.cfg.Replica.View(func(s *state.State) {
		_, _, role, _, _ := s.KeyByID(id)
		out.Role = string(role)
		out.Effect = list(s.DescribeRevokeKey(h.cfg.Name, id))
		by := member.Operator
		if req.DryRun && req.ByRoot {
			by = member.Root
		}
		err = s.CheckRevoke(h.cfg.Name, by, id)
	})
	if err != nil || req.DryRun {
		return out, classed(err)
	}
	index, _, err := h.cfg.Submit.Submit(ctx, h.cfg.Ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewRevoke(s, seq, id)
	})
	if err != nil {
		return hub.KeyChange{}, classed(err)
	}
	out.Index = &index
	h.cfg.Log.Info("stopped a rotation", "role", out.Role, "key", out.Key, "index", index)
	return out, nil
}

// draftRotation drafts a rotation for the root key to sign. The new key is drawn and kept here, but for
// another root key, which the person draws who has the old one.
func (h *Hub) draftRotation(req hub.DraftRequest) (d offline.Draft, err error) {
	if err := h.ownKeys(req); err != nil {
		return d, err
	}
	if member.Role(req.Role) == member.Root {
		return h.draftRootRotation(req)
	}
	role, err := rotatable(req.Role)
	if err != nil {
		return d, err
	}
	key, err := h.cfg.Ring.NewKey(role)
	if err != nil {
		return d, fmt.Errorf("%w: %w", hub.ErrStorage, err)
	}
	h.cfg.Replica.View(func(s *state.State) {
		var r entry.Rotation
		if r, err = s.Rotation(h.cfg.Name, role, key); err != nil {
			return
		}
		body := r.Body(r.Sign(h.cfg.Ring.Held(key)), nil, nil)
		d = offline.Draft{Kind: entry.KindRotate, Rotate: &body, Old: &r.Old}
		body.ByRoot = make([]byte, member.SignatureSize) // it will be there: the words depend on it
		d.Seen = s.DescribeRotate(h.cfg.Name, body)
		body.ByRoot = nil
	})
	return d, err
}

func (h *Hub) draftRootRotation(req hub.DraftRequest) (d offline.Draft, err error) {
	if len(req.Root) != len(member.PublicKey{}) {
		return d, fmt.Errorf("%w: a new root key of %d bytes", hub.ErrInvalid, len(member.PublicKey{}))
	}
	h.cfg.Replica.View(func(s *state.State) {
		var r entry.Rotation
		if r, err = s.Rotation(h.cfg.Name, member.Root, member.PublicKey(req.Root)); err != nil {
			return
		}
		body := r.Body(nil, make([]byte, member.SignatureSize), nil)
		d = offline.Draft{Kind: entry.KindRotate, Rotate: &body, Old: &r.Old, Seen: s.DescribeRotate(h.cfg.Name, body)}
		body.ByOld = nil
	})
	return d, err
}

// draftRevocation drafts the revocation of a key for the root key to sign.
func (h *Hub) draftRevocation(req hub.DraftRequest) (d offline.Draft, err error) {
	if err := h.ownKeys(req); err != nil {
		return d, err
	}
	id, err := keyID(req.Key)
	if err != nil {
		return d, err
	}
	h.cfg.Replica.View(func(s *state.State) {
		if err = s.CheckRevoke(h.cfg.Name, member.Root, id); err == nil {
			d = offline.Draft{Kind: entry.KindRevoke, Revoke: &entry.Revoke{Key: id}, Seen: s.DescribeRevokeKey(h.cfg.Name, id)}
		}
	})
	return d, err
}

// ownKeys refuses to draft for another member's keys: a new key has to be kept by its own node.
func (h *Hub) ownKeys(req hub.DraftRequest) error {
	if req.Seat != h.cfg.Name {
		return fmt.Errorf("%w: only %s's own node drafts a change of its keys", hub.ErrInvalid, req.Seat)
	}
	return nil
}
