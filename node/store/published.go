package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Published returns the revision ([Tally]) that the published index of (epoch, type) shows, 0 for one
// that was never published.
func (s *Store) Published(ctx context.Context, epoch uint64, t indicator.Type) (revision int64, err error) {
	err = s.main.read.QueryRowContext(ctx, "SELECT revision FROM published WHERE epoch = ? AND type = ?",
		int64(epoch), string(t)).Scan(&revision)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return revision, cause(ctx, err)
}

// SetPublished notes that the index of (epoch, type) shows that revision. A crash between publishing
// and noting leaves an index that is built once more.
func (s *Store) SetPublished(ctx context.Context, epoch uint64, t indicator.Type, revision int64) error {
	err := s.main.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, `INSERT INTO published (epoch, type, revision) VALUES (?, ?, ?)
			ON CONFLICT (epoch, type) DO UPDATE SET revision = excluded.revision`, int64(epoch), string(t), revision)
		return err
	})
	if err != nil {
		return fmt.Errorf("note the published index: %w", err)
	}
	return nil
}
