package finality

import (
	"fmt"

	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxMessage is the longest message in bytes.
const MaxMessage = 8 << 10

// Message is one message between nodes. It is one of
//
//	Signed proposal, alone or with the certificate of echoes that justifies it
//	Signed echo, with the proposal that it echoes
//	Signed lock
//	Certificate
//	Cosignature
type Message struct {
	Signed      *Signed
	Proposal    *Signed
	Certificate *Certificate
	Cosignature *Cosignature
}

type messageWire struct {
	Version     uint64           `cbor:"1,keyasint"`
	Signed      *signedWire      `cbor:"2,keyasint,omitempty"`
	Proposal    *signedWire      `cbor:"3,keyasint,omitempty"`
	Certificate *certificateWire `cbor:"4,keyasint,omitempty"`
	Cosignature *cosignatureWire `cbor:"5,keyasint,omitempty"`
}

// Bytes is the message's encoding.
func (m Message) Bytes() []byte {
	w := messageWire{Version: version}
	if m.Signed != nil {
		s := m.Signed.wire()
		w.Signed = &s
	}
	if m.Proposal != nil {
		s := m.Proposal.wire()
		w.Proposal = &s
	}
	if m.Certificate != nil {
		c := m.Certificate.wire()
		w.Certificate = &c
	}
	if c := m.Cosignature; c != nil {
		w.Cosignature = &cosignatureWire{c.Height, c.Value.Size, c.Value.Root, c.Time, c.Signer, c.Sig}
	}
	return encode(w)
}

// ParseMessage reads a message strictly; signatures are not checked. Errors: those of package wire,
// [ErrVersion], [ErrShape], [ErrQuorum].
func ParseMessage(b []byte) (Message, error) {
	var w messageWire
	var m Message
	if err := wire.Decode(b, &w, MaxMessage); err != nil {
		return m, err
	}
	if w.Version != version {
		return m, fmt.Errorf("%w: %d", ErrVersion, w.Version)
	}
	if w.Signed != nil {
		s, err := parseSigned(*w.Signed)
		if err != nil {
			return Message{}, err
		}
		m.Signed = &s
	}
	if w.Proposal != nil {
		s, err := parseSigned(*w.Proposal)
		if err != nil {
			return Message{}, err
		}
		m.Proposal = &s
	}
	if w.Certificate != nil {
		c, err := parseCertificate(*w.Certificate)
		if err != nil {
			return Message{}, err
		}
		m.Certificate = &c
	}
	if c := w.Cosignature; c != nil {
		m.Cosignature = &Cosignature{c.Height, Value{c.Size, c.Root}, c.Time, c.Signer, c.Sig}
	}
	if err := m.check(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// check allows exactly the combinations above.
func (m Message) check() error {
	parts := 0
	for _, there := range []bool{m.Signed != nil, m.Proposal != nil, m.Certificate != nil, m.Cosignature != nil} {
		if there {
			parts++
		}
	}
	switch {
	case m.Cosignature != nil:
		c := m.Cosignature
		if parts != 1 || min(c.Height, c.Value.Size, c.Time) == 0 || max(c.Height, c.Value.Size, c.Time) > MaxNumber {
			return fmt.Errorf("%w: cosignature", ErrShape)
		}
	case m.Signed == nil:
		if parts != 1 || m.Certificate == nil {
			return fmt.Errorf("%w: neither a vote nor a certificate", ErrShape)
		}
	case m.Signed.Kind == Proposal:
		return m.checkProposal()
	case m.Signed.Kind == Echo:
		return m.checkEcho(parts)
	case parts != 1:
		return fmt.Errorf("%w: a lock stands alone", ErrShape)
	}
	return nil
}

func (m Message) checkProposal() error {
	if m.Proposal != nil {
		return fmt.Errorf("%w: a proposal beside a proposal", ErrShape)
	}
	if c := m.Certificate; c != nil {
		p, e := m.Signed.Statement, c.Statement
		if e.Kind != Echo || e.Round >= p.Round {
			return fmt.Errorf("%w: not echoes of an earlier round", ErrShape)
		}
		e.Kind, e.Round = p.Kind, p.Round
		if e != p {
			return fmt.Errorf("%w: the certificate is for something else", ErrShape)
		}
	}
	return nil
}

func (m Message) checkEcho(parts int) error {
	if parts != 2 || m.Proposal == nil {
		return fmt.Errorf("%w: an echo comes with its proposal", ErrShape)
	}
	e := m.Signed.Statement
	e.Kind = Proposal
	if e != m.Proposal.Statement {
		return fmt.Errorf("%w: the echo is of another proposal", ErrShape)
	}
	return nil
}
