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
	Final    *Final // nil where the source is not final, or not asked to prove it
}

// Sink takes the files of an export, each once. Export calls Commit at the end, or Abort after any
// error, and nothing after that.
type Sink interface {
	Put(name string, data []byte) error
	Commit() error
	Abort()
}

// Export writes a ledger out in bounded memory. The same source gives the same bytes. After
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
		if err := src.matchHandOver(tree); err != nil {
			return err
		}
	}
	if tree.Size() != src.Size || tree.Root() != tlog.Hash(src.Root) {
		return fmt.Errorf("%w: %d of %d leaves", ErrSource, tree.Size(), src.Size)
	}
	if err := tiler.Finish(); err != nil {
		return err
	}
	return src.seal(sink)
}

// matchHandOver wants a hand-over at the size that tree has come to, if there is one, to have its root.
func (src Source) matchHandOver(tree tlog.Frontier) error {
	if src.Final == nil {
		return nil
	}
	for _, h := range src.Final.HandOvers {
		if h.Size == tree.Size() && tlog.Hash(h.Root) != tree.Root() {
			return fmt.Errorf("%w: the hand-over at size %d", ErrSource, h.Size)
		}
	}
	return nil
}

// seal writes the checkpoints: that of the export last, since without it there is no export.
func (src Source) seal(sink Sink) error {
	var final Final
	if src.Final != nil {
		final = *src.Final
	}
	last := uint64(0)
	for _, h := range final.HandOvers {
		if h.Size <= last || h.Size >= src.Size {
			return fmt.Errorf("%w: the hand-over at size %d", ErrSource, h.Size)
		}
		last = h.Size
		if err := src.put(sink, handOverName(h.Size), h.Size, h.Root, h.Cosignatures); err != nil {
			return err
		}
	}
	return src.put(sink, checkpointName, src.Size, src.Root, final.Cosignatures)
}

func (src Source) put(sink Sink, name string, size uint64, root [32]byte, cosignatures []tlog.Cosignature) error {
	c := tlog.Checkpoint{Origin: tlog.Origin(src.LedgerID), Size: size, Root: root}
	signed, err := tlog.SignCheckpoint(c, src.LogKey)
	if err != nil {
		return err
	}
	cosigned, err := tlog.NewCosignedCheckpoint(signed, cosignatures...)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSource, name, err)
	}
	return sink.Put(name, cosigned.Bytes())
}
