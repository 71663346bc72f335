package session

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MatchProtocol is the exchange about matches that were found (specs/match.md): two members, each
// bound by a signature to what it said, neither naming the value.
//
//	Notifier                                                Recipient
//	=========================================================================
//	Send     statement {kind, body, signature}      ----->  Receive
//	                                                        standing, policy, log
//	Receive  <-----  answer {receipt, signature}            Accept | Decline
//
// A notice tells a holder that its sender has found one of the holder's items in its index. A feedback
// says what the one or the other of the two has come to think of it.
const MatchProtocol = "crosslight/match/v1"

const (
	noticeDomain   = MatchProtocol + " notice"
	feedbackDomain = MatchProtocol + " feedback"
	sealDomain     = MatchProtocol + " seal"
	tellDomain     = MatchProtocol + " receipt"
)

// Limits of crosslight/match/v1, in bytes.
const (
	MaxStatement = 1 << 11 // a statement
	MaxNotice    = 1 << 10 // an encoded notice or feedback
	MaxTold      = 1 << 11 // an answer

	maxNoticeText = 80 // reference and contact, as in a label
)

// StatementKind says what a statement is.
type StatementKind uint64

// The kinds of statements.
const (
	NoticeKind   StatementKind = 1
	FeedbackKind StatementKind = 2
)

// StatementID names a statement, for ever, at the member that it went to.
type StatementID [16]byte

// Notice says to a holder: an item of your index is one that I have asked about. Epoch, type and tag name
// the item to who has the index, and the seal shows that the sender knows the item's VOPRF output, which
// the tag alone, public among those who mirror, does not. Nothing in it can be computed from the value
// without the holder's key.
type Notice struct {
	V         uint64      `cbor:"1,keyasint"`
	Ledger    [32]byte    `cbor:"2,keyasint"`
	Sender    string      `cbor:"3,keyasint"` // peer ID
	Receiver  string      `cbor:"4,keyasint"` // peer ID: the holder
	ID        StatementID `cbor:"5,keyasint"` // random
	Epoch     uint64      `cbor:"6,keyasint"` // of the holder
	Type      string      `cbor:"7,keyasint"`
	Tag       [8]byte     `cbor:"8,keyasint"`
	Seal      [32]byte    `cbor:"9,keyasint"`
	Purpose   string      `cbor:"10,keyasint"`
	Case      []byte      `cbor:"11,keyasint"` // CommitCase, 32 bytes, or empty
	Reference string      `cbor:"12,keyasint"` // the holder's own, of the label; may be empty
	Contact   string      `cbor:"13,keyasint"` // whom to call at the sender; may be empty
}

// Verdict is what a member thinks of a notice.
type Verdict string

// The verdicts.
const (
	NotOurs       Verdict = "not-ours"       // nothing that the speaker holds or is concerned with
	FalsePositive Verdict = "false-positive" // the item is no indicator of abuse
	Confirmed     Verdict = "confirmed"      // the match has led somewhere
)

// Valid says whether v is one of the verdicts.
func (v Verdict) Valid() bool { return v == NotOurs || v == FalsePositive || v == Confirmed }

// Feedback says what its sender thinks of a notice that one of the two sent the other.
type Feedback struct {
	V        uint64      `cbor:"1,keyasint"`
	Ledger   [32]byte    `cbor:"2,keyasint"`
	Sender   string      `cbor:"3,keyasint"` // peer ID
	Receiver string      `cbor:"4,keyasint"` // peer ID
	ID       StatementID `cbor:"5,keyasint"` // random
	About    [32]byte    `cbor:"6,keyasint"` // SHA-256 of the notice's body
	Verdict  Verdict     `cbor:"7,keyasint"`
	Contact  string      `cbor:"8,keyasint"` // may be empty
}

func (n *Notice) check() error {
	if err := checkStatement(n.V, n.Sender, n.Receiver, n.ID, n.Contact); err != nil {
		return err
	}
	if len(n.Case) != 0 && len(n.Case) != 32 {
		return fmt.Errorf("%w: case commitment", ErrHeader)
	}
	if err := checkWord("type", n.Type, maxType); err != nil {
		return err
	}
	if err := checkWord("purpose", n.Purpose, maxPurpose); err != nil {
		return err
	}
	return checkShown("reference", n.Reference, maxNoticeText)
}

func (f *Feedback) check() error {
	if err := checkStatement(f.V, f.Sender, f.Receiver, f.ID, f.Contact); err != nil {
		return err
	}
	if !f.Verdict.Valid() {
		return fmt.Errorf("%w: verdict", ErrHeader)
	}
	return nil
}

func checkStatement(v uint64, sender, receiver string, id StatementID, contact string) error {
	switch {
	case v != version:
		return fmt.Errorf("%w: %d", ErrVersion, v)
	case id == StatementID{}:
		return fmt.Errorf("%w: id", ErrHeader)
	case sender == receiver:
		return fmt.Errorf("%w: a statement to oneself", ErrHeader)
	}
	if err := checkPeer("sender", sender); err != nil {
		return err
	}
	if err := checkPeer("receiver", receiver); err != nil {
		return err
	}
	return checkShown("contact", contact, maxNoticeText)
}

