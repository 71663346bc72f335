package audit

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// ErrProof reports a proof that does not show that the entry stands on the ledger.
var ErrProof = errors.New("the proof does not hold")

// Trust is whose word makes a checkpoint final: the voters of a ledger at some size.
type Trust struct {
	LedgerID [32]byte
	voters   voterSet
}

// TrustGenesis trusts the founders of a ledger, whose genesis is leaf 0: they vote until the board
// decides otherwise. Errors are rejections of package entry.
func TrustGenesis(raw []byte) (Trust, error) {
	g, err := entry.ParseGenesis(raw)
	if err != nil {
		return Trust{}, err
	}
	s, err := state.New(g)
	if err != nil {
		return Trust{}, err
	}
	return Trust{g.ID(), votersOf(s)}, nil
}

// Trust trusts those who sign the sizes beyond a verified export.
func (r Report) Trust() Trust { return Trust{r.LedgerID, r.voters} }

// State is the state that the export's entries lead to. It is shared: do not apply to it.
func (r Report) State() *state.State { return r.state }

// RootAt is the root at an earlier size, of an export that was verified with Options.Proofs. The error is
// that of [tlog.Tree.RootAt], or says that the tree was not kept.
func (r Report) RootAt(size uint64) ([32]byte, error) {
	if r.tree == nil {
		return [32]byte{}, errors.New("the export was verified without keeping its tree")
	}
	return r.tree.RootAt(size)
}

// Proven is what a proof shows.
type Proven struct {
	Index     uint64 // of the entry
	Hash      entry.Hash
	Kind      entry.Kind
	Summary   string
	Size      uint64 // of the checkpoint
	Root      [32]byte
	Cosigners []string // members whose cosigner keys signed it, ascending
}

// Prove checks a C2SP tlog-proof for an entry, byte for byte: that it stands at its index under a
// checkpoint that a quorum of the trusted voters has cosigned. The error is [ErrProof].
func (t Trust) Prove(proof, leaf []byte) (Proven, error) {
	if t.voters.quorum == 0 {
		return Proven{}, fmt.Errorf("%w: nobody is trusted", ErrProof)
	}
	p, err := tlog.ParseProof(proof)
	if err != nil {
		return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	s, err := p.Verify(leaf, tlog.Policy{Origin: tlog.Origin(t.LedgerID), Cosigners: t.voters.keys, Threshold: t.voters.quorum})
	switch {
	case errors.Is(err, tlog.ErrProven):
		return Proven{}, fmt.Errorf("%w: this entry does not stand at index %d under that checkpoint", ErrProof, p.Index)
	case err != nil:
		return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	out := Proven{
		Index: p.Index, Hash: entry.HashOf(leaf), Kind: entry.KindGenesis, Size: p.Checkpoint.Size, Root: p.Checkpoint.Root,
	}
	for _, i := range s.Cosigners {
		out.Cosigners = append(out.Cosigners, t.voters.names[i])
	}
	if p.Index == 0 {
		g, err := entry.ParseGenesis(leaf)
		if err != nil {
			return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
		}
		out.Summary = entry.GenesisSummary(g)
		return out, nil
	}
	e, err := entry.Parse(leaf)
	if err != nil {
		return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	out.Kind, out.Summary = e.Kind(), entry.Summary(e)
	return out, nil
}
