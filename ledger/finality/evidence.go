package finality

import (
	"bytes"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxEvidence is the longest evidence in bytes.
const MaxEvidence = 1 << 10

// Evidence proves that a voter signed two statements of one kind, for one height and round, of
// different values. An honest voter never does: it persists the first before it sends it. It needs
// nothing but the voter's log key to be checked, by anybody, at any time.
type Evidence struct{ A, B Signed } // in ascending order of their statements' bytes

type evidenceWire struct {
	Version uint64     `cbor:"1,keyasint"`
	A       signedWire `cbor:"2,keyasint"`
	B       signedWire `cbor:"3,keyasint"`
}

// newEvidence puts two statements in order.
func newEvidence(a, b Signed) Evidence {
	if bytes.Compare(a.Statement.Bytes(), b.Statement.Bytes()) > 0 {
		a, b = b, a
	}
	return Evidence{a, b}
}

// Bytes is the encoding, the same whoever found the pair and in whichever order.
func (e Evidence) Bytes() []byte { return encode(evidenceWire{version, e.A.wire(), e.B.wire()}) }

// Signer is the id of the log key that signed both.
func (e Evidence) Signer() member.KeyID { return e.A.Signer }

// ParseEvidence reads evidence strictly and checks all but the signatures. Errors: those of package
// wire, [ErrVersion], [ErrShape], [ErrEvidence].
func ParseEvidence(b []byte) (Evidence, error) {
	var w evidenceWire
	if err := wire.Decode(b, &w, MaxEvidence); err != nil {
		return Evidence{}, err
	}
	if w.Version != version {
		return Evidence{}, fmt.Errorf("%w: %d", ErrVersion, w.Version)
	}
	one, err := parseSigned(w.A)
	if err != nil {
		return Evidence{}, err
	}
	two, err := parseSigned(w.B)
	if err != nil {
		return Evidence{}, err
	}
	e := Evidence{one, two}
	return e, e.check()
}

func (e Evidence) check() error {
	a, b := e.A.Statement, e.B.Statement
	a.Value, b.Value = Value{}, Value{}
	switch {
	case a != b || e.A.Signer != e.B.Signer:
		return fmt.Errorf("%w: not one signer, ledger, kind, height and round", ErrEvidence)
	case bytes.Compare(e.A.Statement.Bytes(), e.B.Statement.Bytes()) >= 0:
		return fmt.Errorf("%w: the same value, or out of order", ErrEvidence)
	}
	return nil
}

// Verify checks that key's holder equivocated. Errors: [ErrEvidence], [ErrSignature].
func (e Evidence) Verify(key member.PublicKey) error {
	if err := e.check(); err != nil {
		return err
	}
	if err := e.A.Verify(key); err != nil {
		return err
	}
	return e.B.Verify(key)
}
