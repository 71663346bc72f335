package cosigning

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
)

// showPause is how often the witnesses are shown a ledger that grows: what they have seen, no recovery cuts.
const showPause = time.Minute

// show has the witnesses cosign what is final, whenever it has grown, so that they know of it before anybody
// asks for a checkpoint.
func (c *Cosigning) show(ctx context.Context) {
	if len(c.cfg.Witnesses) == 0 || time.Now().Before(c.showAt) {
		return
	}
	p := c.cfg.Ledger.Final()
	cp := tlog.Checkpoint{Origin: tlog.Origin(c.cfg.LedgerID), Size: p.Size, Root: p.Root}
	cosigned := c.cfg.Ledger.Cosignatures(cp)
	if p.Height == 0 || cp == c.shown || len(cosigned) < c.quorum(p) {
		return
	}
	c.showAt = time.Now().Add(showPause)
	signed, err := tlog.SignCheckpoint(cp, c.cfg.LogKey)
	if err != nil {
		return // our own key and a checkpoint of ours: it cannot be
	}
	all, err := tlog.NewCosignedCheckpoint(signed, cosigned...)
	if err != nil {
		c.cfg.Log.Warn("the witnesses were not shown what is final", "error", err)
		return
	}
	if len(c.witnesses(ctx, all)) > 0 {
		c.shown = cp // one that was away is asked again with the next
	}
}

// witnesses asks those outside the consortium. One that holds another history is what it is there for, and
// nobody should have to ask for it twice.
func (c *Cosigning) witnesses(ctx context.Context, signed tlog.CosignedCheckpoint) (out []tlog.Cosignature) {
	if len(c.cfg.Witnesses) == 0 {
		return nil
	}
	prove := c.prover(signed.Size)
	for _, a := range witness.Collect(ctx, c.cfg.Witnesses, signed.Note(), prove) {
		switch {
		case a.Err == nil:
			out = append(out, a.Cosignature)
		case errors.Is(a.Err, witness.ErrFork), errors.Is(a.Err, witness.ErrPath), errors.Is(a.Err, witness.ErrAhead):
			c.cfg.Log.Error("a witness has seen another history of this ledger, or a longer one", "witness", a.Witness.Name, "error", a.Err)
		default:
			c.cfg.Log.Warn("a witness did not cosign", "witness", a.Witness.Name, "error", a.Err)
		}
	}
	return out
}

// prover builds the tree when it is first asked, once for all witnesses.
func (c *Cosigning) prover(size uint64) witness.Prove {
	tree := sync.OnceValues(func() (*tlog.Tree, error) {
		leaves, err := c.cfg.Ledger.Leaves(0, size)
		if err != nil {
			return nil, err
		}
		var t tlog.Tree
		for _, l := range leaves {
			t.Append(tlog.LeafHash(l))
		}
		return &t, nil
	})
	return func(old uint64) ([]tlog.Hash, error) {
		t, err := tree()
		if err != nil {
			return nil, err
		}
		return t.Consistency(old, size)
	}
}
