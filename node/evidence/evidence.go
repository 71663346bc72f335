// Package evidence keeps what proves another member's fault, so that an operator can show it to the
// board: signed messages, verbatim, with the key that they are to be checked against.
//
// What leaks, to whoever reads the folder: blinded elements, which say nothing about the values.
package evidence

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
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

// maxKept bounds the folder: a member that errs all day must not fill the disk.
const maxKept = 1000

// Save writes a record into dir and returns the file's path. Beyond 1,000 records it keeps none and
// says so.
func Save(dir string, r Record, now time.Time) (string, error) {
	r.V, r.At = 1, now.Unix()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep evidence: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("keep evidence: %w", err)
	}
	if len(entries) >= maxKept {
		return "", fmt.Errorf("keep evidence: %s holds %d records already: move them away", dir, len(entries))
	}
	raw, err := wire.Encode(r)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s-%s-%s.cbor", now.UTC().Format("20060102T150405.000000000"), r.Kind, hex.EncodeToString([]byte(r.Accused))[:16])
	path := filepath.Join(dir, name)
	return path, home.WriteFile(path, raw, 0o600)
}
