package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// eachPage is how many rows Each holds in memory.
const eachPage = 2048

type item struct {
	id       int64
	digest   indicator.Digest
	label, f []byte
}

// Each calls fn with every indicator of a type: digest, encoded label, and the OPRF output cached
// for epoch, 64 bytes, or nil. The slices are fn's to keep.
//
// It reads page by page and holds no transaction, so fn may take its time and write to the store.
// What is imported meanwhile is seen at the end, what is withdrawn before its page is read is not:
// compare [Store.Count] before and after where that matters.
func (s *Store) Each(ctx context.Context, epoch uint64, t indicator.Type, fn func(d indicator.Digest, label, f []byte) error) error {
	return s.EachBetween(ctx, epoch, t, 0, math.MaxInt64, fn)
}

// EachBetween is Each for the indicators with an id above after and up to upTo: see [Position].
func (s *Store) EachBetween(ctx context.Context, epoch uint64, t indicator.Type, after, upTo int64, fn func(d indicator.Digest, label, f []byte) error) error {
	for last := after; ; {
		page, err := s.page(ctx, epoch, t, last)
		if err != nil {
			return err
		}
		for _, it := range page {
			if it.id > upTo {
				return nil
			}
			if err := fn(it.digest, it.label, it.f); err != nil {
				return err
			}
			last = it.id
		}
		if len(page) < eachPage {
			return nil
		}
	}
}

func (s *Store) page(ctx context.Context, epoch uint64, t indicator.Type, after int64) ([]item, error) {
	rows, err := s.main.read.QueryContext(ctx, `SELECT i.id, i.digest, i.label, o.f FROM indicator AS i
		LEFT JOIN output AS o ON o.indicator = i.id AND o.epoch = ?
		WHERE i.type = ? AND i.id > ? ORDER BY i.id LIMIT ?`, int64(epoch), string(t), after, eachPage)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, it *item) error {
		var digest sql.RawBytes
		err := rows.Scan(&it.id, &digest, &it.label, &it.f)
		copy(it.digest[:], digest)
		return err
	})
}

// Output is the OPRF output of one of the member's own indicators, sealed by the caller.
type Output struct {
	Digest indicator.Digest
	F      [64]byte
}

// PutOutputs caches outputs of an epoch in one transaction. Those of indicators that have been
// withdrawn meanwhile are dropped.
func (s *Store) PutOutputs(ctx context.Context, epoch uint64, outputs []Output) error {
	err := s.main.tx(ctx, func(c *sql.Conn) error {
		put, err := c.PrepareContext(ctx, `INSERT INTO output (indicator, epoch, f)
			SELECT id, ?, ? FROM indicator WHERE digest = ? ON CONFLICT (indicator, epoch) DO UPDATE SET f = excluded.f`)
		if err != nil {
			return err
		}
		defer put.Close()
		for i := range outputs {
			if _, err := put.ExecContext(ctx, int64(epoch), outputs[i].F[:], outputs[i].Digest[:]); err != nil {
				return err
			}
		}
		return s.main.at("rows")
	})
	if err != nil {
		return fmt.Errorf("cache outputs: %w", err)
	}
	return nil
}

// dropRows is how many indicators DropOutputs visits in one transaction.
const dropRows = 50_000

// DropOutputs forgets the outputs of an epoch whose key is erased. It works in short transactions so
// that others can write in between; interrupted, it has dropped some, and is to be called again.
func (s *Store) DropOutputs(ctx context.Context, epoch uint64) error {
	var last int64
	err := s.main.read.QueryRowContext(ctx, "SELECT coalesce(max(indicator), 0) FROM output").Scan(&last)
	if err != nil {
		return cause(ctx, err)
	}
	for from := int64(0); from <= last; from += dropRows {
		err := s.main.tx(ctx, func(c *sql.Conn) error {
			_, err := c.ExecContext(ctx, "DELETE FROM output WHERE indicator >= ? AND indicator < ? AND epoch = ?",
				from, from+dropRows, int64(epoch))
			return err
		})
		if err != nil {
			return fmt.Errorf("drop outputs: %w", err)
		}
	}
	return nil
}
