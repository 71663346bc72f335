// Package evidence keeps what proves another member's fault, so that an operator can show it to the
// board: signed messages, verbatim, with the key that they are to be checked against. [Record.Examine]
// checks a record as far as that can be done without a node.
//
// What leaks, to whoever reads the folder: blinded elements, which say nothing about the values.
package evidence

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Record is one proof.
type Record struct {
	V        uint64 `cbor:"1,keyasint"`
	Kind     string `cbor:"2,keyasint"` // what it proves, such as "false-proof"
	Accused  string `cbor:"3,keyasint"` // peer ID
	At       int64  `cbor:"4,keyasint"` // Unix seconds, by this node's clock
	Ledger   []byte `cbor:"5,keyasint"` // ledger id
	Key      []byte `cbor:"6,keyasint"` // the public key on the ledger that the accused should have used
	Request  []byte `cbor:"7,keyasint"` // our signed message
	Response []byte `cbor:"8,keyasint"` // theirs
}

// Bounds of the folder: a member that errs all day must not fill the disk, nor crowd out what proves
// another's fault.
const (
	maxKept       = 2000
	maxForAccused = 50
)

// ErrNotKept reports a record that was not written. What it proves is lost.
var ErrNotKept = errors.New("the evidence could not be kept")

// Save writes a record into dir and returns the file's path. It keeps at most 50 records about one
// member and 2,000 in all. Errors wrap [ErrNotKept].
func Save(dir string, r Record, now time.Time) (string, error) {
	r.V, r.At = 1, now.Unix()
	path, err := save(dir, r, now)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	return path, nil
}

func save(dir string, r Record, now time.Time) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	about := short(r.Accused)
	same := 0
	for _, e := range entries {
		if strings.Contains(e.Name(), "-"+about+"-") {
			same++
		}
	}
	if len(entries) >= maxKept || same >= maxForAccused {
		return "", fmt.Errorf("%s holds %d records, %d of them about this member: move them away", dir, len(entries), same)
	}
	raw, err := wire.Encode(r)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	name := fmt.Sprintf("%s-%s-%s-%x.cbor", now.UTC().Format("20060102T150405"), r.Kind, about, sum[:8])
	path := filepath.Join(dir, name)
	return path, home.WriteFile(path, raw, 0o600)
}

// short is the end of a peer ID: the beginning is the same for all Ed25519 keys.
func short(peer string) string { return peer[max(0, len(peer)-12):] }
