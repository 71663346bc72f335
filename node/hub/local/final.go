package local

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/member"
)

// How long to wait for what voters do within a moment while enough of them are up.
const (
	cosignedWithin = 5 * time.Second
	cosignedLook   = 20 * time.Millisecond
)

// LedgerCheckpoint implements [hub.Hub].
func (h *Hub) LedgerCheckpoint(ctx context.Context) ([]byte, error) {
	c, err := h.cosigned(ctx, 1)
	if err != nil {
		return nil, classed(err)
	}
	return h.withOthers(ctx, c).Bytes(), nil
}

// gatherWithin bounds the questions to members without a vote and to outside witnesses: those that do not
// answer are left out.
const gatherWithin = 3 * time.Second

// withOthers adds the cosignatures of those that have no vote, as far as a checkpoint has room for them.
func (h *Hub) withOthers(ctx context.Context, c tlog.CosignedCheckpoint) tlog.CosignedCheckpoint {
	ctx, cancel := context.WithTimeout(ctx, gatherWithin)
	defer cancel()
	others := h.cfg.Gather(ctx, c)
	room := tlog.MaxLines - len(c.Signatures) - len(c.Cosignatures)
	all, err := tlog.NewCosignedCheckpoint(c.SignedCheckpoint, append(slices.Clone(c.Cosignatures), others[:min(len(others), room)]...)...)
	if err != nil { // a witness under the name of a voter: without any of them it is final as well
		h.cfg.Log.Warn("cosignatures beyond the voters' were left out", "error", err)
		return c
	}
	return all
}

// LedgerProof implements [hub.Hub].
func (h *Hub) LedgerProof(ctx context.Context, ref string) (hub.LedgerProof, error) {
	index, leaf, err := h.leaf(ctx, ref)
	if err != nil {
		return hub.LedgerProof{}, classed(err)
	}
	c, err := h.cosigned(ctx, index+1)
	if err != nil {
		return hub.LedgerProof{}, classed(err)
	}
	var tree tlog.Tree
	for l, err := range h.leaves(c.Size) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return hub.LedgerProof{}, classed(err)
		}
		tree.Append(tlog.LeafHash(l))
	}
	path, err := tree.Inclusion(index, c.Size)
	if err != nil {
		return hub.LedgerProof{}, err
	}
	return hub.LedgerProof{
		Index: index, Hash: entry.HashOf(leaf).String(), Size: c.Size, Root: hex.EncodeToString(c.Root[:]),
		Proof: tlog.Proof{Index: index, Path: path, Checkpoint: c}.Bytes(), Entry: leaf,
	}, nil
}

// cosigned is the newest final checkpoint, of at least size leaves, with the log key's signature and the
// cosignatures of exactly a quorum of its voters.
func (h *Hub) cosigned(ctx context.Context, size uint64) (tlog.CosignedCheckpoint, error) {
	p, cosignatures, err := h.awaitCosigned(ctx, size)
	if err != nil {
		return tlog.CosignedCheckpoint{}, err
	}
	c := tlog.Checkpoint{Origin: tlog.Origin(h.cfg.LedgerID), Size: p.Size, Root: p.Root}
	signed, err := tlog.SignCheckpoint(c, h.cfg.Ring.Private(member.Log))
	if err != nil {
		return tlog.CosignedCheckpoint{}, err
	}
	return tlog.NewCosignedCheckpoint(signed, cosignatures...)
}

// awaitCosigned waits a little for what is not final yet, or has too few cosignatures: both come within
// a round trip while a quorum of voters is up.
func (h *Hub) awaitCosigned(ctx context.Context, size uint64) (replica.FinalPoint, []tlog.Cosignature, error) {
	ctx, cancel := context.WithTimeout(ctx, cosignedWithin)
	defer cancel()
	for {
		p := h.cfg.Replica.Final()
		if p.Height > 0 && p.Size >= size {
			at, cosignatures, err := h.cfg.Replica.Cosigned(p.Size)
			if err == nil {
				return at, cosignatures, nil
			}
		}
		select {
		case <-ctx.Done():
			return p, nil, fmt.Errorf("%w: no checkpoint of %d entries has been cosigned by a quorum of the voters: start more of their nodes, `crosslight ledger status` shows how many are needed", hub.ErrUnavailable, size)
		case <-time.After(cosignedLook):
		}
	}
}

// finalSource is what is final, with what proves it; false where that cannot be had now.
func (h *Hub) finalSource(ctx context.Context) (size uint64, root [32]byte, final *audit.Final, ok bool) {
	p, cosignatures, err := h.awaitCosigned(ctx, 1)
	if err != nil {
		return 0, root, nil, false
	}
	final = &audit.Final{Cosignatures: cosignatures}
	for at, more := h.cfg.Replica.FinalAt(1); more && at.Size < p.Size; at, more = h.cfg.Replica.FinalAt(at.Size + 1) {
		_, c, err := h.cfg.Replica.Cosigned(at.Size)
		if err != nil {
			return 0, root, nil, false // it was final, and this node has not heard a quorum cosign it
		}
		final.HandOvers = append(final.HandOvers, audit.HandOver{Size: at.Size, Root: at.Root, Cosignatures: c})
	}
	return p.Size, p.Root, final, true
}
