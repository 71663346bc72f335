package entry

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/finality"
)

// HandOver shows that the voters of before have made the entry final that replaced them. Signed by any
// member's operator key: the certificate convinces by itself.
type HandOver struct {
	Certificate []byte `cbor:"1,keyasint"` // finality.Certificate of locks, at most 6 KiB
}

// Kind is KindHandOver.
func (HandOver) Kind() Kind { return KindHandOver }

func (b HandOver) check() error {
	_, err := b.Decode()
	return err
}

// Decode returns the certificate. Its shape has been checked, its signatures have not. The error is
// [ErrCertificate].
func (b HandOver) Decode() (finality.Certificate, error) {
	c, err := finality.ParseCertificate(b.Certificate)
	if err != nil {
		return finality.Certificate{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return c, nil
}

// NewHandOver signs a hand-over. The key is the operator key.
func NewHandOver(s Signer, seq uint64, c finality.Certificate) (Raw, error) {
	return s.sign(seq, HandOver{Certificate: c.Bytes()})
}
