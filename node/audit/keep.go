package audit

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Slack is how many days longer than a rule asks for openings are kept: an audit of the last day of
// retention may reach this node after midnight.
const Slack = 3

// Asked is a request that is about to leave, with what opens it.
type Asked struct {
	Message   []byte   // the request as it will be sent
	Digests   [][]byte // 32 bytes each, in the order of the elements
	Blinds    []byte   // 32 bytes each
	Retention uint64   // days, of the rule that permits the question
	CaseNonce []byte   // opens the case commitment, 32 bytes, empty without a case
	Case      string
}

// secrets is the plain text of what is sealed.
type secrets struct {
	Digests   []byte `cbor:"1,keyasint"` // 32 bytes each
	Blinds    []byte `cbor:"2,keyasint"` // 32 bytes each
	CaseNonce []byte `cbor:"3,keyasint"`
	Case      string `cbor:"4,keyasint"`
}

// maxSecrets bounds the encoding of secrets of a full batch.
const maxSecrets = session.MaxBatch*64 + 4096

// ErrNotKept reports that what opens a request could not be kept; the request must not be sent.
var ErrNotKept = errors.New("what an audit would need could not be kept, so nothing was asked")

// Asked keeps what opens a request. When it returns nil that is on disk and survives a crash, and the
// request may leave; requests that come at once share one write. It returns the request's name for
// [Keeper.Answered]. Errors wrap [ErrNotKept],
// and [ErrDayFull] where that is why.
func (k *Keeper) Asked(ctx context.Context, a Asked) (hash [32]byte, err error) {
	o, err := k.seal(a)
	if err == nil {
		var back func()
		if back, err = k.roomToAsk(ctx, o.Day, o.Holder); err == nil {
			if err = k.write(ctx, &kept{opening: &o}); err != nil {
				back()
			}
		}
	}
	if err != nil {
		return hash, fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	return o.Hash, nil
}

// Answered notes that the holder has signed an answer to a request. It does not wait: what a crash loses
// is made good when the day's log is compared with the holder's.
func (k *Keeper) Answered(hash [32]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pending = append(k.pending, &kept{answered: hash, done: make(chan error, 1)})
	if !k.writing {
		k.writing = true
		go k.drain()
	}
}

func (k *Keeper) seal(a Asked) (store.Opening, error) {
	q, err := session.ParseRequest(a.Message, member.PublicOf(k.cfg.Ring.Private(member.Node)))
	if err != nil {
		return store.Opening{}, err
	}
	var day uint64
	k.cfg.Ledger.View(func(s *state.State) { day = s.DayAt(q.Header.Size) })
	plain := secrets{Blinds: a.Blinds, CaseNonce: a.CaseNonce, Case: a.Case}
	for _, d := range a.Digests {
		plain.Digests = append(plain.Digests, d...)
	}
	if uint64(len(plain.Digests)) != 32*q.Header.Count || uint64(len(plain.Blinds)) != 32*q.Header.Count {
		return store.Opening{}, fmt.Errorf("%d elements with secrets of %d and %d bytes", q.Header.Count, len(plain.Digests), len(plain.Blinds))
	}
	until := day + a.Retention + Slack
	sealed, err := k.sealed(keys.Day{Day: day, Until: until}, q.Hash, plain)
	return store.Opening{
		Hash: q.Hash, Holder: q.Header.Holder, Day: day, Until: until, Count: q.Header.Count,
		Header: q.Raw, Signature: q.Signature, Sealed: sealed,
	}, err
}

// sealed encrypts under a day's key with XChaCha20-Poly1305 and a random nonce, 24 bytes, which come
// first; the request's hash is bound to it.
func (k *Keeper) sealed(day keys.Day, hash [32]byte, plain secrets) ([]byte, error) {
	aead, err := k.dayKey(day)
	if err != nil {
		return nil, err
	}
	b, err := wire.Encode(plain)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(b)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return aead.Seal(nonce, nonce, b, hash[:]), nil
}

func (k *Keeper) dayKey(day keys.Day) (cipher.AEAD, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if aead := k.seals[day]; aead != nil {
		return aead, nil
	}
	key, err := k.cfg.Ring.DayKey(day)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key[:])
	if err == nil {
		k.seals[day] = aead
	}
	return aead, err
}

// unseal opens what is kept of a request. Errors are [keys.ErrNoDay] for a day that was erased, and
// [store.ErrDamaged].
func (k *Keeper) unseal(o store.Opening) (secrets, error) {
	var plain secrets
	key, err := k.cfg.Ring.OpenDay(keys.Day{Day: o.Day, Until: o.Until})
	if err != nil {
		return plain, err
	}
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return plain, err
	}
	if len(o.Sealed) < aead.NonceSize() {
		return plain, store.ErrDamaged
	}
	b, err := aead.Open(nil, o.Sealed[:aead.NonceSize()], o.Sealed[aead.NonceSize():], o.Hash[:])
	if err != nil {
		return plain, store.ErrDamaged
	}
	if err := wire.Decode(b, &plain, maxSecrets); err != nil {
		return plain, errors.Join(store.ErrDamaged, err)
	}
	if uint64(len(plain.Digests)) != 32*o.Count || uint64(len(plain.Blinds)) != 32*o.Count {
		return plain, store.ErrDamaged
	}
	return plain, nil
}

// kept is one thing to write: an opening, or that one was answered.
type kept struct {
	opening  *store.Opening
	answered [32]byte
	done     chan error
}

// write puts one thing on disk together with whatever else waits.
func (k *Keeper) write(ctx context.Context, w *kept) error {
	w.done = make(chan error, 1)
	k.mu.Lock()
	k.pending = append(k.pending, w)
	if !k.writing {
		k.writing = true
		go k.drain()
	}
	k.mu.Unlock()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain writes what waits, one transaction after the other, until nothing does.
func (k *Keeper) drain() {
	for {
		k.mu.Lock()
		batch := k.pending
		k.pending = nil
		if len(batch) == 0 {
			k.writing = false
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		var keep []store.Opening
		var answered [][32]byte
		for _, w := range batch {
			if w.opening != nil {
				keep = append(keep, *w.opening)
			} else {
				answered = append(answered, w.answered)
			}
		}
		err := k.cfg.Store.KeepOpenings(context.Background(), keep, answered)
		for _, w := range batch {
			w.done <- err
		}
	}
}

// Flush waits until everything that was noted is on disk.
func (k *Keeper) Flush(ctx context.Context) error { return k.write(ctx, &kept{}) }
