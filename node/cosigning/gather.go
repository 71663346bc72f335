package cosigning

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
)

// Gather asks every member without a vote, and the witnesses, for their cosignatures of c, all at once, and
// returns those that verify, one a key, in ascending order of name. It ends when each has answered or
// failed, or with ctx; that some did not answer is no error.
func (c *Cosigning) Gather(ctx context.Context, signed tlog.CosignedCheckpoint) []tlog.Cosignature {
	c.follow()
	out := c.held(signed.Checkpoint)
	_, cosigners := c.others()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for peer, key := range cosigners {
		wg.Go(func() {
			list, err := c.ask(ctx, peer, signed.Checkpoint)
			if err != nil {
				c.cfg.Log.Debug("a member was not asked for its cosignature", "peer", peer, "reason", err)
			}
			for _, s := range list {
				if s.Verify(signed.Checkpoint, key) == nil {
					mu.Lock()
					out = append(out, s)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Go(func() {
		list := c.witnesses(ctx, signed)
		mu.Lock()
		defer mu.Unlock()
		out = append(out, list...)
	})
	wg.Wait()
	return distinct(out)
}

// distinct orders cosignatures as they stand beneath a checkpoint, one a key.
func distinct(list []tlog.Cosignature) []tlog.Cosignature {
	slices.SortFunc(list, func(a, b tlog.Cosignature) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(list, func(a, b tlog.Cosignature) bool { return a.Name == b.Name && a.ID == b.ID })
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
