package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

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
		return fmt.Errorf("reveal a nonce, by %s: %w: `crosslight audit reveal %s --out FILE` writes the draft", entry.Instant(a.RevealBy), err, a.ID)
	}
	nonce, err := k.ownNonce(ctx, seat, a)
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

// ownNonce is what this seat has committed to: drawn here, or by the seat's key while it was elsewhere.
func (k *Keeper) ownNonce(ctx context.Context, seat ed25519.PrivateKey, a state.Audit) (nonce [32]byte, err error) {
	nonce, err = k.cfg.Store.Nonce(ctx, a.ID, a.Round)
	if err == nil && k.committedTo(a, nonce) || err != nil && !errors.Is(err, store.ErrNotFound) {
		return nonce, err
	}
	nonce = draw.SeatNonce(seat, k.cfg.LedgerID, a.ID, a.Round, k.cfg.Name).Nonce
	if !k.committedTo(a, nonce) {
		return nonce, fmt.Errorf("reveal a nonce of the audit %s: %w: it was committed to elsewhere", a.ID, store.ErrNotFound)
	}
	return nonce, nil
}

// committedTo says whether a nonce is the one of this member's commitment as it stands.
func (k *Keeper) committedTo(a state.Audit, nonce [32]byte) bool {
	made := draw.Commit(k.cfg.LedgerID, a.ID, a.Round, draw.Nonce{Member: k.cfg.Name, Nonce: nonce})
	return slices.ContainsFunc(a.Nonces, func(n state.AuditNonce) bool { return n.Member == k.cfg.Name && n.Commitment == made })
}

// ErrNoReveal reports an audit in which this seat has nothing to reveal now.
var ErrNoReveal = errors.New("this seat has no nonce to reveal in this audit now: both commitments must be final, and its own not revealed yet")

// Reveal is what a draft of this seat's reveal is made of. Drawn is empty where it was not this node that
// drew the nonce.
type Reveal struct {
	Audit      entry.Hash
	Round      uint64
	Commitment [32]byte
	Drawn      []byte // 32 bytes
}

// ToReveal returns what this seat owes an audit, once both commitments are final, for a seat whose key is
// elsewhere. The error is [ErrNoReveal], or the store's.
func (k *Keeper) ToReveal(ctx context.Context, id entry.Hash) (Reveal, error) {
	var a state.Audit
	k.cfg.Final(func(s *state.State) { a, _ = s.Audit(id) })
	if a.Phase != state.AuditReveals || !k.owes(a) {
		return Reveal{}, ErrNoReveal
	}
	r := Reveal{Audit: id, Round: a.Round}
	for _, n := range a.Nonces {
		if n.Member == k.cfg.Name {
			r.Commitment = n.Commitment
		}
	}
	nonce, err := k.cfg.Store.Nonce(ctx, id, a.Round)
	if errors.Is(err, store.ErrNotFound) || err == nil && !k.committedTo(a, nonce) {
		return r, nil
	}
	r.Drawn = nonce[:]
	return r, err
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
