package session

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
)

// AnswererConfig is what an [Answerer] is made of.
type AnswererConfig struct {
	Ledger  [32]byte
	Key     ed25519.PrivateKey // the holder's node key
	Querier member.PublicKey   // the node key at the other end of the stream, as Noise proved it
	Window  int                // questions taken before the oldest is answered, 1 to MaxWindow; 0 means 1
}

// Answerer is the holder's machine. Hand every message to Receive, answer each question in turn with
// Reply or Refuse, and a fault with Fail. It is for one goroutine at a time. To stop at any point is
// to stop calling it: what was not replied to was not said.
//
// It does not know which request ids came before, on other streams: the log of requests does, and a
// request id that stands there for another hash is refused with request-reused.
type Answerer struct {
	cfg     AnswererConfig
	querier string
	self    string
	open    []*Question
	dead    bool
}

// NewAnswerer checks the configuration.
func NewAnswerer(cfg AnswererConfig) (*Answerer, error) {
	if cfg.Window == 0 {
		cfg.Window = 1
	}
	if cfg.Window < 0 || cfg.Window > MaxWindow {
		return nil, fmt.Errorf("window of %d requests: 1 to %d", cfg.Window, MaxWindow)
	}
	return &Answerer{cfg: cfg, querier: cfg.Querier.PeerID(), self: member.PublicOf(cfg.Key).PeerID()}, nil
}

// Receive reads a request. Every error is the querier's fault, after which the exchange is over but
// for one call of [Answerer.Fail].
func (a *Answerer) Receive(msg []byte) (*Question, error) {
	if a.dead {
		return nil, ErrClosed
	}
	q, err := a.receive(msg)
	if err != nil {
		a.dead = true
		return nil, err
	}
	a.open = append(a.open, q)
	return q, nil
}

func (a *Answerer) receive(msg []byte) (*Question, error) {
	if len(a.open) >= a.cfg.Window {
		return nil, fmt.Errorf("%w: %d questions are open", ErrTurn, len(a.open))
	}
	q, err := ParseRequest(msg, a.cfg.Querier)
	switch {
	case err != nil:
		return nil, err
	case q.Header.Ledger != a.cfg.Ledger:
		return nil, ErrLedger
	case q.Header.Querier != a.querier || q.Header.Holder != a.self:
		return nil, ErrParty
	}
	for _, other := range a.open {
		if other.Header.ID == q.Header.ID {
			return nil, fmt.Errorf("%w: one request id twice", ErrTurn)
		}
	}
	return q, nil
}

// Evaluation is a holder's answer to a question.
type Evaluation struct {
	Evaluated  []byte  // 32 bytes for each element of the question
	Proof      []byte  // 64 bytes
	Size       uint64  // of the holder's ledger, in entries
	BudgetLeft *uint64 // nil while nothing is metered
}

// ErrNotDue reports a reply to another question than the oldest open one, or of the wrong length. It is
// the caller's mistake.
var ErrNotDue = errors.New("reply does not fit the oldest open question")

// Reply returns the message that answers q, the oldest open question.
func (a *Answerer) Reply(q *Question, e Evaluation) ([]byte, error) {
	if len(e.Evaluated) != len(q.Elements) || len(e.Proof) != ProofSize {
		return nil, ErrNotDue
	}
	if err := a.take(q); err != nil {
		return nil, err
	}
	r := a.receipt(q.Hash, q.Header.ID, e.Size)
	r.Code, r.Answer, r.BudgetLeft = OK, answerHash(e.Evaluated, e.Proof), e.BudgetLeft
	return signResponse(r, a.cfg.Key, e.Evaluated, e.Proof)
}

// Refuse returns the message that refuses q, the oldest open question. size is that of the holder's
// ledger, by which the querier sees which of the two lags.
func (a *Answerer) Refuse(q *Question, size uint64, with *Refusal) ([]byte, error) {
	if !with.Code.valid() || with.Code == OK || with.Code == NotFound {
		return nil, ErrNotDue
	}
	if err := a.take(q); err != nil {
		return nil, err
	}
	r := a.receipt(q.Hash, q.Header.ID, size)
	r.refuse(with)
	return signResponse(r, a.cfg.Key, nil, nil)
}

// Fail returns the last message of an exchange: after a fault of Receive, with the code that [CodeOf]
// gives, or before any question was read (suspended, overloaded). It is bound to no request, and only
// codes that need none will do. Ledger and parties it names all the same.
func (a *Answerer) Fail(size uint64, with *Refusal) ([]byte, error) {
	if !with.Code.unbound() {
		return nil, ErrNotDue
	}
	a.dead = true
	r := a.receipt([32]byte{}, RequestID{}, size)
	r.refuse(with)
	return signResponse(r, a.cfg.Key, nil, nil)
}

// receipt names the ledger and the two ends of the stream, as they are and not as a request says.
func (a *Answerer) receipt(request [32]byte, id RequestID, size uint64) *Receipt {
	return &Receipt{Request: request, ID: id, Size: size, Ledger: a.cfg.Ledger, Querier: a.querier, Holder: a.self}
}

func (a *Answerer) take(q *Question) error {
	if len(a.open) == 0 || a.open[0] != q {
		return ErrNotDue
	}
	a.open = a.open[1:]
	return nil
}
