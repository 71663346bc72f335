package sim

import (
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// Judge compares a history with the leaves on which all nodes agreed in the end, and returns what is
// wrong with it, nothing if nothing is. It also gives each append of unknown outcome the one that it
// had: the index of its leaf, or Refused. Whether the order of events holds, a checker of
// linearizability says.
func (r *Recorder) Judge(leaves [][]byte) []string {
	var wrong []string
	fault := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	at := map[[32]byte]uint64{}
	roots := map[uint64][32]byte{}
	tree := tlog.NewFrontier()
	for i, leaf := range leaves {
		hash := sha256.Sum256(leaf)
		if first, twice := at[hash]; twice {
			fault("leaf %d stands again at %d", first, i)
		}
		at[hash] = uint64(i)
		tree.Append(tlog.LeafHash(leaf))
		roots[uint64(i)+1] = tree.Root()
	}
	for i := range r.ops {
		op := &r.ops[i]
		index, stands := at[op.Hash]
		switch {
		case op.Action != Append:
			if roots[op.Size] != op.Root {
				fault("client %d read a root at size %d that the ledger never had", op.Client, op.Size)
			}
		case op.Outcome == Done && (!stands || index != op.Index):
			fault("client %d was told that its entry stands at %d: stands %v, at %d", op.Client, op.Index, stands, index)
		case op.Outcome == Unknown && stands:
			op.Index = index
		case op.Outcome == Unknown:
			op.Outcome = Refused
		case op.Outcome != Done && stands:
			fault("client %d was told no, and its entry stands at %d", op.Client, index)
		}
	}
	return wrong
}

func rootOf(leaves [][]byte) [32]byte {
	tree := tlog.NewFrontier()
	for _, leaf := range leaves {
		tree.Append(tlog.LeafHash(leaf))
	}
	return tree.Root()
}
