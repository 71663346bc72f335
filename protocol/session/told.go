package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Told is what the receiver of a statement signs: what it was told, by hash, and what it does with it.
// With the statement it is evidence for both sides: one cannot say that it never heard, the other that
// it never spoke.
type Told struct {
	V          uint64      `cbor:"1,keyasint"`
	Statement  [32]byte    `cbor:"2,keyasint"` // SHA-256 of the statement's body; zero if it was not read
	ID         StatementID `cbor:"3,keyasint"` // of the statement; zero if it was not read
	Code       Code        `cbor:"4,keyasint"`
	Size       uint64      `cbor:"5,keyasint"`           // of the receiver's ledger, in entries
	RetryAfter uint64      `cbor:"6,keyasint,omitempty"` // seconds
	Rule       string      `cbor:"7,keyasint,omitempty"` // at most 64 printable ASCII bytes
	Ledger     [32]byte    `cbor:"8,keyasint"`           // of the receiver
	Sender     string      `cbor:"9,keyasint"`           // of the statement: peer ID at the other end of the stream
	Receiver   string      `cbor:"10,keyasint"`          // of the statement: peer ID
}

// toldCodes are the codes of crosslight/match/v1 and what each means to who made the statement.
var toldCodes = map[Code]string{
	NotAMember:    "the sender is not on the receiver's ledger",
	Suspended:     "the sender is suspended",
	NotPermitted:  "no rule lets the sender ask the receiver about this type for this purpose",
	TooLarge:      "the statement is longer than the receiver takes",
	Malformed:     "the receiver could not read the statement: do both run the same version?",
	WrongLedger:   "the receiver belongs to another ledger",
	RequestReused: "the receiver has another statement under this id",
	Overloaded:    "the receiver takes no more statements now",
	NotFound:      "the receiver has not got the notice that the feedback is about",
}

func (t *Told) check() error {
	switch {
	case t.V != version:
		return fmt.Errorf("%w: %d", ErrVersion, t.V)
	case t.Code != OK && toldCodes[t.Code] == "":
		return fmt.Errorf("%w: code", ErrHeader)
	case t.RetryAfter > maxRetry:
		return fmt.Errorf("%w: time", ErrHeader)
	case t.Code == OK && (t.RetryAfter != 0 || t.Rule != ""):
		return fmt.Errorf("%w: an acceptance with a reason for refusal", ErrHeader)
	}
	if err := checkPeer("sender", t.Sender); err != nil {
		return err
	}
	if err := checkPeer("receiver", t.Receiver); err != nil {
		return err
	}
	return checkText("rule", t.Rule, maxRule)
}

// Declined is a receiver's signed answer that it does not take a statement. It is an error at the side
// that made it: errors.As finds it.
type Declined struct {
	Code       Code
	Rule       string        // of not-permitted: at most 64 printable ASCII bytes
	RetryAfter time.Duration // of overloaded, whole seconds
}

// Error says what to do next.
func (d *Declined) Error() string {
	text := string(d.Code) + ": " + toldCodes[d.Code]
	if d.Rule != "" {
		text += " (" + d.Rule + ")"
	}
	if d.RetryAfter > 0 {
		text += fmt.Sprintf(" (in %s)", d.RetryAfter)
	}
	return text
}

// answerTold is the message.
type answerTold struct {
	Receipt   []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
}

// ToldReceipt is a receipt as it is kept.
type ToldReceipt struct {
	Told      Told
	Raw       []byte // as signed
	Signature []byte // 64 bytes
}

// Message returns the bytes that go over the wire: the same receipt may be given as often as it is
// asked for.
func (r *ToldReceipt) Message() ([]byte, error) { return wire.Encode(answerTold{r.Raw, r.Signature}) }

func signTold(t Told, key ed25519.PrivateKey) (*ToldReceipt, error) {
	t.V = version
	raw, err := wire.Encode(&t)
	if err != nil {
		return nil, err
	}
	return &ToldReceipt{Told: t, Raw: raw, Signature: member.Sign(key, tellDomain, raw)}, nil
}

// ParseTold reads an answer by the holder of key. Errors are the faults of this package and of wire.
func ParseTold(msg []byte, key member.PublicKey) (*ToldReceipt, error) {
	var a answerTold
	if err := wire.Decode(msg, &a, MaxTold); err != nil {
		return nil, err
	}
	r := &ToldReceipt{Raw: a.Receipt, Signature: a.Signature}
	if err := wire.Decode(a.Receipt, &r.Told, MaxReceipt); err != nil {
		return nil, err
	}
	if err := r.Told.check(); err != nil {
		return nil, err
	}
	return r, signatureBy(key, tellDomain, a.Receipt, a.Signature)
}

// refusal is the receipt's code as an error, nil where the statement was taken.
func (t *Told) refusal() error {
	if t.Code == OK {
		return nil
	}
	return &Declined{Code: t.Code, Rule: t.Rule, RetryAfter: time.Duration(t.RetryAfter) * time.Second}
}

// about says whether a receipt is about a statement.
func (t *Told) about(s *Statement) bool {
	return t.ID == s.ID && t.Statement == sha256.Sum256(s.Raw)
}

// checkShown accepts up to limit bytes of UTF-8 in which every character shows on a terminal and none
// does anything to it.
func checkShown(what, s string, limit int) error {
	if len(s) > limit || !utf8.ValidString(s) {
		return fmt.Errorf("%w: %s", ErrHeader, what)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%w: %s", ErrHeader, what)
		}
	}
	return nil
}
