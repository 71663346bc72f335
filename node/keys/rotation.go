package keys

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const (
	nextName    = "next"
	currentName = "current.cbor"
	// maxNext bounds the keys that were drawn for rotations, of all roles.
	maxNext = 1000
)

var (
	// ErrNotHere reports a key on the ledger whose private half is not in the key files.
	ErrNotHere = errors.New("the ledger has a key for this member that is not in HOME/keys: restore the key files of the machine on which it was made")
	// ErrTooMany reports a folder full of keys that were drawn and never used.
	ErrTooMany = errors.New("too many keys were drawn for rotations: remove those that `crosslight key show` does not list from HOME/keys/next")
)

// nextFile is the plain text of a key that was drawn for a rotation.
type nextFile struct {
	V    uint64 `cbor:"1,keyasint"`
	Role string `cbor:"2,keyasint"`
	Seed []byte `cbor:"3,keyasint"` // RFC 8032, 32 bytes
}

// currentFile says which of the keys here the ledger has for this member. All in it is public.
type currentFile struct {
	V    uint64        `cbor:"1,keyasint"`
	Keys member.KeySet `cbor:"2,keyasint"` // the zero key where the ledger has none
}

// NewKey draws a key for a role and keeps it, synced, before anybody is told of it: a crash leaves a
// key too many, never a key on the ledger that nobody holds. It is in use once [Ring.Follow] is told
// that the ledger has it. The role is not the root's, which is not kept with the others.
func (r *Ring) NewKey(role member.Role) (member.PublicKey, error) {
	if !slices.Contains(online(), role) {
		return member.PublicKey{}, fmt.Errorf("no %s key is kept here", role)
	}
	dir := filepath.Join(r.dir, nextName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return member.PublicKey{}, err
	}
	if err := home.RemoveTemporary(dir); err != nil {
		return member.PublicKey{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.drawn) >= maxNext {
		return member.PublicKey{}, ErrTooMany
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return member.PublicKey{}, fmt.Errorf("draw the %s key: %w", role, err)
	}
	key := member.PublicKey(public)
	file := nextFile{V: 1, Role: string(role), Seed: private.Seed()}
	if err := seal(r.nextPath(role, key), file, r.epochs.Recipient()); err != nil {
		return member.PublicKey{}, fmt.Errorf("keep the new %s key: %w", role, err)
	}
	if err := home.SyncDir(r.dir); err != nil {
		return member.PublicKey{}, err
	}
	r.drawn[key] = private
	return key, nil
}

func (r *Ring) nextPath(role member.Role, key member.PublicKey) string {
	return filepath.Join(r.dir, nextName, fmt.Sprintf("%s-%s.age", role, key.ID()))
}

// Held returns the private half of a key of this member that is kept here, in use or not, or nil.
func (r *Ring) Held(key member.PublicKey) ed25519.PrivateKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.held(key)
}

func (r *Ring) held(key member.PublicKey) ed25519.PrivateKey {
	if private, ok := r.drawn[key]; ok {
		return private
	}
	for _, private := range r.born {
		if private != nil && member.PublicOf(private) == key {
			return private
		}
	}
	return nil
}

// atOnce lists the roles whose key a running node changes; of the others the node has told its peers.
func atOnce() []member.Role { return []member.Role{member.Operator, member.Seat, member.Root} }

// Follow takes the keys that the ledger has for this member. Operator and seat key are in use at once,
// node, log and cosigner key from the next start on: restart says that there are such. Which keys
// those are is on disk when Follow returns. A role without a key on the ledger keeps what it had. The
// error is [ErrNotHere], or the disk's; nothing has changed then.
func (r *Ring) Follow(onLedger member.KeySet) (restart bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, role := range member.Roles() {
		if onLedger.Of(role) == (member.PublicKey{}) {
			onLedger = onLedger.With(role, r.set.Of(role))
		}
	}
	next, err := r.choose(onLedger)
	if err != nil {
		return false, err
	}
	if onLedger != r.chosen {
		raw, err := wire.Encode(currentFile{V: 1, Keys: onLedger})
		if err != nil {
			return false, err
		}
		if err := home.WriteFile(filepath.Join(r.dir, currentName), raw, 0o600); err != nil {
			return false, err
		}
		r.chosen = onLedger
	}
	for _, role := range atOnce() {
		r.set = r.set.With(role, onLedger.Of(role))
		if role != member.Root {
			r.private[role] = next[role]
		}
	}
	return r.set != onLedger, nil
}

