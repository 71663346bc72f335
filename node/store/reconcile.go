package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ReconcileState is how far a reconciliation has come.
type ReconcileState string

// The states of a reconciliation.
const (
	ReconcileRequested ReconcileState = "requested" // made here, not delivered yet
	ReconcilePending   ReconcileState = "pending"   // delivered; the other side's operator has to decide
	ReconcileApproved  ReconcileState = "approved"
	ReconcileDenied    ReconcileState = "denied"
	ReconcileRunning   ReconcileState = "running"
	ReconcileDone      ReconcileState = "done"
	ReconcileFailed    ReconcileState = "failed"
	ReconcileCancelled ReconcileState = "cancelled"
	ReconcileExpired   ReconcileState = "expired"
)

// Over says that nothing more will come of it.
func (s ReconcileState) Over() bool {
	switch s {
	case ReconcileRequested, ReconcilePending, ReconcileApproved, ReconcileRunning:
		return false
	}
	return true
}

// Reconcile is a reconciliation as it is kept, on either side.
type Reconcile struct {
	ID        string // 32 characters of hex
	Initiator bool   // whether this member made the offer
	Peer      string // the other side's name
	Offer     []byte // as it was signed
	Signature []byte // the initiator's
	Case      string // the case reference, here at the initiator's alone
	CaseSalt  []byte // opens the offer's commitment to it
	State     ReconcileState
	Detail    string // what stands in the way, in words
	Passes    int    // that are over
	Attempt   []byte // 16 bytes; nil before the first
	Own       *int64 // elements of this member's set, nil before a pass began
	Theirs    *int64
	Matches   int64
	Created   time.Time
	Updated   time.Time
	Expires   time.Time
	Receipts  []ReconcileReceipt // of passes that are over; a list leaves them out
}

// ReconcileReceipt is what both signed about a pass, each as a message of crosslight/reconcile/v1.
type ReconcileReceipt struct {
	Pass    int
	Attempt [16]byte
	Own     []byte
	Theirs  []byte
}

// ErrReconcile reports that a reconciliation is not in a state that allows the change.
var ErrReconcile = errors.New("the reconciliation is in another state")

const reconcileColumns = "seq, id, initiator, peer, offer, signature, case_ref, case_salt, state, detail, passes, attempt, own, theirs, matches, created, updated, expires"

// AddReconcile enters a new one. One with its id gives [ErrReconcile].
func (s *Store) AddReconcile(ctx context.Context, r Reconcile) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		now := s.now().UnixMilli()
		res, err := c.ExecContext(ctx, `INSERT INTO reconcile (id, initiator, peer, offer, signature, case_ref, case_salt,
			state, detail, passes, matches, created, updated, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`, r.ID, r.Initiator, r.Peer, r.Offer, r.Signature, r.Case, r.CaseSalt,
			r.State, r.Detail, now, now, r.Expires.Unix())
		if err != nil {
			return err
		}
		return oneRow(res)
	})
	if err != nil {
		return fmt.Errorf("enter a reconciliation: %w", err)
	}
	return nil
}

// oneRow is [ErrReconcile] where a statement changed nothing.
func oneRow(res sql.Result) error {
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrReconcile
}

// ReconcileChange is what changes of a reconciliation. Nil and empty fields stay.
type ReconcileChange struct {
	State   ReconcileState
	Detail  string // always written: what stood in the way before does so no longer
	Attempt []byte
	Own     *int64
	Theirs  *int64
}

// ChangeReconcile changes one that is in one of the states of from. [ErrReconcile] where it is not.
func (s *Store) ChangeReconcile(ctx context.Context, id string, from []ReconcileState, to ReconcileChange) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error { return s.changeReconcile(ctx, c, id, from, to) })
	if err != nil {
		return fmt.Errorf("change a reconciliation: %w", err)
	}
	return nil
}

func (s *Store) changeReconcile(ctx context.Context, c *sql.Conn, id string, from []ReconcileState, to ReconcileChange) error {
	places, args := "", []any{to.State, to.Detail, to.Attempt, to.Own, to.Theirs, s.now().UnixMilli(), id}
	for i, state := range from {
		if i > 0 {
			places += ","
		}
		places, args = places+"?", append(args, state)
	}
	res, err := c.ExecContext(ctx, `UPDATE reconcile SET state = ?, detail = ?, attempt = coalesce(?, attempt),
		own = coalesce(?, own), theirs = coalesce(?, theirs), updated = ? WHERE id = ? AND state IN (`+places+")", args...)
	if err != nil {
		return err
	}
	return oneRow(res)
}

