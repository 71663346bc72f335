package sim

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// ledgerModel is what a history of appends and reads must look as if it had been done to, one operation
// at a time: a list of leaves, with one sequence of numbers a key.
type ledgerModel struct {
	size   uint64
	root   [32]byte
	edge   []tlog.Hash
	newest [8]uint64 // sequence number, by key
}

func genesisModel(genesis []byte) ledgerModel {
	f := tlog.NewFrontier()
	f.Append(tlog.LeafHash(genesis))
	return ledgerModel{size: 1, root: f.Root(), edge: f.Hashes()}
}

// grown returns the ledger with one more leaf.
func (m ledgerModel) grown(leaf []byte, key int, seq uint64) ledgerModel {
	f, err := tlog.ResumeFrontier(m.size, m.edge)
	if err != nil {
		panic(err) // of our own making
	}
	f.Append(tlog.LeafHash(leaf))
	m.size, m.root, m.edge = m.size+1, f.Root(), f.Hashes()
	m.newest[key] = seq
	return m
}

// step says whether an operation may have had its outcome on m, and what it left.
func (m ledgerModel) step(op Op, leaf []byte) (bool, ledgerModel) {
	switch {
	case op.Action == Read:
		return op.Size == m.size && op.Root == m.root, m
	case op.Outcome == Rejected && op.Code == entry.ErrReplayed.Code:
		return op.Seq <= m.newest[op.Key], m
	case op.Outcome == Rejected && op.Code == entry.ErrSequenceGap.Code:
		return op.Seq > m.newest[op.Key]+1, m
	case op.Outcome == Rejected:
		return false, m
	case op.Index != m.size || op.Seq != m.newest[op.Key]+1:
		return false, m
	}
	return true, m.grown(leaf, op.Key, op.Seq)
}

// linearizable says whether there is one order of the operations, each between its call and its return,
// that the model allows. Glances promise less and are left out, as is what left no trace.
func linearizable(rec *Recorder, genesis []byte, limit time.Duration) porcupine.CheckResult {
	model := porcupine.Model{
		Init: func() any { return genesisModel(genesis) },
		Step: func(state, input, _ any) (bool, any) {
			op := input.(Op)
			return state.(ledgerModel).step(op, rec.raws[op.Hash])
		},
		Equal: func(a, b any) bool {
			x, y := a.(ledgerModel), b.(ledgerModel)
			return x.size == y.size && x.root == y.root
		},
	}
	var ops []porcupine.Operation
	for _, op := range rec.ops {
		if op.Action == Glance || op.Outcome == Refused {
			continue
		}
		end := op.Return
		if op.Outcome == Unknown {
			end = math.MaxInt64
		}
		ops = append(ops, porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: end})
	}
	return porcupine.CheckOperationsTimeout(model, ops, limit)
}
