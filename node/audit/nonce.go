package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/store"
)

// Nonce commits this member's seat to a nonce of an audit. The nonce is on disk before, so that a crash
// does not make it one that was withheld; Run reveals it. Errors: those of [state.State.CheckNonce], the
// store's, [keys.ErrDetached] and the submitter's.
func (k *Keeper) Nonce(ctx context.Context, id entry.Hash) error {
	seat, err := k.cfg.Ring.Seat()
	if err != nil {
		return err
	}
	var a state.Audit
	k.cfg.Ledger.View(func(s *state.State) {
		if err = s.CheckNonce(k.cfg.Name, id); err == nil {
			a, _ = s.Audit(id)
		}
	})
	if err != nil {
		return err
	}
	var nonce [32]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	if nonce, err = k.cfg.Store.SaveNonce(ctx, id, a.Round, nonce); err != nil {
		return err
	}
	commitment := draw.Commit(k.cfg.LedgerID, id, a.Round, draw.Nonce{Member: k.cfg.Name, Nonce: nonce})
	_, _, err = k.cfg.Submit.Submit(ctx, seat, func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewAuditNonce(s, seq, entry.AuditNonce{Audit: id, Commitment: commitment})
	})
	return err
}

// revealDue reveals what this seat has committed to, once both commitments are final: what was revealed
// before could be answered by another commitment in another history.
func (k *Keeper) revealDue(ctx context.Context) error {
	var due []state.Audit
	k.cfg.Final(func(s *state.State) {
		for _, a := range s.Audits() {
			if a.Phase == state.AuditReveals && k.owes(a) {
				due = append(due, a)
			}
		}
	})
	var failed error
	for _, a := range due {
		failed = errors.Join(failed, k.reveal(ctx, a))
	}
	return failed
}

func (k *Keeper) owes(a state.Audit) bool {
	for _, n := range a.Nonces {
		if n.Member == k.cfg.Name {
			return !n.Revealed
		}
	}
	return false
}

func (k *Keeper) reveal(ctx context.Context, a state.Audit) error {
	seat, err := k.cfg.Ring.Seat()
	if err != nil {
		return fmt.Errorf("reveal a nonce: %w", err)
	}
	nonce, err := k.cfg.Store.Nonce(ctx, a.ID, a.Round)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("reveal a nonce of the audit %s: %w: it was committed to elsewhere", a.ID, err)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, enterWithin)
	defer cancel()
	_, _, err = k.cfg.Submit.Enter(ctx, seat, func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewAuditReveal(s, seq, entry.AuditReveal{Audit: a.ID, Nonce: nonce})
	})
	if errors.Is(err, entry.ErrNoChange) || errors.Is(err, entry.ErrAuditPhase) {
		return nil // it stands, or its time is over
	}
	return err
}

// Verdict enters this member's verdict as an auditor.
func (k *Keeper) Verdict(ctx context.Context, b entry.AuditVerdict) error {
	return k.bySeat(ctx, func(s entry.Signer, seq uint64) (entry.Raw, error) { return entry.NewAuditVerdict(s, seq, b) })
}

// Hold enters this member's call for a legal hold, or for its release.
func (k *Keeper) Hold(ctx context.Context, b entry.LegalHold) error {
	return k.bySeat(ctx, func(s entry.Signer, seq uint64) (entry.Raw, error) { return entry.NewLegalHold(s, seq, b) })
}

func (k *Keeper) bySeat(ctx context.Context, build func(entry.Signer, uint64) (entry.Raw, error)) error {
	seat, err := k.cfg.Ring.Seat()
	if err != nil {
		return err
	}
	_, _, err = k.cfg.Submit.Submit(ctx, seat, build)
	return err
}
