package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/bulk"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

var (
	// errBroken reports a stream that broke or stalled. The attempt can be gone on with.
	errBroken = errors.New("the connection broke, or the other side was silent for too long")
	// errSizes reports a peer whose engine announces another size than its signed message.
	errSizes = errors.New("the other side's set is not of the size that it announced")
)

// drive exchanges messages over a stream until the pass is over, and keeps what it found. The caller has the
// attempt's turn. Errors are [errBroken], [errEnded] and faults, after which the attempt is of no further use.
func (s *Service) drive(ctx context.Context, a *attempt, stream p2p.Stream, r store.Reconcile) error {
	stop := context.AfterFunc(ctx, a.stop)
	defer stop()
	for !a.machine.Done() {
		msg, err := a.machine.Next()
		if err != nil {
			return err
		}
		if err := s.progress(ctx, a, r); err != nil {
			return err
		}
		if msg != nil {
			if err := s.write(a, stream, msg); err != nil {
				return err
			}
			continue
		}
		if msg, err = s.read(a, stream, bulk.MaxMessage); err != nil {
			return err
		}
		if err := a.receive(msg); err != nil {
			return err
		}
		if err := s.settle(ctx, a, r); err != nil {
			return err
		}
	}
	return nil
}

// progress notes how far the attempt is, and keeps what a receiver has found as soon as it has all of it: it is
// paid for, whatever becomes of the receipts.
func (s *Service) progress(ctx context.Context, a *attempt, r store.Reconcile) error {
	p := a.engine.Progress()
	a.done.Store(uint64(p.Sent) + uint64(p.Received))
	if p.SendTotal > 0 && p.ReceiveTotal > 0 {
		a.total.Store(uint64(p.SendTotal) + uint64(p.ReceiveTotal))
	}
	if !a.receives || a.kept || !a.engine.Done() {
		return nil
	}
	found, by, err := s.found(ctx, a, r)
	if err != nil {
		return err
	}
	if _, err := s.cfg.Store.AddMatches(ctx, by, found); err != nil {
		return err
	}
	a.kept = true
	return nil
}

// receive takes a message, and holds the peer to the size that it signed.
func (a *attempt) receive(msg []byte) error {
	if err := a.machine.Receive(msg); err != nil {
		return err
	}
	if a.sender != nil {
		if _, received := a.sender.Position(); received > 0 && uint64(a.sender.Peer()) != a.theirs {
			return errSizes
		}
	}
	return nil
}

// settle makes a pass durable once the peer's receipt is here. The other side does so before it answers with its
// own: for the initiator that answer is the end.
func (s *Service) settle(ctx context.Context, a *attempt, r store.Reconcile) error {
	theirs := a.machine.Theirs()
	if theirs == nil || a.settled {
		return nil
	}
	own, err := a.machine.Own()
	if err != nil {
		return err
	}
	message, err := wire.Encode(*theirs)
	if err != nil {
		return err
	}
	var found []store.Found
	by := store.Sighting{}
	if a.receives {
		if found, by, err = s.found(ctx, a, r); err != nil {
			return err
		}
		for _, f := range found {
			s.cfg.Metrics.Matches.WithLabelValues(string(f.Type)).Inc()
		}
	}
	offer, err := readOffer(r)
	if err != nil {
		return err
	}
	err = s.cfg.Store.FinishPass(context.WithoutCancel(ctx), a.id, by, found, store.ReconcileReceipt{
		Pass: int(a.pass), Attempt: a.number, Own: own, Theirs: message,
	}, int(a.pass) == offer.Learn.Passes())
	a.settled = err == nil
	return err
}

// found puts the receiver's matches as they are kept.
func (s *Service) found(ctx context.Context, a *attempt, r store.Reconcile) ([]store.Found, store.Sighting, error) {
	offer, err := readOffer(r)
	by := store.Sighting{Source: store.FromReconcile, Origin: a.id, At: s.cfg.Now(), Purpose: offer.Purpose, Case: r.Case}
	if err != nil {
		return nil, by, err
	}
	key := s.cfg.Ring.Local(matchUse)
	matches := a.receiver.Matches()
	out := make([]store.Found, 0, len(matches))
	for _, m := range matches {
		d := indicator.Digest(a.digests[m.Index*bulk.DigestSize : (m.Index+1)*bulk.DigestSize])
		f := store.Found{Item: store.MatchItem(key, d), Type: a.typ, Holder: r.Peer, Label: labelOf(m.Label)}
		own, err := s.cfg.Store.Indicator(ctx, d)
		switch {
		case err == nil && own.Reference != "":
			f.Reference = &own.Reference
		case err != nil && !errors.Is(err, store.ErrNotFound): // withdrawn meanwhile: it matched all the same
			return nil, by, err
		}
		out = append(out, f)
	}
	return out, by, nil
}

// matchUse names the ring's secret under which the table of matches keeps digests, as for queries.
const matchUse = "match"

// write sends a message within the peer's time to read it.
func (s *Service) write(a *attempt, stream p2p.Stream, msg []byte) error {
	if err := stream.SetDeadline(time.Now().Add(s.cfg.Patience)); err != nil {
		return a.broken(err)
	}
	if err := wire.WriteFrame(stream, msg); err != nil {
		return a.broken(err)
	}
	return nil
}

func (s *Service) read(a *attempt, stream p2p.Stream, limit int) ([]byte, error) {
	if err := stream.SetDeadline(time.Now().Add(s.cfg.Patience)); err != nil {
		return nil, a.broken(err)
	}
	msg, err := wire.ReadFrame(stream, limit)
	if errors.Is(err, wire.ErrTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, a.broken(err)
	}
	return msg, nil
}

// broken tells a stream that broke from one that was reset here to end the attempt.
func (a *attempt) broken(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return errEnded
	}
	if errors.Is(err, io.EOF) {
		return errBroken
	}
	return fmt.Errorf("%w: %w", errBroken, err)
}

// fits says whether the two sides mean the same session of the engine, and takes the own side back to where the
// other is. The transcript is known to both or it is too early to compare.
func (a *attempt) fits(received uint64, transcript [32]byte) error {
	own := a.engine.Transcript()
	if transcript != [32]byte{} && own != [32]byte{} && transcript != own {
		return fmt.Errorf("%w: another transcript", bulk.ErrRewind)
	}
	if received > 1<<31 {
		return bulk.ErrRewind
	}
	if err := a.engine.Rewind(uint32(received)); err != nil {
		return err
	}
	a.machine.Resume()
	return nil
}

// position is what the peer needs to go on.
func (a *attempt) position() (received uint64, transcript [32]byte) {
	_, n := a.engine.Position()
	return uint64(n), a.engine.Transcript()
}

// readOffer reads an offer that was checked before it was kept.
func readOffer(r store.Reconcile) (session.ReconcileOffer, error) {
	var o session.ReconcileOffer
	if err := wire.Decode(r.Offer, &o, session.MaxReconcileOffer); err != nil {
		return o, fmt.Errorf("%w: an offer that was kept does not read: %w", store.ErrDamaged, err)
	}
	return o, nil
}
