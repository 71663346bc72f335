package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Heard is a statement of another member: a notice, or a feedback about a notice of either side.
type Heard struct {
	ID        string // local, of a notice: what people name it by
	Kind      string // "notice" or "feedback"
	Member    string // who said it, by name
	Statement [16]byte
	Hash      [32]byte // SHA-256 of Body
	Body      []byte
	Signature []byte // 64 bytes
	At        time.Time

	Receipt, ReceiptSignature []byte // what this member answered

	Verdict string   // of a feedback
	About   [32]byte // of a feedback: the hash of the notice; written, not read back

	Type      indicator.Type // of a notice, from here on
	Purpose   string
	State     MatchState
	Item      string  // one of the states of an item below
	Digest    []byte  // of this member's own indicator, 32 bytes, nil until it is found
	Reference *string // of the same
}

// How far a notice has been led to one of the member's own indicators.
const (
	ItemPending = "pending" // not looked for yet
	ItemFound   = "found"   // tag and seal are those of an own indicator
	ItemClaimed = "claimed" // the epoch is over; the reference names an own indicator, which proves nothing
	ItemUnknown = "unknown" // nothing of ours
)

// HeardPrefix begins the local id of every notice that came in.
const HeardPrefix = "in-"

// Limits of what one member can have this one keep.
const (
	MaxHeard    = 20_000 // notices; closed ones make room
	MaxFeedback = 16     // about one notice
)

var (
	// ErrStatement reports a statement id that stands for another statement. Nothing was kept.
	ErrStatement = errors.New("statement id was used for another statement")
	// ErrHeardFull reports a member that has said as much as is kept of it. Nothing was kept.
	ErrHeardFull = errors.New("as many statements of this member are kept as may be: close some of its notices")
)

// Hear keeps a statement with the receipt that is about to be given, in one transaction: what was
// acknowledged is never lost. A statement that was kept before gives what was kept, with its receipt,
// and again true. Errors: [ErrStatement], [ErrHeardFull], [ErrNotFound] for a feedback about a notice that
// neither side has sent.
func (s *Store) Hear(ctx context.Context, h Heard) (kept Heard, again bool, err error) {
	err = s.activity.tx(ctx, func(c *sql.Conn) error {
		kept, again, err = s.hear(ctx, c, h)
		return err
	})
	if err != nil {
		return Heard{}, false, fmt.Errorf("keep the statement: %w", err)
	}
	return kept, again, nil
}

func (s *Store) hear(ctx context.Context, c *sql.Conn, h Heard) (Heard, bool, error) {
	rows, err := c.QueryContext(ctx, "SELECT "+heardColumns+" WHERE h.member = ? AND h.statement = ?", h.Member, h.Statement[:])
	if err != nil {
		return h, false, err
	}
	before, err := collect(ctx, rows, scanHeard)
	switch {
	case err != nil:
		return h, false, err
	case len(before) > 0 && before[0].Hash == h.Hash && bytes.Equal(before[0].Signature, h.Signature):
		return before[0], true, nil
	case len(before) > 0:
		return h, false, ErrStatement
	}
	h.At = s.now().UTC().Truncate(time.Millisecond)
	if h.Kind == "feedback" {
		return h, false, s.hearFeedback(ctx, c, h)
	}
	sum := sha256.Sum256(append([]byte(h.Member+"\x00"), h.Statement[:]...))
	h.ID, h.State, h.Item = HeardPrefix+hex.EncodeToString(sum[:8]), MatchNew, ItemPending
	if err := makeRoom(ctx, c, h.Member); err != nil {
		return h, false, err
	}
	return h, false, insertHeard(ctx, c, h, nil, nil)
}

