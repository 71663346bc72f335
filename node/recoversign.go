package node

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/recovery"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/protocol/member"
)

// ErrSignedOther reports a seat that has signed another recovery into the same incarnation. Two
// signatures would prove that it cheated.
var ErrSignedOther = errors.New("this seat has signed another recovery of this ledger: two would be proof against it")

// RecoverSign has the home's member sign: its cosigner key the history, after its node's own final was
// found in it, and its seat key, if it has a seat, the recovery. What the seat signs is written down
// before it is signed.
func RecoverSign(dir string, passphrase, file []byte, history io.Reader, now time.Time) ([]byte, RecoveryInfo, error) {
	f, s, st, err := recoveryFiles(file, history)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	o, err := openStopped(dir, passphrase)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	defer o.close()
	if err := f.Extends(s, pointOf(o.ledger.Final)); err != nil {
		return nil, RecoveryInfo{}, err
	}
	if err := o.extendsCosigned(f, s); err != nil {
		return nil, RecoveryInfo{}, err
	}
	// Keys that came from a backup without the ledger: what the node held as final is not known, and a
	// cosigner that has forgotten it must not cosign. Its seat may sign.
	if !o.lost {
		f, err = f.Cosign(o.ring.Private(member.Cosigner), s, pointOf(o.ledger.Final), uint64(now.Unix()))
	}
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	if m, ok := st.Member(o.name); ok && m.Seat {
		if err := o.promise(f.Draft); err != nil {
			return nil, RecoveryInfo{}, err
		}
		f = f.Sign(o.ring.Private(member.Seat))
	}
	out, err := f.Bytes()
	return out, describe(f, s, st), err
}

// extendsCosigned refuses a history in which what this member's cosigner key has signed without a vote does
// not stand, also where the ledger's own folder was lost.
func (o *stopped) extendsCosigned(f recovery.File, s recovery.Survivor) error {
	held, ok, err := heldCosigned(o.home.Cosigned(), o.genesis.ID())
	if err != nil || !ok {
		return err
	}
	return f.Extends(s, recovery.Point{Size: held.Size, Root: held.Root})
}

// promise writes down which recovery this seat signs into an incarnation.
func (o *stopped) promise(d entry.RecoveryDraft) error {
	path := filepath.Join(string(o.home), fmt.Sprintf("recovery-%d.signed", d.Statement().Incarnation))
	digest := d.Digest()
	want := []byte(hex.EncodeToString(digest[:]) + "\n")
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return home.WriteFile(path, want, 0o600)
	case err != nil:
		return fmt.Errorf("read what this seat has signed: %w", err)
	case !bytes.Equal(have, want):
		return fmt.Errorf("%w: the digest of that one is %s", ErrSignedOther, bytes.TrimSpace(have))
	}
	return nil
}

// RecoverMerge puts the signatures of several copies of one recovery file together.
func RecoverMerge(files [][]byte, history io.Reader) ([]byte, RecoveryInfo, error) {
	if len(files) == 0 {
		return nil, RecoveryInfo{}, fmt.Errorf("%w: no recovery file was given", recovery.ErrFile)
	}
	first, s, st, err := recoveryFiles(files[0], history)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	for i, b := range files[1:] {
		f, err := recovery.Parse(b)
		if err == nil {
			first, err = recovery.Merge(first, f)
		}
		if err != nil {
			return nil, RecoveryInfo{}, fmt.Errorf("file %d: %w", i+2, err)
		}
	}
	out, err := first.Bytes()
	return out, describe(first, s, st), err
}