// seal is HMAC-SHA-256 under the item's notice key over the notice with a seal of zeros.
func (n Notice) seal(key [32]byte) ([32]byte, error) {
	n.Seal = [32]byte{}
	raw, err := wire.Encode(&n)
	if err != nil {
		return [32]byte{}, err
	}
	mac := hmac.New(sha256.New, key[:])
	mac.Write(append([]byte(sealDomain), 0))
	mac.Write(raw)
	return [32]byte(mac.Sum(nil)), nil
}

// Sealed says whether the sender knew the item whose notice key (index.Deriver.NoticeKey) this is. It
// takes the same time whatever the answer.
func (n *Notice) Sealed(key [32]byte) bool {
	want, err := n.seal(key)
	return err == nil && hmac.Equal(want[:], n.Seal[:])
}

// statement is the message: the signed bytes of the body as they are.
type statement struct {
	Kind      StatementKind `cbor:"1,keyasint"`
	Body      []byte        `cbor:"2,keyasint"`
	Signature []byte        `cbor:"3,keyasint"` // 64 bytes
}

// Statement is a notice or a feedback that has been read and checked: shape and signature. Whether it
// may be made is for the ledger, and what it names for the store.
type Statement struct {
	Kind      StatementKind
	Notice    *Notice   // of a NoticeKind
	Feedback  *Feedback // of a FeedbackKind
	ID        StatementID
	Raw       []byte   // the body's bytes as they were signed: to keep
	Signature []byte   // 64 bytes
	Hash      [32]byte // SHA-256 of Raw
}

// Message returns the bytes that go over the wire.
func (s *Statement) Message() ([]byte, error) {
	return wire.Encode(statement{s.Kind, s.Raw, s.Signature})
}

// SignNotice seals a notice under the item's notice key and signs it with the sender's node key. The
// sender's peer ID is the key's; V is set here. The error is [ErrHeader], the caller's mistake.
func SignNotice(n Notice, key ed25519.PrivateKey, noticeKey [32]byte) (*Statement, error) {
	n.V, n.Sender = version, member.PublicOf(key).PeerID()
	if err := n.check(); err != nil {
		return nil, err
	}
	var err error
	if n.Seal, err = n.seal(noticeKey); err != nil {
		return nil, err
	}
	s := &Statement{Kind: NoticeKind, Notice: &n, ID: n.ID}
	return s, s.sign(&n, noticeDomain, key)
}

// SignFeedback signs a feedback with the sender's node key, as SignNotice does.
func SignFeedback(f Feedback, key ed25519.PrivateKey) (*Statement, error) {
	f.V, f.Sender = version, member.PublicOf(key).PeerID()
	if err := f.check(); err != nil {
		return nil, err
	}
	s := &Statement{Kind: FeedbackKind, Feedback: &f, ID: f.ID}
	return s, s.sign(&f, feedbackDomain, key)
}

func (s *Statement) sign(body any, domain string, key ed25519.PrivateKey) (err error) {
	if s.Raw, err = wire.Encode(body); err != nil {
		return err
	}
	s.Signature, s.Hash = member.Sign(key, domain, s.Raw), sha256.Sum256(s.Raw)
	return nil
}

// ParseStatement reads a statement by the holder of key. Errors are the faults of this package and of
// wire.
func ParseStatement(msg []byte, key member.PublicKey) (*Statement, error) {
	var m statement
	if err := wire.Decode(msg, &m, MaxStatement); err != nil {
		return nil, err
	}
	s, domain, err := readBody(m.Kind, m.Body)
	if err != nil {
		return nil, err
	}
	if err := signatureBy(key, domain, m.Body, m.Signature); err != nil {
		return nil, err
	}
	s.Signature = m.Signature
	return s, nil
}

// ReadBody reads the body of a statement that this node has kept, without a look at its signature.
func ReadBody(kind StatementKind, body []byte) (*Statement, error) {
	s, _, err := readBody(kind, body)
	return s, err
}

func readBody(kind StatementKind, body []byte) (*Statement, string, error) {
	s := &Statement{Kind: kind, Raw: body, Hash: sha256.Sum256(body)}
	switch kind {
	case NoticeKind:
		s.Notice = &Notice{}
		if err := wire.Decode(body, s.Notice, MaxNotice); err != nil {
			return nil, "", err
		}
		s.ID = s.Notice.ID
		return s, noticeDomain, s.Notice.check()
	case FeedbackKind:
		s.Feedback = &Feedback{}
		if err := wire.Decode(body, s.Feedback, MaxNotice); err != nil {
			return nil, "", err
		}
		s.ID = s.Feedback.ID
		return s, feedbackDomain, s.Feedback.check()
	}
	return nil, "", fmt.Errorf("%w: kind", ErrHeader)
}

// parties returns ledger and ends of a statement.
func (s *Statement) parties() (ledger [32]byte, sender, receiver string) {
	if s.Kind == NoticeKind {
		return s.Notice.Ledger, s.Notice.Sender, s.Notice.Receiver
	}
	return s.Feedback.Ledger, s.Feedback.Sender, s.Feedback.Receiver
}