// makeRoom lets the oldest closed notice of a member go where it has as many as it may.
func makeRoom(ctx context.Context, c *sql.Conn, member string) error {
	var n int
	err := c.QueryRowContext(ctx, "SELECT count(*) FROM heard WHERE member = ? AND kind = 'notice'", member).Scan(&n)
	if err != nil || n < MaxHeard {
		return err
	}
	var seq int64
	err = c.QueryRowContext(ctx, "SELECT seq FROM heard WHERE member = ? AND kind = 'notice' AND state = 'closed' ORDER BY seq LIMIT 1",
		member).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrHeardFull
	}
	if err == nil {
		_, err = c.ExecContext(ctx, "DELETE FROM heard WHERE seq = ?", seq)
	}
	return err
}

// hearFeedback finds the notice that a feedback is about, this member's or the other's, and marks it.
func (s *Store) hearFeedback(ctx context.Context, c *sql.Conn, h Heard) error {
	var said, heard, match sql.NullInt64
	err := c.QueryRowContext(ctx, "SELECT seq, match FROM said WHERE member = ? AND hash = ? AND kind = 'notice'",
		h.Member, h.About[:]).Scan(&said, &match)
	if errors.Is(err, sql.ErrNoRows) {
		err = c.QueryRowContext(ctx, "SELECT seq FROM heard WHERE member = ? AND hash = ? AND kind = 'notice'",
			h.Member, h.About[:]).Scan(&heard)
	}
	if err != nil {
		return mapped(err)
	}
	var n int
	err = c.QueryRowContext(ctx, "SELECT count(*) FROM heard WHERE said = ? OR heard = ?", said, heard).Scan(&n)
	if err == nil && n >= MaxFeedback {
		err = ErrHeardFull
	}
	if err == nil && h.Verdict != "confirmed" { // a matter that is closed here stays closed
		_, err = c.ExecContext(ctx, "UPDATE match SET state = 'disputed' WHERE seq = ? AND state <> 'closed'", match)
		if err == nil {
			_, err = c.ExecContext(ctx, "UPDATE heard SET state = 'disputed' WHERE seq = ? AND state <> 'closed'", heard)
		}
	}
	if err != nil {
		return err
	}
	h.ID = "feedback-" + hex.EncodeToString(h.Hash[:])
	h.State = MatchNew
	return insertHeard(ctx, c, h, rowOrNull(said), rowOrNull(heard))
}

func rowOrNull(n sql.NullInt64) any {
	if !n.Valid {
		return nil
	}
	return n.Int64
}

