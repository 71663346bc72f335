package keys

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// witnessFile is the plain text of the key file of a witness, which belongs to no member.
type witnessFile struct {
	V    uint64 `cbor:"1,keyasint"`
	Role string `cbor:"2,keyasint"` // "witness"
	Seed []byte `cbor:"3,keyasint"` // RFC 8032, 32 bytes
}

const witnessRole = "witness"

// NewWitness draws the key of a witness into a file of its own under the passphrase, which must not be there
// yet, and returns the public half. Errors are [ErrNoPassphrase] and [ErrExists].
func NewWitness(file string, passphrase []byte, workFactor int) (member.PublicKey, error) {
	if len(passphrase) < MinPassphrase {
		return member.PublicKey{}, ErrNoPassphrase
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return member.PublicKey{}, errors.Join(fmt.Errorf("%w (%s)", ErrExists, file), err)
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return member.PublicKey{}, fmt.Errorf("draw the witness's key: %w", err)
	}
	return member.PublicKey(public), sealScrypt(file, witnessFile{V: 1, Role: witnessRole, Seed: private.Seed()}, passphrase, workFactor)
}

// OpenWitness opens what [NewWitness] wrote. Errors are [ErrPassphrase], [ErrMissing], [ErrDamaged] and
// [ErrExposed].
func OpenWitness(file string, passphrase []byte) (ed25519.PrivateKey, error) {
	plain, err := openScrypt(file, passphrase)
	if err != nil {
		return nil, err
	}
	var f witnessFile
	if err := wire.Decode(plain, &f, maxPlain); err != nil || f.V != 1 || f.Role != witnessRole || len(f.Seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w (%s): it holds no witness's key", ErrDamaged, file)
	}
	return ed25519.NewKeyFromSeed(f.Seed), nil
}
