package fetch

import (
	"time"

	"github.com/crosslight/crosslight/node/mirror"
)

// clearance remembers that an index was found to be what its holder signed.
type clearance struct {
	manifest [32]byte
	until    time.Time
}

// clearFor is how long an index that was verified is not verified again: a holder whose labels do not
// open could otherwise make this node read its whole index for every question.
const clearFor = 10 * time.Minute

// Suspect finds out who is to blame for an index that gave an error when it was looked up in
// (mirror.ErrDisk, index.ErrLabel, index.ErrContext, index.ErrHeader). It reads every byte of it.
// nil says that they are what the holder signed: the holder is at fault. mirror.ErrDisk says that
// this disk has damaged them: they have been removed, and the next update fetches them again. After
// any other error, mirror.ErrNone for an index that is gone by now, nobody is to blame.
func (f *Fetcher) Suspect(ref mirror.Ref) error {
	f.suspects.Lock()
	defer f.suspects.Unlock()
	m, err := f.mirror.Manifest(ref)
	if c := f.cleared[ref]; err == nil && c.manifest == m.Hash && f.now().Before(c.until) {
		return nil
	}
	if err := f.mirror.Repair(ref); err != nil {
		f.forget(ref)
		delete(f.cleared, ref)
		return err
	}
	if err == nil {
		f.cleared[ref] = clearance{m.Hash, f.now().Add(clearFor)}
	}
	return nil
}
