package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/crosslight/crosslight/protocol/wire"
)

// daysName is the folder of the keys under which openings of questions are kept. Like epochs' masters
// they must not enter a backup, or no day could be erased.
const daysName = "days"

// Day names a key under which what was asked on a day is sealed: questions that are to be kept equally
// long share one, so that destroying it erases them and nothing else. Days are of ledger time, since
// 1970-01-01.
type Day struct {
	Day   uint64
	Until uint64 // the last day on which it is kept
}

type dayFile struct {
	V     uint64   `cbor:"1,keyasint"`
	Day   uint64   `cbor:"2,keyasint"`
	Until uint64   `cbor:"3,keyasint"`
	Key   [32]byte `cbor:"4,keyasint"`
}

// ErrNoDay reports a day whose key is not here: it was erased, or never drawn.
var ErrNoDay = errors.New("the key of this day is erased")

func (r *Ring) dayPath(d Day) string {
	return filepath.Join(r.dir, daysName, fmt.Sprintf("%06d-%06d.age", d.Day, d.Until))
}

// DayKey returns the key of a day, 32 bytes, and draws it at the first call; it is on disk before it is
// returned. Only the process that holds the home's lock may call it, and not for one day at a time twice.
func (r *Ring) DayKey(d Day) ([32]byte, error) {
	key, err := r.OpenDay(d)
	if err == nil || !errors.Is(err, ErrNoDay) {
		return key, err
	}
	if err := os.MkdirAll(filepath.Join(r.dir, daysName), 0o700); err != nil {
		return key, fmt.Errorf("make the folder of day keys: %w", err)
	}
	f := dayFile{V: 1, Day: d.Day, Until: d.Until}
	if _, err := io.ReadFull(rand.Reader, f.Key[:]); err != nil {
		return key, fmt.Errorf("draw the key of a day: %w", err)
	}
	if err := seal(r.dayPath(d), f, r.epochs.Recipient()); err != nil {
		return key, fmt.Errorf("keep the key of a day: %w", err)
	}
	return f.Key, nil
}

// OpenDay returns the key of a day. Errors are [ErrNoDay], [ErrDamaged] and [ErrExposed].
func (r *Ring) OpenDay(d Day) ([32]byte, error) {
	plain, err := open(r.dayPath(d), r.epochs)
	switch {
	case errors.Is(err, ErrMissing):
		return [32]byte{}, ErrNoDay
	case errors.Is(err, ErrPassphrase):
		return [32]byte{}, fmt.Errorf("%w: the file of a day belongs to other keys", ErrDamaged)
	case err != nil:
		return [32]byte{}, err
	}
	var f dayFile
	if err := wire.Decode(plain, &f, maxPlain); err != nil || f.V != 1 || f.Day != d.Day || f.Until != d.Until {
		return [32]byte{}, fmt.Errorf("%w: the file of a day holds something else", ErrDamaged)
	}
	return f.Key, nil
}

// Days lists the days that have a key, in order.
func (r *Ring) Days() ([]Day, error) {
	entries, err := os.ReadDir(filepath.Join(r.dir, daysName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the days: %w", err)
	}
	var out []Day
	for _, e := range entries {
		var d Day
		if _, err := fmt.Sscanf(e.Name(), "%d-%d.age", &d.Day, &d.Until); err == nil && filepath.Base(r.dayPath(d)) == e.Name() {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Day) int { return slices.Compare([]uint64{a.Day, a.Until}, []uint64{b.Day, b.Until}) })
	return out, nil
}

// EraseDay destroys the key of a day as [Ring.EraseEpoch] does an epoch's: what it sealed cannot be read
// any more, wherever copies of it are. One that is not there is no error.
func (r *Ring) EraseDay(d Day) error {
	if err := destroy(r.dayPath(d)); err != nil {
		return fmt.Errorf("erase a day: %w", err)
	}
	return nil
}
