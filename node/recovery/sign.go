package recovery

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/home"
)

// Same says whether a draft is the one that follows from what is known here. The error is
// [ErrOtherDraft].
func (p Plan) Same(d entry.RecoveryDraft) error {
	if p.Draft.Digest() != d.Digest() {
		return fmt.Errorf("%w: from these follows a base of %d entries", ErrOtherDraft, p.Base.Size)
	}
	return nil
}

// Sign signs a draft that is the plan's with a seat key. The file record remembers which one, before the
// signature is made, so that the seat never signs two into one incarnation. Errors: [ErrOtherDraft],
// [ErrSigned], and those of the file system.
func (p Plan) Sign(d entry.RecoveryDraft, seat ed25519.PrivateKey, record string) (entry.RecoveryDraft, error) {
	if err := p.Same(d); err != nil {
		return d, err
	}
	digest := d.Digest()
	line := fmt.Sprintf("incarnation %d: %s\n", d.Statement().Incarnation, hex.EncodeToString(digest[:]))
	record = fmt.Sprintf("%s-%d", record, d.Statement().Incarnation)
	before, err := os.ReadFile(record)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := home.WriteFile(record, []byte(line), 0o600); err != nil {
			return d, err
		}
	case err != nil:
		return d, err
	case string(before) != line:
		return d, fmt.Errorf("%w (%s)", ErrSigned, record)
	}
	return d.Sign(seat), nil
}

// Merge puts the signatures of files of one draft together.
func Merge(files [][]byte) (entry.RecoveryDraft, error) {
	var drafts []entry.RecoveryDraft
	for i, file := range files {
		d, err := entry.ParseRecoveryDraft(file)
		if err != nil {
			return entry.RecoveryDraft{}, fmt.Errorf("file %d is no recovery: %w", i+1, err)
		}
		drafts = append(drafts, d)
	}
	if len(drafts) == 0 {
		return entry.RecoveryDraft{}, errors.New("no recovery given")
	}
	return entry.MergeRecoveries(drafts[0], drafts[1:]...)
}

// Tally says whose seats have signed a draft, and what is still needed; Needs is empty once it is
// complete.
func (p Plan) Tally(d entry.RecoveryDraft) (state.Tally, error) {
	if err := p.Same(d); err != nil {
		return state.Tally{}, err
	}
	return p.Base.State().RecoveryTally(d.Body())
}
