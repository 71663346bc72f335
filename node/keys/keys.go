// Package keys keeps a member's private keys in encrypted files (age-encryption.org/v1) and derives
// the OPRF keys of its epochs.
//
//	HOME/keys/
//	  member.age        node, operator, seat, log and cosigner key and the epochs' identity,
//	                    under the passphrase (scrypt): the one file that a start opens
//	  root.age          the root key, under the passphrase, in a file of its own so that it can be
//	                    taken offline
//	  next/ROLE-ID.age  a key that was drawn for a rotation, for the identity in member.age
//	  current.cbor      the public keys that the ledger has, where a rotation has changed them
//	  epochs/000001.age the master of epoch 1, 32 bytes, for the identity in member.age
//
// A key that was retired is kept until [Destroy] takes it away. A seat key may be moved to a file of its own, [DetachSeat], and then signs on a machine without a
// node. Opening a file under a passphrase costs 256 MiB and half a second at age's default work factor;
// that is the price of each guess. Epoch masters are encrypted to a key instead of the passphrase,
// so a start pays it once. Their files must not enter a backup, or an epoch could not be erased.
//
// What leaks, to whoever reads the files without the passphrase: which epochs exist, and when each
// was made.
package keys

import (
	"crypto/ed25519"
	"errors"
	"io"
	"maps"
	"sync"

	"filippo.io/age"

	"github.com/crosslight/crosslight/protocol/member"
)

// The errors of key files. Their texts say what to do next.
var (
	// ErrPassphrase reports a passphrase that does not open the key file.
	ErrPassphrase = errors.New("wrong passphrase: give the one that was set at `crosslight init`")
	// ErrNoPassphrase reports an empty passphrase.
	ErrNoPassphrase = errors.New("the passphrase is empty: give one of at least 8 bytes")
	// ErrMissing reports a key file that is not there.
	ErrMissing = errors.New("no key file here: make the keys with `crosslight init`, or restore them from a backup")
	// ErrExists reports a folder that already holds keys. They are untouched.
	ErrExists = errors.New("there are keys here already: they are not replaced")
	// ErrDamaged reports a key file that is not what was written.
	ErrDamaged = errors.New("the key file is damaged: restore it from a backup")
	// ErrExposed reports a key file that other users of the machine can read.
	ErrExposed = errors.New("the key file is readable by others: run chmod 600 on it")
	// ErrEpochExists reports an epoch that has a master already. It is not replaced.
	ErrEpochExists = errors.New("the epoch has a key already")
	// ErrNoEpoch reports an epoch without a master: it has not begun, or is erased.
	ErrNoEpoch = errors.New("the epoch has no key here: it was erased or never begun")
)

// MinPassphrase is the shortest passphrase in bytes.
const MinPassphrase = 8

// Options adjust Create.
type Options struct {
	WorkFactor int       // log2 of scrypt's N; 0 is age's default, 18. Tests take less.
	Rand       io.Reader // source of the six signature keys; nil is crypto/rand. age draws its own.
}

// Ring is a member's opened keys. It is safe for concurrent use.
type Ring struct {
	dir    string
	epochs *age.X25519Identity
	born   map[member.Role]ed25519.PrivateKey // that the files were made with
	first  member.KeySet                      // public half of born, with those that are kept elsewhere

	mu      sync.RWMutex
	drawn   map[member.PublicKey]ed25519.PrivateKey // for rotations
	set     member.KeySet                           // in use
	private map[member.Role]ed25519.PrivateKey      // in use
	chosen  member.KeySet                           // in use from the next start on
}

// newRing returns a ring in which the keys that the files were made with are in use.
func newRing(dir string, epochs *age.X25519Identity, born map[member.Role]ed25519.PrivateKey, set member.KeySet) *Ring {
	return &Ring{
		dir: dir, epochs: epochs, born: born, first: set, set: set, chosen: set,
		drawn: map[member.PublicKey]ed25519.PrivateKey{}, private: maps.Clone(born),
	}
}

// Set returns the public keys that are in use, the root's included.
func (r *Ring) Set() member.KeySet {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.set
}

// First returns the public keys that the files were made with, those of the member's card.
func (r *Ring) First() member.KeySet { return r.first }

// Private returns the private key for role. The root key is there only in a ring that [Create] or
// [Ring.OpenRoot] gave, the seat key only while it is kept here ([Ring.Seat]); nil otherwise.
func (r *Ring) Private(role member.Role) ed25519.PrivateKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.private[role]
}
