package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/crosslight/crosslight/node/home"
)

// ErrNotForUs reports a file that is encrypted to others than the auditor.
var ErrNotForUs = errors.New("this identity does not open the answer")

// Auditor is what openings of an audit are encrypted to: an age X25519 identity, which is on the auditor's
// machine and in no node.
type Auditor struct{ identity *age.X25519Identity }

// NewAuditor draws one.
func NewAuditor() (Auditor, error) {
	identity, err := age.GenerateX25519Identity()
	return Auditor{identity}, err
}

// Recipient is what the board names, 62 characters.
func (a Auditor) Recipient() string { return a.identity.Recipient().String() }

// Save writes the identity to a file that must not be there yet, mode 0600. It is not under a passphrase:
// the file is to be kept like the machine that it is on. The error is [ErrExists], or the disk's.
func (a Auditor) Save(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%w (%s)", ErrExists, path), err)
	}
	return home.WriteFile(path, []byte(a.identity.String()+"\n"), 0o600)
}

// LoadAuditor reads what Save wrote. Errors are [ErrMissing] and [ErrDamaged].
func LoadAuditor(path string) (Auditor, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Auditor{}, fmt.Errorf("%w (%s)", ErrMissing, path)
	}
	if err != nil {
		return Auditor{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPlain))
	if err != nil {
		return Auditor{}, err
	}
	identity, err := age.ParseX25519Identity(strings.TrimSpace(string(b)))
	if err != nil {
		return Auditor{}, fmt.Errorf("%w (%s): it holds no auditor's identity", ErrDamaged, path)
	}
	return Auditor{identity}, nil
}

// Open decrypts a file of at most limit bytes of plain text. Errors are [ErrNotForUs] and [ErrDamaged].
func (a Auditor) Open(file []byte, limit int) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), a.identity)
	var wrong *age.NoIdentityMatchError
	switch {
	case errors.As(err, &wrong):
		return nil, ErrNotForUs
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil || len(plain) > limit {
		return nil, errors.Join(ErrDamaged, err)
	}
	return plain, nil
}

// SealTo encrypts a plain text to recipients as [Auditor.Recipient] gives them.
func SealTo(plain []byte, recipients ...string) ([]byte, error) {
	var to []age.Recipient
	for _, text := range recipients {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no age recipient: %w", text, err)
		}
		to = append(to, r)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
