package holder

import (
	"golang.org/x/crypto/chacha20"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// outputSeal hides the OPRF outputs of one epoch while the store keeps them. A database leaves bytes of
// deleted rows in its files; these are worth nothing without the epoch's master, and that is erased.
//
// The keystream is XChaCha20 under a key of the epoch with the first 24 bytes of the digest as nonce. One
// digest has one output in an epoch, so a nonce never serves two texts. There is no tag: an output that the
// disk has changed makes an entry that nobody finds, as a changed one in the clear would.
type outputSeal [32]byte

// apply seals an output, or opens a sealed one: 64 bytes, in place.
func (s *outputSeal) apply(d indicator.Digest, f *[index.OutputSize]byte) error {
	c, err := chacha20.NewUnauthenticatedCipher(s[:], d[:chacha20.NonceSizeX])
	if err != nil {
		return err
	}
	c.XORKeyStream(f[:], f[:])
	return nil
}
