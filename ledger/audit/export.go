package audit

import (
	"context"
	"crypto"
	"fmt"
	"iter"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// Source is a ledger that is written out. Size and Root are those of the state that the node stands at;
// Leaves yields exactly the leaves 0 to Size-1 in order; LogKey signs the checkpoint and is the log key
// of a member on this ledger.
type Source struct {
	LedgerID [32]byte
	Size     uint64
	Root     [32]byte
	Leaves   iter.Seq2[[]byte, error]
	LogKey   crypto.Signer
}

// Sink takes the files of an export, each once. Export calls Commit at the end, or Abort after any
// error, and nothing after that.
type Sink interface {
	Put(name string, data []byte) error
	Commit() error
	Abort()
}

// Export writes a ledger out in bounded memory. The same ledger and log key give the same bytes. After
// an error, [ErrSource] or one of the sink or of ctx, the sink has been aborted.
func Export(ctx context.Context, src Source, sink Sink) error {
	if err := export(ctx, src, sink); err != nil {
		sink.Abort()
		return err
	}
	return sink.Commit()
}

func export(ctx context.Context, src Source, sink Sink) error {
	tree := tlog.NewFrontier()
	tiler := tlog.Tiler{Emit: func(t tlog.Tile, data []byte) error { return sink.Put(t.Path(), data) }}
	for leaf, err := range src.Leaves {
		if err != nil {
			return fmt.Errorf("read leaf %d: %w", tree.Size(), err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(leaf) > entry.MaxEnvelope || tree.Size() == src.Size {
			return fmt.Errorf("%w: leaf %d", ErrSource, tree.Size())
		}
		if err := tiler.Add(leaf); err != nil {
			return err
		}
		tree.Append(tlog.LeafHash(leaf))
	}
	if tree.Size() != src.Size || tree.Root() != tlog.Hash(src.Root) {
		return fmt.Errorf("%w: %d of %d leaves", ErrSource, tree.Size(), src.Size)
	}
	if err := tiler.Finish(); err != nil {
		return err
	}
	c := tlog.Checkpoint{Origin: tlog.Origin(src.LedgerID), Size: src.Size, Root: src.Root}
	signed, err := tlog.SignCheckpoint(c, src.LogKey)
	if err != nil {
		return err
	}
	return sink.Put(checkpointName, signed.Bytes()) // last: without it there is no export
}