// FinishPass enters what a pass has found with what both signed of it, all or nothing, and counts the pass as
// over. last says that no other follows. Found may have been entered before by [Store.AddMatches].
func (s *Store) FinishPass(ctx context.Context, id string, by Sighting, found []Found, receipt ReconcileReceipt, last bool) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		if _, err := addMatches(ctx, c, by, found); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, `INSERT OR REPLACE INTO reconcile_receipt (reconcile, pass, attempt, own, theirs)
			SELECT seq, ?, ?, ?, ? FROM reconcile WHERE id = ?`,
			receipt.Pass, receipt.Attempt[:], receipt.Own, receipt.Theirs, id); err != nil {
			return err
		}
		state := ReconcileApproved
		if last {
			state = ReconcileDone
		}
		if err := s.changeReconcile(ctx, c, id, []ReconcileState{ReconcileRunning, ReconcileApproved}, ReconcileChange{State: state}); err != nil {
			return err
		}
		_, err := c.ExecContext(ctx, "UPDATE reconcile SET passes = ?, matches = matches + ? WHERE id = ?", receipt.Pass, len(found), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("enter a reconciled pass: %w", err)
	}
	return nil
}

// ReconcileStopped puts those that were running when the process ended back to approved, and ends those that
// have expired. It is called at the start and now and then.
func (s *Store) ReconcileStopped(ctx context.Context, start bool) error {
	err := s.activity.tx(ctx, func(c *sql.Conn) error {
		now := s.now()
		if start {
			if _, err := c.ExecContext(ctx, `UPDATE reconcile SET state = 'approved', detail = 'the node stopped while it ran: run it again'
				WHERE state = 'running'`); err != nil {
				return err
			}
		}
		_, err := c.ExecContext(ctx, `UPDATE reconcile SET state = 'expired', detail = '', updated = ?
			WHERE state IN ('requested', 'pending', 'approved') AND expires <= ?`, now.UnixMilli(), now.Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("expire reconciliations: %w", err)
	}
	return nil
}

// OpenOffers counts a member's offers to this one: those that wait or may run, and all of the last day.
func (s *Store) OpenOffers(ctx context.Context, peer string) (open, today int, err error) {
	err = s.activity.read.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE state IN ('pending', 'approved', 'running')),
		count(*) FILTER (WHERE created > ?) FROM reconcile WHERE peer = ? AND NOT initiator`,
		s.now().Add(-24*time.Hour).UnixMilli(), peer).Scan(&open, &today)
	return open, today, cause(ctx, err)
}

// Reconciles lists reconciliations, newest first, from where cursor (empty at first) points. next is empty on the
// last page.
func (s *Store) Reconciles(ctx context.Context, cursor string, limit int) (page []Reconcile, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+reconcileColumns+" FROM reconcile WHERE seq < ? ORDER BY seq DESC LIMIT ?", before, limit+1)
	if err != nil {
		return nil, "", cause(ctx, err)
	}
	var seqs []int64
	page, err = collect(ctx, rows, func(rows *sql.Rows, r *Reconcile) error {
		seq, err := scanReconcile(rows, r)
		seqs = append(seqs, seq)
		return err
	})
	if err == nil && len(page) > limit {
		page, next = page[:limit], cursorAt(seqs[limit-1])
	}
	return page, next, err
}

// Reconcile returns one by its id or a prefix of it, at least 4 characters, that no other has, with its receipts.
// [ErrNotFound] and [ErrAmbiguous].
func (s *Store) Reconcile(ctx context.Context, id string) (Reconcile, error) {
	if len(id) < minPrefix {
		return Reconcile{}, ErrNotFound
	}
	rows, err := s.activity.read.QueryContext(ctx, "SELECT "+reconcileColumns+" FROM reconcile WHERE substr(id, 1, ?) = ? LIMIT 2", len(id), id)
	if err != nil {
		return Reconcile{}, cause(ctx, err)
	}
	var seq int64
	found, err := collect(ctx, rows, func(rows *sql.Rows, r *Reconcile) (err error) {
		seq, err = scanReconcile(rows, r)
		return err
	})
	switch {
	case err != nil:
		return Reconcile{}, err
	case len(found) == 0:
		return Reconcile{}, ErrNotFound
	case len(found) > 1:
		return Reconcile{}, ErrAmbiguous
	}
	found[0].Receipts, err = s.reconcileReceipts(ctx, seq)
	return found[0], err
}

func (s *Store) reconcileReceipts(ctx context.Context, seq int64) ([]ReconcileReceipt, error) {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT pass, attempt, own, theirs FROM reconcile_receipt WHERE reconcile = ? ORDER BY pass", seq)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, r *ReconcileReceipt) error {
		var attempt []byte
		err := rows.Scan(&r.Pass, &attempt, &r.Own, &r.Theirs)
		copy(r.Attempt[:], attempt)
		return err
	})
}

func scanReconcile(row scanner, r *Reconcile) (seq int64, err error) {
	var created, updated, expires int64
	err = row.Scan(&seq, &r.ID, &r.Initiator, &r.Peer, &r.Offer, &r.Signature, &r.Case, &r.CaseSalt, &r.State, &r.Detail,
		&r.Passes, &r.Attempt, &r.Own, &r.Theirs, &r.Matches, &created, &updated, &expires)
	r.Created, r.Updated, r.Expires = fromMillis(created), fromMillis(updated), time.Unix(expires, 0).UTC()
	return seq, err
}
