package local

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
)

// LedgerEntry implements [hub.Hub].
func (h *Hub) LedgerEntry(ctx context.Context, ref string) (hub.LedgerDetail, error) {
	index, leaf, err := h.leaf(ctx, ref)
	if err != nil {
		return hub.LedgerDetail{}, classed(err)
	}
	line, err := h.ledgerEntry(index, leaf)
	if err != nil {
		return hub.LedgerDetail{}, err
	}
	out := hub.LedgerDetail{
		Index: index, Kind: line.Kind, Member: line.Member, Hash: line.Hash, Summary: line.Summary, Raw: leaf,
		LedgerID: hex.EncodeToString(h.cfg.LedgerID[:]), Incarnation: entry.FirstIncarnation,
	}
	body, err := h.detail(&out, leaf)
	if err != nil {
		return out, fmt.Errorf("leaf %d: %w", index, err)
	}
	out.Body, err = json.Marshal(decoded(body))
	return out, err
}

// detail fills in what the envelope says and returns its body.
func (h *Hub) detail(out *hub.LedgerDetail, leaf []byte) (any, error) {
	if out.Index == 0 {
		g, err := entry.ParseGenesis(leaf)
		return g.Genesis(), err
	}
	signed, err := entry.Parse(leaf)
	if err != nil {
		return nil, err
	}
	env := signed.Envelope()
	out.SignerKey, out.Seq, out.Incarnation = env.SignerKey.String(), env.Seq, env.Incarnation
	out.Signature = hex.EncodeToString(env.Sig)
	h.cfg.Replica.View(func(s *state.State) {
		if _, role, ok := s.MemberByKey(env.SignerKey); ok {
			out.Role = string(role)
		}
	})
	return signed.Body(), nil
}

// leaf finds a leaf by its index or its hash.
func (h *Hub) leaf(ctx context.Context, ref string) (uint64, []byte, error) {
	var size uint64
	h.cfg.Replica.View(func(s *state.State) { size = s.Size() })
	if index, err := strconv.ParseUint(ref, 10, 64); err == nil && len(ref) < 2*len(entry.Hash{}) {
		if index >= size {
			return 0, nil, fmt.Errorf("%w: the ledger has the entries 0 to %d", hub.ErrNotFound, size-1)
		}
		leaf, err := h.cfg.Replica.Leaves(index, index+1)
		if err != nil {
			return 0, nil, err
		}
		return index, leaf[0], nil
	}
	hash, err := entry.ParseHash(strings.ToLower(ref))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: name an entry by its index or the 64 digits of its leaf hash", hub.ErrInvalid)
	}
	index := uint64(0)
	for leaf, err := range h.leaves(size) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, nil, err
		}
		if entry.HashOf(leaf) == hash {
			return index, leaf, nil
		}
		index++
	}
	return 0, nil, fmt.Errorf("%w: no entry here has this leaf hash", hub.ErrNotFound)
}
