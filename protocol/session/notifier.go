package session

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/member"
)

// NotifierConfig is what a [Notifier] is made of.
type NotifierConfig struct {
	Ledger   [32]byte
	Key      ed25519.PrivateKey // the sender's node key
	Receiver member.PublicKey   // the receiver's node key, from the ledger
}

// Notifier is the machine of who makes statements. Call Send, send what it returns, and hand the answer
// to Receive; one statement is under way at a time. It is for one goroutine. To stop is to stop
// calling it: the same statement may be sent again, on any stream, and is taken once.
type Notifier struct {
	cfg    NotifierConfig
	flight *Statement
	dead   bool
}

// NewNotifier returns a machine for one stream.
func NewNotifier(cfg NotifierConfig) *Notifier { return &Notifier{cfg: cfg} }

// Send returns the message of a statement of this member's. Errors are the caller's mistakes:
// [ErrClosed], [ErrNotReady] while another is under way, [ErrParty] and [ErrLedger].
func (n *Notifier) Send(s *Statement) ([]byte, error) {
	ledger, sender, receiver := s.parties()
	switch {
	case n.dead:
		return nil, ErrClosed
	case n.flight != nil:
		return nil, ErrNotReady
	case ledger != n.cfg.Ledger:
		return nil, ErrLedger
	case sender != member.PublicOf(n.cfg.Key).PeerID() || receiver != n.cfg.Receiver.PeerID():
		return nil, ErrParty
	}
	msg, err := s.Message()
	if err == nil {
		n.flight = s
	}
	return msg, err
}

// Receive reads the answer to the statement under way. A *[Declined] is the receiver's word on that one
// statement, with its receipt beside it, and the exchange may go on where the receipt is about the
// statement; every other error is a fault of the receiver's, named, after which the exchange is over.
func (n *Notifier) Receive(msg []byte) (*ToldReceipt, error) {
	if n.dead {
		return nil, ErrClosed
	}
	r, err := n.receive(msg)
	var declined *Declined
	n.dead = err != nil && !(errors.As(err, &declined) && r.Told.ID != StatementID{})
	n.flight = nil
	return r, err
}

func (n *Notifier) receive(msg []byte) (*ToldReceipt, error) {
	if n.flight == nil {
		return nil, fmt.Errorf("%w: nothing was said", ErrTurn)
	}
	r, err := ParseTold(msg, n.cfg.Receiver)
	if err != nil {
		return nil, err
	}
	t := &r.Told
	switch {
	case t.Sender != member.PublicOf(n.cfg.Key).PeerID() || t.Receiver != n.cfg.Receiver.PeerID():
		return nil, fmt.Errorf("%w: of other parties", ErrReceipt)
	case t.Ledger != n.cfg.Ledger && t.Code != WrongLedger:
		return nil, fmt.Errorf("%w: of another ledger", ErrReceipt)
	case t.ID == StatementID{} && t.Statement == [32]byte{} && t.Code.unbound():
		return r, t.refusal()
	case !t.about(n.flight):
		return nil, fmt.Errorf("%w: of another statement", ErrReceipt)
	}
	return r, t.refusal()
}

// RecipientConfig is what a [Recipient] is made of.
type RecipientConfig struct {
	Ledger [32]byte
	Key    ed25519.PrivateKey // the receiver's node key
	Sender member.PublicKey   // the node key at the other end of the stream, as Noise proved it
}

// Recipient is the machine of who is told. Hand every message to Receive and answer each statement with
// Accept, Decline or a receipt that was given before. It is for one goroutine at a time. Which ids came
// before, the log of statements knows.
type Recipient struct {
	cfg    RecipientConfig
	sender string
	self   string
	dead   bool
}

// NewRecipient returns a machine for one stream.
func NewRecipient(cfg RecipientConfig) *Recipient {
	return &Recipient{cfg: cfg, sender: cfg.Sender.PeerID(), self: member.PublicOf(cfg.Key).PeerID()}
}

// Receive reads a statement. Every error is the sender's fault, after which the exchange is over but for
// one call of [Recipient.Fail].
func (r *Recipient) Receive(msg []byte) (*Statement, error) {
	if r.dead {
		return nil, ErrClosed
	}
	s, err := r.receive(msg)
	r.dead = err != nil
	return s, err
}

func (r *Recipient) receive(msg []byte) (*Statement, error) {
	s, err := ParseStatement(msg, r.cfg.Sender)
	if err != nil {
		return nil, err
	}
	switch ledger, sender, receiver := s.parties(); {
	case ledger != r.cfg.Ledger:
		return nil, ErrLedger
	case sender != r.sender || receiver != r.self:
		return nil, ErrParty
	}
	return s, nil
}

// Accept returns the receipt that s is taken. Keep s and the receipt before it is sent: from then on the
// sender has it in hand.
func (r *Recipient) Accept(s *Statement, size uint64) (*ToldReceipt, error) {
	t := r.told(size)
	t.Statement, t.ID, t.Code = s.Hash, s.ID, OK
	return signTold(t, r.cfg.Key)
}

// Decline returns the receipt that s is not taken. size is that of the receiver's ledger.
func (r *Recipient) Decline(s *Statement, size uint64, with *Declined) (*ToldReceipt, error) {
	if toldCodes[with.Code] == "" {
		return nil, ErrNotDue
	}
	t := r.told(size)
	t.Statement, t.ID = s.Hash, s.ID
	return signTold(t.decline(with), r.cfg.Key)
}

// Fail returns the last receipt of an exchange, bound to no statement, after a fault of Receive or before
// anything was read.
func (r *Recipient) Fail(size uint64, with *Declined) (*ToldReceipt, error) {
	if !with.Code.unbound() {
		return nil, ErrNotDue
	}
	r.dead = true
	return signTold(r.told(size).decline(with), r.cfg.Key)
}

func (r *Recipient) told(size uint64) Told {
	return Told{Size: size, Ledger: r.cfg.Ledger, Sender: r.sender, Receiver: r.self}
}

func (t Told) decline(with *Declined) Told {
	t.Code, t.Rule = with.Code, printable(with.Rule, maxRule)
	t.RetryAfter = min(maxRetry, uint64(max(0, (with.RetryAfter+time.Second-1)/time.Second)))
	return t
}
