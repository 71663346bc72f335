package keys

import (
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

// ErrInUse reports a key that this member's node signs with, now or after its next start.
var ErrInUse = errors.New("the key is in use")

// destroyedKey is what stays in member.age of a key that it was made with.
type destroyedKey struct {
	Role   string           `cbor:"1,keyasint"`
	Public member.PublicKey `cbor:"2,keyasint"`
}

// Kept lists the keys of a role that are kept here, in use or not, in ascending order of key id.
func (r *Ring) Kept(role member.Role) []member.PublicKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []member.PublicKey
	if private := r.born[role]; private != nil {
		out = append(out, member.PublicOf(private))
	}
	for key := range r.drawn {
		if _, err := os.Lstat(r.nextPath(role, key)); err == nil {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, func(a, b member.PublicKey) int {
		x, y := a.ID(), b.ID()
		return slices.Compare(x[:], y[:])
	})
	return out
}

// Destroy takes private keys out of the files in dir for good; their public halves stay known. Only the
// process that holds the home's lock may call it. If one is in use, the error is
// [ErrInUse] and nothing has changed; one that is not here is nothing to do. After another error some may have
// been destroyed. What the disk keeps of a file that was replaced,
// and what backups hold, is out of reach: that was encrypted, too.
func Destroy(dir string, passphrase []byte, workFactor int, list []member.PublicKey) error {
	r, err := Open(dir, passphrase)
	if err != nil {
		return err
	}
	if err := r.notInUse(list); err != nil {
		return err
	}
	rewrite := false
	for _, key := range list {
		for _, role := range online() {
			if private := r.born[role]; private != nil && member.PublicOf(private) == key {
				delete(r.born, role)
				rewrite = true
			}
			if err := os.Remove(r.nextPath(role, key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("destroy the %s key %s: %w", role, key.ID(), err)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, nextName)); err == nil {
		if err := home.SyncDir(filepath.Join(dir, nextName)); err != nil {
			return err
		}
	}
	if !rewrite {
		return nil
	}
	return sealScrypt(filepath.Join(dir, memberName), r.bundle(), passphrase, workFactor)
}

func (r *Ring) notInUse(list []member.PublicKey) error {
	inUse, chosen := r.Set(), r.Chosen()
	for _, key := range list {
		for _, role := range member.Roles() {
			if inUse.Of(role) == key || chosen.Of(role) == key {
				return fmt.Errorf("%w: the %s key %s", ErrInUse, role, key.ID())
			}
		}
	}
	return nil
}

// Adopt has the node use, from its next start on, a key that is kept here, as if the ledger had been heard to
// have it. It is for a node that crashed while its own rotation was under way: under its old node key the
// others no longer let it in, so it cannot hear of the new one. If the ledger does not have the key after
// all, adopting the one before undoes it. Only the process that holds the home's lock may call it. Errors:
// those of [Open], [ErrNotHere].
func Adopt(dir string, passphrase []byte, role member.Role, key member.PublicKey) error {
	r, err := Open(dir, passphrase)
	if err != nil {
		return err
	}
	if !slices.Contains(r.Kept(role), key) {
		return fmt.Errorf("%w: the %s key %s", ErrNotHere, role, key.ID())
	}
	raw, err := wire.Encode(currentFile{V: 1, Keys: r.Chosen().With(role, key)})
	if err != nil {
		return err
	}
	return home.WriteFile(filepath.Join(dir, currentName), raw, 0o600)
}
