package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"

	"filippo.io/age"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const (
	memberName = "member.age"
	rootName   = "root.age"
	epochsName = "epochs"
)

// Create makes the six keys of a new member and the folder dir for them, mode 0700, which must not
// exist. It appears complete or not at all. The ring that it returns has the root key.
func Create(dir string, passphrase []byte, o Options) (*Ring, error) {
	if len(passphrase) < MinPassphrase {
		return nil, ErrNoPassphrase
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("%w (%s)", ErrExists, dir), err)
	}
	r, err := generate(dir, o)
	if err != nil {
		return nil, err
	}
	temp, err := home.TemporaryDir(dir)
	if err != nil {
		return nil, fmt.Errorf("make the key folder: %w", err)
	}
	if err := r.writeAll(temp, passphrase, o.WorkFactor); err != nil {
		return nil, errors.Join(fmt.Errorf("make the key files: %w", err), os.RemoveAll(temp))
	}
	if err := os.Rename(temp, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("make the key folder: %w", err), os.RemoveAll(temp))
	}
	return r, home.SyncDir(filepath.Dir(dir))
}

func generate(dir string, o Options) (*Ring, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	born := map[member.Role]ed25519.PrivateKey{}
	for _, role := range member.Roles() {
		var seed [ed25519.SeedSize]byte
		if _, err := io.ReadFull(o.Rand, seed[:]); err != nil {
			return nil, fmt.Errorf("draw the %s key: %w", role, err)
		}
		born[role] = ed25519.NewKeyFromSeed(seed[:])
	}
	set := publicSet(born, member.PublicOf(born[member.Root]))
	if err := set.Check(); err != nil {
		return nil, err // only a source of randomness that repeats itself
	}
	epochs, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	return newRing(dir, epochs, born, set), nil
}

func (r *Ring) writeAll(dir string, passphrase []byte, workFactor int) error {
	if err := os.Mkdir(filepath.Join(dir, epochsName), 0o700); err != nil {
		return err
	}
	root := rootFile{V: 1, Root: r.born[member.Root].Seed()}
	for name, plain := range map[string]any{memberName: r.bundle(), rootName: root} {
		if err := sealScrypt(filepath.Join(dir, name), plain, passphrase, workFactor); err != nil {
			return err
		}
	}
	debug.FreeOSMemory() // what scrypt took
	return nil
}

// Open opens the keys in dir, without the root key. Errors are [ErrPassphrase], [ErrMissing],
// [ErrDamaged] and [ErrExposed].
func Open(dir string, passphrase []byte) (*Ring, error) {
	plain, err := openScrypt(filepath.Join(dir, memberName), passphrase)
	if err != nil {
		return nil, err
	}
	r, err := ring(dir, plain)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// OpenRoot returns a ring with the root key too, from root.age.
func (r *Ring) OpenRoot(passphrase []byte) (*Ring, error) {
	root, err := OpenRootFile(filepath.Join(r.dir, rootName), passphrase)
	if err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if member.PublicOf(root) != r.set.Root {
		return nil, fmt.Errorf("%w: it holds the root key of another member, or one that was replaced", ErrDamaged)
	}
	full := newRing(r.dir, r.epochs, r.born, r.first)
	full.set, full.chosen, full.private, full.drawn = r.set, r.chosen, maps.Clone(r.private), maps.Clone(r.drawn)
	full.private[member.Root] = root
	return full, nil
}

func openScrypt(path string, passphrase []byte) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, ErrNoPassphrase
	}
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, err
	}
	defer debug.FreeOSMemory() // what scrypt took
	return open(path, identity)
}

func seal(path string, plain any, to age.Recipient) error {
	b, err := wire.Encode(plain)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return home.WriteFile(path, out.Bytes(), 0o600)
}

func open(path string, with age.Identity) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s)", ErrMissing, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil, errors.Join(fmt.Errorf("%w (%s)", ErrExposed, path), err)
	}
	plain, err := decrypt(f, with)
	var wrong *age.NoIdentityMatchError
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("%w (%s)", ErrPassphrase, filepath.Base(path))
	case err != nil:
		return nil, fmt.Errorf("%w (%s): %w", ErrDamaged, path, err)
	}
	return plain, nil
}

func decrypt(f io.Reader, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(io.LimitReader(f, 4*maxPlain), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
