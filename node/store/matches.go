package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Source is what found a match.
type Source string

// The sources of matches.
const (
	FromQuery     Source = "query"
	FromWatch     Source = "watch"
	FromReconcile Source = "reconcile"
)

// MatchState is how far this member has come with a match.
type MatchState string

// The states of a match.
const (
	MatchNew      MatchState = "new"
	MatchNotified MatchState = "notified" // the holder has been told, or is to be
	MatchDisputed MatchState = "disputed" // by this member or by the holder
	MatchClosed   MatchState = "closed"
)

// Place is where an item stands in the holder's index: what names it to the holder and to nobody else.
type Place struct {
	Epoch uint64   // of the holder
	Tag   [8]byte  // index.Deriver.Tag of the item's VOPRF output
	Proof [32]byte // index.Deriver.NoticeKey of it
}

// Found is an item that this member and a holder share, as a query, a watch or a reconcile finds it.
type Found struct {
	Item      [32]byte // [MatchItem] of its digest: the same whenever and by whatever it is found
	Type      indicator.Type
	Holder    string  // the member's name
	Reference *string // this member's own, nil where it has none
	Label     []byte  // the holder's, encoded, nil where policy reveals the match alone
	Place     *Place  // nil where it is not known: the holder can then not be told
}

// Sighting is one time that a source saw matches.
type Sighting struct {
	Source  Source
	Origin  string    // the id of the query, watch or reconcile
	At      time.Time // milliseconds are kept
	Purpose string
	Case    string // the case reference; it never leaves the node
}

// Added is what became of one Found. New is false where the match was known already: an alert is raised
// for new ones alone.
type Added struct {
	ID  string
	New bool
}

// MatchItem stands for a digest in the table of matches. key is the ring's, keys.Ring.Local("match"): who
// reads the database alone cannot test guesses of values against it.
func MatchItem(key [32]byte, d indicator.Digest) [32]byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write(d[:])
	return [32]byte(mac.Sum(nil))
}

const matchDomain = "crosslight/local/v1 match"

// MatchID is the id of the match of an item with a holder, 32 characters of hex: the same for ever.
func MatchID(holder string, t indicator.Type, item [32]byte) string {
	b := append([]byte(matchDomain), 0)
	for _, part := range []string{holder, string(t)} {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(part))), part...)
	}
	sum := sha256.Sum256(append(b, item[:]...))
	return hex.EncodeToString(sum[:16])
}

// AddMatches enters what a source found, all of it or nothing, and says of each whether it is new. A
// match that is known keeps its id, its state and the time when it was first seen; its label and its
// place become the newest. The same again changes nothing but the time when it was last seen.
func (s *Store) AddMatches(ctx context.Context, by Sighting, found []Found) (added []Added, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		added, err = addMatches(ctx, c, by, found)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("enter matches: %w", err)
	}
	return added, nil
}

// addMatches is AddMatches inside a transaction of the activity database.
func addMatches(ctx context.Context, c *sql.Conn, by Sighting, found []Found) ([]Added, error) {
	if len(found) == 0 {
		return nil, nil
	}
	put, err := c.PrepareContext(ctx, `INSERT INTO match (id, source, type, holder, reference, label, first_seen, last_seen,
		state, epoch, tag, proof) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'new', ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen),
		reference = coalesce(excluded.reference, reference), label = coalesce(excluded.label, label),
		epoch = coalesce(excluded.epoch, epoch), tag = coalesce(excluded.tag, tag), proof = coalesce(excluded.proof, proof)
		RETURNING seq`)
	if err != nil {
		return nil, err
	}
	defer put.Close()
	see, err := c.PrepareContext(ctx, `INSERT INTO sighting (match, source, origin, n, at, purpose, case_ref, reference, label)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (source, origin, match) DO UPDATE SET at = excluded.at, label = excluded.label`)
	if err != nil {
		return nil, err
	}
	defer see.Close()
	newest, err := newestMatch(ctx, c)
	if err != nil {
		return nil, err
	}
	added := make([]Added, len(found))
	for n, f := range found {
		at, id := by.At.UnixMilli(), MatchID(f.Holder, f.Type, f.Item)
		var epoch, tag, proof any
		if f.Place != nil {
			epoch, tag, proof = int64(f.Place.Epoch), f.Place.Tag[:], f.Place.Proof[:]
		}
		var seq int64
		err := put.QueryRowContext(ctx, id, by.Source, string(f.Type), f.Holder, f.Reference, f.Label, at, at, epoch, tag, proof).Scan(&seq)
		if err != nil {
			return nil, err
		}
		if _, err = see.ExecContext(ctx, seq, by.Source, by.Origin, n, at, by.Purpose, by.Case, f.Reference, f.Label); err != nil {
			return nil, err
		}
		added[n] = Added{ID: id, New: seq > newest}
		newest = max(newest, seq)
	}
	return added, nil
}

// newestMatch is the highest number that a match ever had: AUTOINCREMENT gives a new one a higher.
func newestMatch(ctx context.Context, c *sql.Conn) (seq int64, err error) {
	err = c.QueryRowContext(ctx, "SELECT seq FROM sqlite_sequence WHERE name = 'match'").Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}