func insertHeard(ctx context.Context, c *sql.Conn, h Heard, said, heard any) error {
	_, err := c.ExecContext(ctx, `INSERT INTO heard (id, kind, member, statement, hash, body, signature, receipt,
		receipt_signature, at, said, heard, verdict, type, purpose, state, item)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, h.ID, h.Kind, h.Member, h.Statement[:], h.Hash[:], h.Body,
		h.Signature, h.Receipt, h.ReceiptSignature, h.At.UnixMilli(), said, heard, h.Verdict, string(h.Type), h.Purpose,
		string(h.State), h.Item)
	return err
}

const heardColumns = `h.seq, h.id, h.kind, h.member, h.statement, h.hash, h.body, h.signature, h.receipt, h.receipt_signature,
	h.at, h.verdict, h.type, h.purpose, h.state, h.item, h.digest, h.reference FROM heard AS h`

func scanHeardSeq(rows *sql.Rows, h *Heard) (seq int64, err error) {
	var at int64
	var statement, hash []byte
	err = rows.Scan(&seq, &h.ID, &h.Kind, &h.Member, &statement, &hash, &h.Body, &h.Signature, &h.Receipt, &h.ReceiptSignature,
		&at, &h.Verdict, &h.Type, &h.Purpose, &h.State, &h.Item, &h.Digest, &h.Reference)
	copy(h.Statement[:], statement)
	copy(h.Hash[:], hash)
	h.At = fromMillis(at)
	return seq, err
}

func scanHeard(rows *sql.Rows, h *Heard) error {
	_, err := scanHeardSeq(rows, h)
	return err
}

// HeardFilter narrows a list of notices that came in; empty fields let everything through.
type HeardFilter struct {
	Type   indicator.Type
	Member string // who sent it
	State  MatchState
	Since  time.Time // heard then or later
}

// Notices lists notices that came in, newest first, as [Store.Matches] does.
func (s *Store) Notices(ctx context.Context, f HeardFilter, cursor string, limit int) (page []Heard, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	where, args := "h.kind = 'notice' AND h.seq < ?", []any{before}
	and := func(clause string, arg any) { where, args = where+" AND "+clause, append(args, arg) }
	if f.Type != "" {
		and("h.type = ?", string(f.Type))
	}
	if f.Member != "" {
		and("h.member = ?", f.Member)
	}
	if f.State != "" {
		and("h.state = ?", string(f.State))
	}
	if !f.Since.IsZero() {
		and("h.at >= ?", f.Since.UnixMilli())
	}
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+heardColumns+" WHERE "+where+" ORDER BY h.seq DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return nil, "", cause(ctx, err)
	}
	var seqs []int64
	page, err = collect(ctx, rows, func(rows *sql.Rows, h *Heard) error {
		seq, err := scanHeardSeq(rows, h)
		seqs = append(seqs, seq)
		return err
	})
	if err == nil && len(page) > limit {
		page, next = page[:limit], cursorAt(seqs[limit-1])
	}
	return page, next, err
}

// Notice returns a notice that came in by its local id or a prefix of it that no other has.
// [ErrNotFound] and [ErrAmbiguous].
func (s *Store) Notice(ctx context.Context, id string) (Heard, error) {
	digits, ok := strings.CutPrefix(id, HeardPrefix)
	if !ok || len(digits) < minPrefix || strings.Trim(digits, "0123456789abcdef") != "" {
		return Heard{}, ErrNotFound
	}
	found, err := s.heardWhere(ctx, "h.kind = 'notice' AND h.id >= ? AND h.id < ? LIMIT 2", id, id+"g")
	switch {
	case err != nil:
		return Heard{}, err
	case len(found) == 0:
		return Heard{}, ErrNotFound
	case len(found) > 1:
		return Heard{}, ErrAmbiguous
	}
	return found[0], nil
}

func (s *Store) heardWhere(ctx context.Context, where string, args ...any) ([]Heard, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+heardColumns+" WHERE "+where, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, scanHeard)
}

// FeedbackAbout lists what others said about a match of this member's or a notice that came in, oldest
// first.
func (s *Store) FeedbackAbout(ctx context.Context, id string) ([]Heard, error) {
	return s.heardWhere(ctx, `h.said IN (SELECT d.seq FROM said AS d JOIN match AS m ON m.seq = d.match WHERE m.id = ?)
		OR h.heard IN (SELECT seq FROM heard WHERE id = ?) ORDER BY h.seq LIMIT ?`, id, id, MaxPage)
}

// HeardNotes lists what was written down about a notice that came in, the oldest first.
func (s *Store) HeardNotes(ctx context.Context, id string) ([]Note, error) {
	return s.notes(ctx, "heard_note AS t JOIN heard AS m ON m.seq = t.heard", id)
}

// PendingNotices lists notices whose item has not been looked for yet, oldest first.
func (s *Store) PendingNotices(ctx context.Context, limit int) ([]Heard, error) {
	return s.heardWhere(ctx, "h.item = 'pending' ORDER BY h.seq LIMIT ?", limit)
}

// Led notes which of the member's own indicators a notice is about: nil and nil with [ItemUnknown].
func (s *Store) Led(ctx context.Context, id, item string, digest *indicator.Digest, reference *string) error {
	var raw any
	if digest != nil {
		raw = digest[:]
	}
	return s.activity.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "UPDATE heard SET item = ?, digest = ?, reference = ? WHERE id = ?", item, raw, reference, id)
		return err
	})
}
