package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Published is what this member last published of one index.
type Published struct {
	Revision int64    // of the [Tally] that it shows
	Version  uint64   // of its manifest, 0 if there never was one
	Manifest [32]byte // the manifest's hash
}

// Published returns what was last published of (epoch, type); zero if nothing was.
func (s *Store) Published(ctx context.Context, epoch uint64, t indicator.Type) (p Published, err error) {
	var manifest []byte
	err = s.main.read.QueryRowContext(ctx, "SELECT revision, version, manifest FROM published WHERE epoch = ? AND type = ?",
		int64(epoch), string(t)).Scan(&p.Revision, &p.Version, &manifest)
	if errors.Is(err, sql.ErrNoRows) {
		return Published{}, nil
	}
	copy(p.Manifest[:], manifest)
	return p, cause(ctx, err)
}

// SetPublished notes what is about to be published. It comes before the manifest is shown to anybody:
// a crash in between leaves a version that nobody saw, and the next one follows it.
func (s *Store) SetPublished(ctx context.Context, epoch uint64, t indicator.Type, p Published) error {
	err := s.main.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, `INSERT INTO published (epoch, type, revision, version, manifest) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (epoch, type) DO UPDATE SET revision = excluded.revision, version = excluded.version,
			manifest = excluded.manifest`, int64(epoch), string(t), p.Revision, int64(p.Version), p.Manifest[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("note the published index: %w", err)
	}
	return nil
}

// PublishedEpochs lists the epochs of which something was published, in ascending order.
func (s *Store) PublishedEpochs(ctx context.Context) ([]uint64, error) {
	rows, err := s.main.read.QueryContext(ctx, "SELECT DISTINCT epoch FROM published ORDER BY epoch")
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, epoch *uint64) error { return rows.Scan(epoch) })
}

// DropPublished forgets what was published of an epoch that is over.
func (s *Store) DropPublished(ctx context.Context, epoch uint64) error {
	err := s.main.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "DELETE FROM published WHERE epoch = ?", int64(epoch))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the published index: %w", err)
	}
	s.main.checkpoint(ctx)
	return nil
}
