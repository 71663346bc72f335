package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// MaxLabel is the longest encoded label in bytes (specs/indicators.md).
const MaxLabel = 238

// Row is one indicator to import.
type Row struct {
	Type      indicator.Type
	Digest    indicator.Digest // 32 bytes
	Label     []byte           // encoded, at most MaxLabel bytes
	Reference string           // the label's, at most 255 bytes; empty if absent
	Expires   string           // the label's, YYYY-MM-DD; empty if absent
	Derived   bool             // followed from another value: counted beside the lines
}

// Counts is what became of the rows of an import. A row that is not Derived is either imported or a
// duplicate; a derived one counts only if it was new.
type Counts struct {
	Imported, Duplicates, Derived int64
}

// Import is an import under way. Nothing of it is in the store before Commit returns. It is for one
// goroutine.
type Import struct {
	store *Store
	stage *stage // nil once closed
}

// Begin starts an import. Any number may be staged at a time; they commit one after the other.
func (s *Store) Begin(ctx context.Context) (*Import, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := s.create(filepath.Join(s.dir, stagePrefix+rand.Text()))
	if err != nil {
		return nil, fmt.Errorf("stage the import: %w", mapped(err))
	}
	return &Import{store: s, stage: &stage{file: f}}, nil
}

// Add stages a row. It copies what it keeps. After an error the import can only be aborted.
func (im *Import) Add(r Row) error {
	if im.stage == nil {
		return ErrClosed
	}
	if err := im.stage.add(r); err != nil {
		return err
	}
	return im.store.main.at("add")
}

// Abort drops the import. After Commit it does nothing, so that it can be deferred.
func (im *Import) Abort() error {
	if im.stage == nil {
		return nil
	}
	err := im.stage.discard()
	im.stage = nil
	return err
}

// Commit moves all rows into the store in one transaction and closes the import. The first row with
// a digest keeps its label; a later one, and one whose digest the store holds already, counts as a
// duplicate. After an error nothing has been kept, except where the disk failed after it had written
// everything: to import the same feed again is always right, and then finds only duplicates.
func (im *Import) Commit(ctx context.Context) (Counts, error) { return im.finish(ctx, true) }

// Preview counts what Commit would do, keeps nothing and closes the import.
func (im *Import) Preview(ctx context.Context) (Counts, error) { return im.finish(ctx, false) }

func (im *Import) finish(ctx context.Context, keep bool) (Counts, error) {
	if im.stage == nil {
		return Counts{}, ErrClosed
	}
	counts, err := im.merge(ctx, keep)
	if aerr := im.Abort(); err == nil && aerr != nil && !keep {
		err = aerr // after a commit the rows are safe, and Open removes the file
	}
	if err != nil {
		return Counts{}, fmt.Errorf("import: %w", err)
	}
	return counts, nil
}

func (im *Import) merge(ctx context.Context, keep bool) (Counts, error) {
	if err := im.stage.flush(); err != nil {
		return Counts{}, err
	}
	var counts Counts
	err := im.store.main.tx(ctx, func(c *sql.Conn) error {
		var err error
		if counts, err = insertAll(ctx, c, im.stage, im.store); err != nil {
			return err
		}
		if !keep {
			return errDiscard
		}
		return nil
	})
	if err == nil && keep {
		im.store.main.checkpoint(context.WithoutCancel(ctx))
	}
	return counts, err
}
