package mirror

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// Segments returns the segments of the index in the order in which they apply. It is shared: do not
// write to it.
func (v *View) Segments() []session.SegmentInfo { return v.index.signed.Manifest.Segments }

// Deriver returns what derives tags in this index.
func (v *View) Deriver() *index.Deriver {
	m := &v.index.signed.Manifest
	return index.NewDeriver(index.Context{Ledger: m.Ledger, Holder: m.Holder, Epoch: m.Epoch, Type: m.Type})
}

// Join looks tags, ascending, up in one segment and calls found with the place in tags of each that is
// there, ascending; twice for one tag where the segment has it twice. What is found in an addition may
// be another value with the same tag, or be withdrawn by a later segment: [View.Lookup] with its output
// decides. What is found in a withdrawal is gone unless a later segment has it again. The error of found
// ends the join and is returned; others are [ErrNone] for a segment that is not in the manifest, and
// [ErrDisk].
//
// However large the segment is, a window of it is in memory at a time.
func (v *View) Join(segment [32]byte, tags []index.Tag, found func(tag int) error) error {
	for i, s := range v.Segments() {
		if s.Name == segment {
			return v.join(i, tags, found)
		}
	}
	return fmt.Errorf("%w: a segment that the manifest does not list", ErrNone)
}

// joinWindow is how many items of a segment a join goes through before it gives their memory back:
// 8 MiB of tags.
const joinWindow = 1 << 20

func (v *View) join(segment int, tags []index.Tag, found func(tag int) error) error {
	s, r := v.index.segments[segment], v.index.tags[segment]
	for from, at := 0, 0; from < int(s.Count()) && at < len(tags); from += joinWindow {
		to := min(from+joinWindow, int(s.Count()))
		var ferr error // found's own, told from a page that cannot be read
		err := readable(func() error {
			next, err := s.Join(tags[at:], from, to, func(tag, _ int) error {
				ferr = found(at + tag)
				return ferr
			})
			at += next
			return err
		})
		r.release(index.HeaderSize+from*index.TagSize, index.HeaderSize+to*index.TagSize)
		if ferr != nil || err != nil {
			return err
		}
	}
	return nil
}

// Match looks values up in the whole index: tags are theirs, ascending, and output returns the OPRF
// output of the tag at a place. found is called with the place and the label, nil where tags alone are
// here, of each value that is there and not withdrawn, in no order. It is a [View.Lookup] of each in one
// pass over the tags of the index. Errors are those of Lookup and of found; one of index.ErrLabel is
// returned after all others were looked up.
func (v *View) Match(tags []index.Tag, output func(tag int) *[index.OutputSize]byte, found func(tag int, label []byte) error) error {
	d, seen := v.Deriver(), make([]uint64, (len(tags)+63)/64)
	var sealed error
	opened := 0
	for i, info := range v.Segments() {
		if info.Kind == session.WithdrawalSegment {
			continue // takes away only
		}
		err := v.join(i, tags, func(tag int) error {
			if seen[tag/64]&(1<<(tag%64)) != 0 {
				return nil
			}
			seen[tag/64] |= 1 << (tag % 64)
			if opened++; opened%releaseEvery == 0 {
				v.release()
			}
			label, ok, err := v.Lookup(d, output(tag))
			if errors.Is(err, index.ErrLabel) {
				sealed = err
				return nil
			}
			if err != nil || !ok {
				return err
			}
			return found(tag, label)
		})
		if err != nil {
			return err
		}
	}
	v.release()
	return sealed
}

// releaseEvery is how many labels are opened before their pages are given back: 4 KiB each, and what
// the system maps around them.
const releaseEvery = 1 << 11

// release gives back the memory of all that is mapped.
func (v *View) release() {
	for _, r := range v.index.regions {
		if r != nil {
			r.release(0, len(r.data))
		}
	}
}