// Chosen returns the public keys that the ledger had when [Ring.Follow] was called last.
func (r *Ring) Chosen() member.KeySet {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.chosen
}

// choose finds the private keys of a set. The seat key may be kept elsewhere.
func (r *Ring) choose(set member.KeySet) (map[member.Role]ed25519.PrivateKey, error) {
	out := map[member.Role]ed25519.PrivateKey{}
	for _, role := range online() {
		out[role] = r.held(set.Of(role))
		if out[role] == nil && role != member.Seat {
			return nil, fmt.Errorf("%w: the %s key %s", ErrNotHere, role, set.Of(role).ID())
		}
	}
	return out, nil
}

// loadRotated reads the keys that were drawn, and takes those into use that the ledger had when
// [Ring.Follow] was called last.
func (r *Ring) loadRotated() error {
	if err := r.loadDrawn(); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(r.dir, currentName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read which keys are in use: %w", err)
	}
	var f currentFile
	if err := wire.Decode(raw, &f, maxPlain); err != nil || f.V != 1 {
		return fmt.Errorf("%w (%s)", ErrDamaged, currentName)
	}
	private, err := r.choose(f.Keys)
	if err != nil {
		return err
	}
	r.set, r.chosen, r.private = f.Keys, f.Keys, private
	return nil
}

func (r *Ring) loadDrawn() error {
	names, err := filepath.Glob(filepath.Join(r.dir, nextName, "*.age"))
	if err != nil {
		return err
	}
	for _, name := range names {
		plain, err := open(name, r.epochs)
		if err != nil {
			return err
		}
		var f nextFile
		if err := wire.Decode(plain, &f, maxPlain); err != nil || f.V != 1 || len(f.Seed) != ed25519.SeedSize {
			return fmt.Errorf("%w (%s)", ErrDamaged, name)
		}
		private := ed25519.NewKeyFromSeed(f.Seed)
		key := member.PublicOf(private)
		if name != r.nextPath(member.Role(f.Role), key) {
			return fmt.Errorf("%w: %s was moved to this name", ErrDamaged, name)
		}
		r.drawn[key] = private
	}
	return nil
}

// NewRoot draws another root key into a file of its own under the passphrase, which must not be there
// yet. It takes the place of root.age once the ledger has it.
func NewRoot(file string, passphrase []byte, workFactor int) (ed25519.PrivateKey, error) {
	if len(passphrase) < MinPassphrase {
		return nil, ErrNoPassphrase
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("%w (%s)", ErrExists, file), err)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("draw the root key: %w", err)
	}
	return private, sealScrypt(file, rootFile{V: 1, Root: private.Seed()}, passphrase, workFactor)
}

// OpenRootFile opens a root key's file, wherever it is kept: root.age, or what [NewRoot] wrote. Errors
// are [ErrPassphrase], [ErrMissing], [ErrDamaged] and [ErrExposed].
func OpenRootFile(file string, passphrase []byte) (ed25519.PrivateKey, error) {
	plain, err := openScrypt(file, passphrase)
	if err != nil {
		return nil, err
	}
	var f rootFile
	if err := wire.Decode(plain, &f, maxPlain); err != nil || f.V != 1 || len(f.Root) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w (%s): it holds no root key", ErrDamaged, file)
	}
	return ed25519.NewKeyFromSeed(f.Root), nil
}
