package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Position is how far an index shows the store: the ids of the newest indicator and of the newest line of
// the withdrawal journal of its type. Both grow with time.
type Position struct {
	Indicator  int64
	Withdrawal int64
}

// Position returns the newest position of a type and its tally, of one moment.
func (s *Store) Position(ctx context.Context, t indicator.Type) (p Position, tally Tally, err error) {
	tally.Type = t
	err = s.main.read.QueryRowContext(ctx, `SELECT
		coalesce((SELECT max(id) FROM indicator WHERE type = ?1), 0),
		coalesce((SELECT max(id) FROM withdrawal WHERE type = ?1), 0),
		coalesce((SELECT held FROM tally WHERE type = ?1), 0),
		coalesce((SELECT revision FROM tally WHERE type = ?1), 0)`, string(t)).
		Scan(&p.Indicator, &p.Withdrawal, &tally.Held, &tally.Revision)
	return p, tally, cause(ctx, err)
}

// Published is what this member last published of one index.
type Published struct {
	Revision int64    // of the [Tally] that it shows
	Version  uint64   // of its manifest, 0 if there never was one
	Manifest [32]byte // the manifest's hash
	Shows    Position
	// Starts are the positions behind which the manifest's segments begin, by name. It lacks those of a
	// manifest that an earlier version of the program published.
	Starts map[[32]byte]Position
}

// Published returns what was last published of (epoch, type); zero if nothing was.
func (s *Store) Published(ctx context.Context, epoch uint64, t indicator.Type) (p Published, err error) {
	var manifest []byte
	err = s.main.read.QueryRowContext(ctx, `SELECT revision, version, manifest, indicator, withdrawal
		FROM published WHERE epoch = ? AND type = ?`, int64(epoch), string(t)).
		Scan(&p.Revision, &p.Version, &manifest, &p.Shows.Indicator, &p.Shows.Withdrawal)
	if errors.Is(err, sql.ErrNoRows) {
		return Published{}, nil
	}
	if err != nil {
		return Published{}, cause(ctx, err)
	}
	copy(p.Manifest[:], manifest)
	p.Starts, err = s.starts(ctx, epoch, t)
	return p, err
}

func (s *Store) starts(ctx context.Context, epoch uint64, t indicator.Type) (map[[32]byte]Position, error) {
	type start struct {
		name [32]byte
		at   Position
	}
	rows, err := s.main.read.QueryContext(ctx, "SELECT name, indicator, withdrawal FROM segment WHERE epoch = ? AND type = ?",
		int64(epoch), string(t))
	if err != nil {
		return nil, cause(ctx, err)
	}
	list, err := collect(ctx, rows, func(rows *sql.Rows, v *start) error {
		var name []byte
		err := rows.Scan(&name, &v.at.Indicator, &v.at.Withdrawal)
		copy(v.name[:], name)
		return err
	})
	out := make(map[[32]byte]Position, len(list))
	for _, v := range list {
		out[v.name] = v.at
	}
	return out, err
}

// SetPublished notes what is about to be published. It comes before the manifest is shown to anybody:
// a crash in between leaves a version that nobody saw, and the next one follows it.
func (s *Store) SetPublished(ctx context.Context, epoch uint64, t indicator.Type, p Published) error {
	err := s.main.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, `INSERT INTO published (epoch, type, revision, version, manifest, indicator, withdrawal)
			VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (epoch, type) DO UPDATE SET revision = excluded.revision,
			version = excluded.version, manifest = excluded.manifest, indicator = excluded.indicator,
			withdrawal = excluded.withdrawal`,
			int64(epoch), string(t), p.Revision, int64(p.Version), p.Manifest[:], p.Shows.Indicator, p.Shows.Withdrawal)
		if err == nil {
			_, err = c.ExecContext(ctx, `INSERT INTO shown (epoch, type, version, manifest, withdrawal) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (epoch, type, version) DO UPDATE SET manifest = excluded.manifest, withdrawal = excluded.withdrawal`,
				int64(epoch), string(t), int64(p.Version), p.Manifest[:], p.Shows.Withdrawal)
		}
		if err == nil {
			err = setStarts(ctx, c, epoch, t, p.Starts)
		}
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

// DropPublished forgets the index that was published of an epoch that is over. Which manifests were shown
// stays: it says who has acknowledged a removal.
func (s *Store) DropPublished(ctx context.Context, epoch uint64) error {
	err := s.main.tx(ctx, func(c *sql.Conn) error {
		if _, err := c.ExecContext(ctx, "DELETE FROM segment WHERE epoch = ?", int64(epoch)); err != nil {
			return err
		}
		_, err := c.ExecContext(ctx, "DELETE FROM published WHERE epoch = ?", int64(epoch))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the published index: %w", err)
	}
	s.main.checkpoint(ctx)
	return nil
}

func setStarts(ctx context.Context, c *sql.Conn, epoch uint64, t indicator.Type, starts map[[32]byte]Position) error {
	_, err := c.ExecContext(ctx, "DELETE FROM segment WHERE epoch = ? AND type = ?", int64(epoch), string(t))
	for name, at := range starts {
		if err == nil {
			_, err = c.ExecContext(ctx, "INSERT INTO segment (epoch, type, name, indicator, withdrawal) VALUES (?, ?, ?, ?, ?)",
				int64(epoch), string(t), name[:], at.Indicator, at.Withdrawal)
		}
	}
	return err
}

// Shown returns the hash of the manifest that was published as a version, and whether one was.
func (s *Store) Shown(ctx context.Context, epoch uint64, t indicator.Type, version uint64) (manifest [32]byte, ok bool, err error) {
	var b []byte
	err = s.main.read.QueryRowContext(ctx, "SELECT manifest FROM shown WHERE epoch = ? AND type = ? AND version = ?",
		int64(epoch), string(t), int64(version)).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return manifest, false, nil
	}
	copy(manifest[:], b)
	return manifest, err == nil, cause(ctx, err)
}
