package witness

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// ErrKeyFile reports a key file that is not one, or that others can read.
var ErrKeyFile = errors.New("the witness's key file is not usable")

const (
	keyName   = "witness.key"
	keyHeader = "crosslight/witness-key/v1 "
)

// CreateKey makes the folder of a new witness, dir, which must not exist, with a fresh key in it. The key
// is not encrypted, since a witness starts without a person: the folder is for its user alone.
func CreateKey(dir string) (tlog.Key, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return tlog.Key{}, fmt.Errorf("make the witness's folder: %w", err)
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return tlog.Key{}, fmt.Errorf("make a key: %w", err)
	}
	text := keyHeader + base64.StdEncoding.EncodeToString(private.Seed()) + "\n"
	file, err := os.OpenFile(filepath.Join(dir, keyName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return tlog.Key{}, fmt.Errorf("write the witness's key: %w", err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return tlog.Key{}, fmt.Errorf("write the witness's key: %w", err)
	}
	return tlog.CosignerKey(member.PublicKey(public)), nil
}

// OpenKey reads the key of the folder dir. The error is [ErrKeyFile] or one of the file system.
func OpenKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, keyName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is none in %s", ErrKeyFile, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the witness's key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: others can read it (chmod 600 %s)", ErrKeyFile, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the witness's key: %w", err)
	}
	seed, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(strings.TrimPrefix(string(text), keyHeader), "\n"))
	if err != nil || len(seed) != ed25519.SeedSize || keyHeader+base64.StdEncoding.EncodeToString(seed)+"\n" != string(text) {
		return nil, fmt.Errorf("%w: it is damaged", ErrKeyFile)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// ParseClient reads a witness's address: its submission prefix, a number sign, and its verifier key. The
// error is [tlog.ErrKey].
func ParseClient(address string, h *http.Client) (*Client, error) {
	url, vkey, _ := strings.Cut(address, "#")
	key, err := tlog.ParseKey(vkey)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != tlog.AlgCosignature || !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("%w: not URL#KEY of a witness", tlog.ErrKey)
	}
	return NewClient(url, key, h), nil
}
