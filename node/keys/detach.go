package keys

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

var (
	// ErrDetached reports a seat key that is kept elsewhere.
	ErrDetached = errors.New("the seat key is not on this machine: write a draft with --out FILE, sign it where the key is with `crosslight proposal sign`, and bring it back with `crosslight proposal submit`; or put the key back with `crosslight seat attach FILE`")
	// ErrAttached reports a seat key that is here.
	ErrAttached = errors.New("the seat key is on this machine already")
	// ErrOtherSeat reports a file with another seat's key.
	ErrOtherSeat = errors.New("the file holds another seat key than the one of this member")
)

// seatFile is the plain text of a file that holds a seat key alone.
type seatFile struct {
	V    uint64 `cbor:"1,keyasint"`
	Role string `cbor:"2,keyasint"` // "seat"
	Seed []byte `cbor:"3,keyasint"` // RFC 8032, 32 bytes
}

// Seat returns the seat's private key, or [ErrDetached].
func (r *Ring) Seat() (ed25519.PrivateKey, error) {
	if key := r.Private(member.Seat); key != nil {
		return key, nil
	}
	return nil, ErrDetached
}

// DetachSeat moves the seat key from the keys in dir to a file of its own, under the same passphrase,
// so that it can be kept on a machine without a node. The file is whole before the key leaves
// member.age; a crash in between leaves the key in both. Only the process that holds the home's lock
// may call it. Errors are those of [Open], [ErrDetached] and [ErrExists] for a file that is there.
func DetachSeat(dir, file string, passphrase []byte, workFactor int) error {
	r, err := Open(dir, passphrase)
	if err != nil {
		return err
	}
	seat, err := r.Seat()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%w (%s)", ErrExists, file), err)
	}
	plain := seatFile{V: 1, Role: string(member.Seat), Seed: seat.Seed()}
	if err := sealScrypt(file, plain, passphrase, workFactor); err != nil {
		return fmt.Errorf("write the seat key's file: %w", err)
	}
	if _, err := OpenSeat(file, passphrase); err != nil {
		return fmt.Errorf("read the seat key's file back: %w", err)
	}
	if err := r.dropNext(r.set.Seat); err != nil {
		return err
	}
	b := r.bundle()
	b.Seat, b.SeatPublic = []byte{}, &r.first.Seat
	return sealScrypt(filepath.Join(dir, memberName), b, passphrase, workFactor)
}

// AttachSeat takes a seat key back from its file. The file stays. Errors are those of [Open] and
// [OpenSeat], [ErrAttached] and [ErrOtherSeat].
func AttachSeat(dir, file string, passphrase []byte, workFactor int) error {
	r, err := Open(dir, passphrase)
	if err != nil {
		return err
	}
	if _, err := r.Seat(); err == nil {
		return ErrAttached
	}
	seat, err := OpenSeat(file, passphrase)
	if err != nil {
		return err
	}
	if member.PublicOf(seat) != r.set.Seat {
		return ErrOtherSeat
	}
	if r.set.Seat != r.first.Seat { // it has been rotated
		return seal(r.nextPath(member.Seat, r.set.Seat), nextFile{V: 1, Role: string(member.Seat), Seed: seat.Seed()}, r.epochs.Recipient())
	}
	b := r.bundle()
	b.Seat, b.SeatPublic = seat.Seed(), nil
	return sealScrypt(filepath.Join(dir, memberName), b, passphrase, workFactor)
}

// dropNext removes a seat key that was drawn for a rotation.
func (r *Ring) dropNext(seat member.PublicKey) error {
	err := os.Remove(r.nextPath(member.Seat, seat))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// OpenSeat opens a file that [DetachSeat] wrote. Errors are [ErrPassphrase], [ErrMissing],
// [ErrDamaged] and [ErrExposed].
func OpenSeat(file string, passphrase []byte) (ed25519.PrivateKey, error) {
	plain, err := openScrypt(file, passphrase)
	if err != nil {
		return nil, err
	}
	var f seatFile
	if err := wire.Decode(plain, &f, maxPlain); err != nil || f.V != 1 || f.Role != string(member.Seat) || len(f.Seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w (%s): it holds no seat key", ErrDamaged, file)
	}
	return ed25519.NewKeyFromSeed(f.Seed), nil
}

// sealScrypt encrypts a plain text under the passphrase; the file is replaced whole or not at all.
func sealScrypt(path string, plain any, passphrase []byte, workFactor int) error {
	to, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return err
	}
	if workFactor != 0 {
		to.SetWorkFactor(workFactor)
	}
	return seal(path, plain, to)
}
