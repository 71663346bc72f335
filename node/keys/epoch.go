package keys

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MasterSize is the length in bytes of an epoch's master.
const MasterSize = 32

// epochFile is the plain text of an epoch's file. The number is in it so that a file moved to
// another name is refused.
type epochFile struct {
	V      uint64           `cbor:"1,keyasint"`
	Epoch  uint64           `cbor:"2,keyasint"`
	Master [MasterSize]byte `cbor:"3,keyasint"`
}

func (r *Ring) epochPath(n uint64) string {
	return filepath.Join(r.dir, epochsName, fmt.Sprintf("%06d.age", n))
}

// NewEpoch draws the master of epoch n and keeps it. Errors are [ErrEpochExists] and the disk's,
// after which there is no such epoch. Only the process that holds the home's lock may call it.
func (r *Ring) NewEpoch(n uint64) error {
	if err := home.RemoveTemporary(filepath.Join(r.dir, epochsName)); err != nil {
		return err
	}
	if _, err := os.Lstat(r.epochPath(n)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%w: %d", ErrEpochExists, n), err)
	}
	f := epochFile{V: 1, Epoch: n}
	if _, err := io.ReadFull(rand.Reader, f.Master[:]); err != nil {
		return fmt.Errorf("draw the master of epoch %d: %w", n, err)
	}
	if err := seal(r.epochPath(n), f, r.epochs.Recipient()); err != nil {
		return fmt.Errorf("keep the master of epoch %d: %w", n, err)
	}
	return nil
}

// Epoch returns the master of epoch n. Errors are [ErrNoEpoch], [ErrDamaged] and [ErrExposed].
func (r *Ring) Epoch(n uint64) ([MasterSize]byte, error) {
	plain, err := open(r.epochPath(n), r.epochs)
	switch {
	case errors.Is(err, ErrMissing):
		return [MasterSize]byte{}, fmt.Errorf("%w: %d", ErrNoEpoch, n)
	case errors.Is(err, ErrPassphrase): // encrypted to another identity than ours
		return [MasterSize]byte{}, fmt.Errorf("%w: the file of epoch %d belongs to other keys", ErrDamaged, n)
	case err != nil:
		return [MasterSize]byte{}, err
	}
	var f epochFile
	if err := wire.Decode(plain, &f, maxPlain); err != nil || f.V != 1 || f.Epoch != n {
		return [MasterSize]byte{}, fmt.Errorf("%w: the file of epoch %d holds something else", ErrDamaged, n)
	}
	return f.Master, nil
}

// Epochs lists the epochs that have a master, in order.
func (r *Ring) Epochs() ([]uint64, error) {
	entries, err := os.ReadDir(filepath.Join(r.dir, epochsName))
	if err != nil {
		return nil, fmt.Errorf("list the epochs: %w", err)
	}
	var out []uint64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".age")
		n, err := strconv.ParseUint(name, 10, 64)
		if ok && err == nil && filepath.Base(r.epochPath(n)) == e.Name() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// EraseEpoch destroys the master of epoch n: the file is overwritten, synced and removed, after which
// this member can evaluate nothing under that epoch. An epoch that is not there is no error. A disk
// that writes elsewhere on overwrite (flash, copy-on-write) may keep the old blocks; they are
// ciphertext under the identity in member.age.
func (r *Ring) EraseEpoch(n uint64) error {
	if err := destroy(r.epochPath(n)); err != nil {
		return fmt.Errorf("erase epoch %d: %w", n, err)
	}
	return nil
}

// destroy overwrites a file and removes it, both synced. A crash in between leaves a file that holds nothing
// and is removed by the next call. One that is not there is no error.
func destroy(path string) error {
	err := overwrite(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil {
		err = home.SyncDir(filepath.Dir(path))
	}
	return err
}

func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.CopyN(f, rand.Reader, info.Size())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// OPRFKey derives the member's OPRF key for (epoch, type) from the epoch's master: RFC 9497
// DeriveKeyPair with an info that names everything the key is for, each part behind its length, so
// that no two of (ledger, member, epoch, type) share one.
func (r *Ring) OPRFKey(ledger [32]byte, name string, epoch uint64, typ string) (*voprf.SecretKey, error) {
	master, err := r.Epoch(epoch)
	if err != nil {
		return nil, err
	}
	var info []byte
	for _, part := range [][]byte{
		[]byte("crosslight/epoch/v1"), ledger[:], []byte(name), binary.BigEndian.AppendUint64(nil, epoch), []byte(typ),
	} {
		info = append(binary.BigEndian.AppendUint16(info, uint16(len(part))), part...)
	}
	key, err := voprf.DeriveKey(master, info)
	if err != nil {
		return nil, fmt.Errorf("derive the key of epoch %d for %s: %w", epoch, typ, err)
	}
	return key, nil
}

// CacheKey derives the key under which the outputs of an epoch are kept at rest, 32 bytes: what a disk
// still has of them when the epoch's master is erased says nothing then. Errors are those of Epoch.
func (r *Ring) CacheKey(epoch uint64) ([32]byte, error) {
	master, err := r.Epoch(epoch)
	if err != nil {
		return [32]byte{}, err
	}
	key, err := hkdf.Expand(sha256.New, master[:], "crosslight/output-cache/v1", 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("derive the cache key of epoch %d: %w", epoch, err)
	}
	return [32]byte(key), nil
}

// Possession proves that this member holds key as its OPRF key for (ledger, name, epoch, type), for
// the EpochCommit that puts its public half on the ledger: 64 bytes.
func Possession(key *voprf.SecretKey, ledger [32]byte, name string, epoch uint64, typ string, rnd io.Reader) ([]byte, error) {
	scalar, err := key.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("prove possession: %w", err)
	}
	return member.ProvePossession(scalar, member.PossessionContext(ledger, name, epoch, typ), rnd)
}
