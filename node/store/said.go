package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Said is a statement of this member about a match, to be told or told. It is about a match of its own
// or about a notice that came in, the other is empty.
type Said struct {
	Seq       int64
	Kind      string // "notice" or "feedback"
	Member    string // to whom, by name
	MatchID   string
	HeardID   string
	Hash      [32]byte // SHA-256 of Body
	Body      []byte
	Signature []byte // 64 bytes
	Verdict   string // of a feedback
	Purpose   string // of a notice
	CaseSalt  []byte // opens a notice's commitment to the case reference
	State     string // SaidWaiting, SaidDelivered, SaidRefused
	Reason    string // why it waits or was refused
	Attempts  int
	At        time.Time
	ToldAt    time.Time // zero until it is delivered or refused

	Receipt, ReceiptSignature []byte // nil until there is one
}

// The states of a statement of this member.
const (
	SaidWaiting   = "waiting"
	SaidDelivered = "delivered"
	SaidRefused   = "refused"
)

// Change is what a person decided about a match, entered together with what is to be said of it.
type Change struct {
	MatchID string     // the match, in full
	HeardID string     // or the notice that came in
	State   MatchState // empty leaves it
	Note    string     // empty for none
	Say     []Said     // in the order in which they are to be told
}

// Decide enters changes, all of them or none. [ErrNotFound], [ErrNotes].
func (s *Store) Decide(ctx context.Context, changes ...Change) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		for _, ch := range changes {
			if err := s.decide(ctx, c, ch); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("enter what was decided: %w", err)
	}
	return nil
}

func (s *Store) decide(ctx context.Context, c *sql.Conn, ch Change) error {
	table, id := "match", ch.MatchID
	if ch.HeardID != "" {
		table, id = "heard", ch.HeardID
	}
	var seq int64
	if err := c.QueryRowContext(ctx, "SELECT seq FROM "+table+" WHERE id = ?", id).Scan(&seq); err != nil {
		return mapped(err)
	}
	if ch.State != "" {
		if _, err := c.ExecContext(ctx, "UPDATE "+table+" SET state = ? WHERE seq = ?", string(ch.State), seq); err != nil {
			return err
		}
	}
	if ch.Note != "" {
		if err := s.addNote(ctx, c, table, seq, ch.Note); err != nil {
			return err
		}
	}
	for _, say := range ch.Say {
		if err := s.say(ctx, c, table, seq, say); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) say(ctx context.Context, c *sql.Conn, about string, seq int64, say Said) error {
	salt := say.CaseSalt
	if salt == nil {
		salt = []byte{}
	}
	at := s.now().UnixMilli()
	_, err := c.ExecContext(ctx, `INSERT INTO said (kind, member, `+about+`, hash, body, signature, verdict, purpose, case_salt,
		state, reason, attempts, next_at, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', '', 0, ?, ?)`,
		say.Kind, say.Member, seq, say.Hash[:], say.Body, say.Signature, say.Verdict, say.Purpose, salt, at, at)
	return err
}

const saidColumns = `d.seq, d.kind, d.member, coalesce(m.id, ''), coalesce(h.id, ''), d.hash, d.body, d.signature, d.verdict,
	d.purpose, d.case_salt, d.state, d.reason, d.attempts, d.at, coalesce(d.told_at, 0), d.receipt, d.receipt_signature
	FROM said AS d LEFT JOIN match AS m ON m.seq = d.match LEFT JOIN heard AS h ON h.seq = d.heard`

func scanSaid(rows *sql.Rows, d *Said) error {
	var at, told int64
	var hash []byte
	err := rows.Scan(&d.Seq, &d.Kind, &d.Member, &d.MatchID, &d.HeardID, &hash, &d.Body, &d.Signature, &d.Verdict,
		&d.Purpose, &d.CaseSalt, &d.State, &d.Reason, &d.Attempts, &at, &told, &d.Receipt, &d.ReceiptSignature)
	copy(d.Hash[:], hash)
	d.At = fromMillis(at)
	if told != 0 {
		d.ToldAt = fromMillis(told)
	}
	return err
}

func (s *Store) saidWhere(ctx context.Context, where string, args ...any) ([]Said, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+saidColumns+" WHERE "+where, args...)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, scanSaid)
}

// SaidAbout lists this member's statements about a match of its own or a notice that came in, oldest
// first, at most [MaxPage].
func (s *Store) SaidAbout(ctx context.Context, id string) ([]Said, error) {
	return s.saidWhere(ctx, "m.id = ? OR h.id = ? ORDER BY d.seq LIMIT ?", id, id, MaxPage)
}

// DueSaid lists what waits to be told, oldest first. Of each member it begins with the first that waits,
// so that a feedback never overtakes its notice, and leaves out a member whose first may not be tried
// yet.
func (s *Store) DueSaid(ctx context.Context, limit int) ([]Said, error) {
	return s.saidWhere(ctx, `d.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM said AS e WHERE e.member = d.member
		AND e.state = 'waiting' AND e.next_at > ? AND e.seq <= d.seq) ORDER BY d.seq LIMIT ?`, s.now().UnixMilli(), limit)
}

// Resay replaces the body of a statement that waits: the node key of one of the two was rotated since it
// was signed.
func (s *Store) Resay(ctx context.Context, seq int64, hash [32]byte, body, signature []byte) error {
	return s.activity.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "UPDATE said SET hash = ?, body = ?, signature = ? WHERE seq = ? AND state = 'waiting'",
			hash[:], body, signature, seq)
		return err
	})
}

// Acknowledged enters the other side's receipt of a statement: delivered, or refused for good with the reason.
func (s *Store) Acknowledged(ctx context.Context, seq int64, refused string, receipt, signature []byte) error {
	state := SaidDelivered
	if refused != "" {
		state = SaidRefused
	}
	return s.activity.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, `UPDATE said SET state = ?, reason = ?, told_at = ?, receipt = ?, receipt_signature = ?,
			attempts = attempts + 1 WHERE seq = ? AND state = 'waiting'`, state, refused, s.now().UnixMilli(), receipt, signature, seq)
		return err
	})
}

// Postpone notes why a statement could not be told and when to try again.
func (s *Store) Postpone(ctx context.Context, seq int64, reason string, next time.Time) error {
	return s.activity.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, `UPDATE said SET reason = ?, next_at = ?, attempts = attempts + 1
			WHERE seq = ? AND state = 'waiting'`, reason, next.UnixMilli(), seq)
		return err
	})
}
