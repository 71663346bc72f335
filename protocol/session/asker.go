package session

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/protocol/member"
)

// Ask is what all requests of one exchange have in common.
type Ask struct {
	Ledger  [32]byte
	Size    uint64   // ledger entries
	Root    [32]byte // ledger root at Size
	Epoch   uint64   // of the holder
	Type    string
	Purpose string
	Case    []byte // CommitCase, 32 bytes, or empty
}

// AskerConfig is what an [Asker] is made of.
type AskerConfig struct {
	Ask    Ask
	Key    ed25519.PrivateKey // the querier's node key
	Holder member.PublicKey   // the holder's node key, from the ledger
	Window int                // requests in flight, 1 to MaxWindow; 0 means 2
	Rand   io.Reader          // request ids; nil means crypto/rand
}

// Asker is the querier's machine. Call Ask while Ready and send what it returns; hand every message
// that comes to Receive. It is for one goroutine at a time. To stop is to stop calling it.
type Asker struct {
	cfg     AskerConfig
	querier string
	flight  []sent
	dead    bool
}

type sent struct {
	id    RequestID
	hash  [32]byte
	count int
}

// ErrNotReady reports a call of Ask while the window is full. It is the caller's mistake.
var ErrNotReady = errors.New("as many requests as the window allows are in flight")

// NewAsker checks the configuration; what is wrong with it would be refused by every holder.
func NewAsker(cfg AskerConfig) (*Asker, error) {
	if cfg.Window == 0 {
		cfg.Window = 2
	}
	if cfg.Window < 0 || cfg.Window > MaxWindow {
		return nil, fmt.Errorf("window of %d requests: 1 to %d", cfg.Window, MaxWindow)
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	a := &Asker{cfg: cfg, querier: member.PublicOf(cfg.Key).PeerID()}
	h := a.header(1)
	h.ID = RequestID{1}
	if err := h.check(); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Asker) header(count int) *Header {
	k := a.cfg.Ask
	return &Header{
		V: version, Ledger: k.Ledger, Size: k.Size, Root: k.Root,
		Querier: a.querier, Holder: a.cfg.Holder.PeerID(),
		Epoch: k.Epoch, Type: k.Type, Purpose: k.Purpose, Case: k.Case, Count: uint64(count),
	}
}

// Ready says whether one more request may be sent now.
func (a *Asker) Ready() bool { return !a.dead && len(a.flight) < a.cfg.Window }

// InFlight returns how many requests wait for their answer.
func (a *Asker) InFlight() int { return len(a.flight) }

// Ask returns the message that asks for elements (32 bytes each, 1 to MaxBatch of them) and the question
// that it carries, as the holder will read it. Errors: [ErrClosed], [ErrNotReady], [ErrBatchSize], [ErrElements].
func (a *Asker) Ask(elements []byte) (q *Question, msg []byte, err error) {
	switch {
	case a.dead:
		return nil, nil, ErrClosed
	case !a.Ready():
		return nil, nil, ErrNotReady
	case len(elements) == 0 || len(elements)%ElementSize != 0:
		return nil, nil, fmt.Errorf("%w: %d bytes", ErrElements, len(elements))
	}
	h := a.header(len(elements) / ElementSize)
	if _, err := io.ReadFull(a.cfg.Rand, h.ID[:]); err != nil {
		return nil, nil, fmt.Errorf("read randomness: %w", err)
	}
	h.Tree = ElementsRoot(elements)
	if err := h.check(); err != nil {
		return nil, nil, err
	}
	q, msg, err = signRequest(h, a.cfg.Key, elements)
	if err != nil {
		return nil, nil, err
	}
	a.flight = append(a.flight, sent{h.ID, q.Hash, len(elements) / ElementSize})
	return q, msg, nil
}

// Receive reads the answer to the oldest request in flight. A *[Refusal] is the holder's word on that
// one request, the exchange may go on, and the Answer with its receipt comes beside it; every other
// error is a fault of the holder's, named, after which the exchange is over.
func (a *Asker) Receive(msg []byte) (*Answer, error) {
	if a.dead {
		return nil, ErrClosed
	}
	answer, err := a.receive(msg)
	var refusal *Refusal
	a.dead = err != nil && !(errors.As(err, &refusal) && answer.Receipt.ID != RequestID{})
	return answer, err
}

func (a *Asker) receive(msg []byte) (*Answer, error) {
	if len(a.flight) == 0 {
		return nil, fmt.Errorf("%w: nothing was asked", ErrTurn)
	}
	answer, err := ParseResponse(msg, a.cfg.Holder)
	if err != nil {
		return nil, err
	}
	oldest, r := a.flight[0], &answer.Receipt
	if err := a.concerns(r); err != nil {
		return nil, err
	}
	if r.ID == (RequestID{}) && r.Request == [32]byte{} && r.Code.unbound() {
		return answer, r.refusal()
	}
	if r.ID != oldest.id || r.Request != oldest.hash {
		return nil, fmt.Errorf("%w: not the oldest question", ErrTurn)
	}
	if r.Code == OK && len(answer.Evaluated) != oldest.count*ElementSize {
		return nil, fmt.Errorf("%w: %d elements answer %d", ErrReceipt, len(answer.Evaluated)/ElementSize, oldest.count)
	}
	a.flight = a.flight[1:]
	if r.Code != OK {
		return answer, r.refusal()
	}
	return answer, nil
}

// concerns checks that a receipt was made for this querier, by this holder, about this ledger: what was
// said to another, or elsewhere, is no answer. The one thing that a holder says about another ledger is
// that it is on it.
func (a *Asker) concerns(r *Receipt) error {
	switch {
	case r.Querier != a.querier || r.Holder != a.cfg.Holder.PeerID():
		return fmt.Errorf("%w: of other parties", ErrReceipt)
	case r.Ledger != a.cfg.Ask.Ledger && r.Code != WrongLedger:
		return fmt.Errorf("%w: of another ledger", ErrReceipt)
	}
	return nil
}
