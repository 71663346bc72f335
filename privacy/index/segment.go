package index

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// Segment is a segment ready to be searched, over bytes that are usually mapped from a file. It does
// not copy them, and they must not change while it is in use. Lookups may run side by side.
type Segment struct {
	header Header
	tags   []byte // behind the header
	labels []byte // nil where only matches are revealed
}

// Parse reads the header and checks sizes. labels is nil where only the tags were served. It does not
// look at every byte; [Segment.Verify] does, once, before a segment that came from elsewhere is used.
// A segment that was never verified gives wrong answers at worst. Errors: [ErrHeader], [ErrSize].
func Parse(tags, labels []byte) (*Segment, error) {
	h, err := ParseHeader(tags)
	if err != nil {
		return nil, err
	}
	if uint64(len(tags)) != TagsSize(h.Count) {
		return nil, fmt.Errorf("%w: tags of %d bytes instead of %d", ErrSize, len(tags), TagsSize(h.Count))
	}
	if labels != nil && uint64(len(labels)) != LabelsSize(h.Kind, h.Count) {
		return nil, fmt.Errorf("%w: labels of %d bytes instead of %d", ErrSize, len(labels), LabelsSize(h.Kind, h.Count))
	}
	return &Segment{h, tags[HeaderSize:], labels}, nil
}

// Header returns what the segment says of itself.
func (s *Segment) Header() Header { return s.header }

// Count returns the number of items.
func (s *Segment) Count() uint64 { return s.header.Count }

// Verify reads every byte: that the tags have this name and ascend, and that the labels, if here, are
// those of the header. Errors: [ErrName], [ErrOrder], [ErrLabels].
func (s *Segment) Verify(name Name) error {
	header := s.header.encode()
	hash := sha256.New()
	hash.Write(header[:])
	hash.Write(s.tags)
	if Name(hash.Sum(nil)) != name {
		return ErrName
	}
	if err := s.checkOrder(); err != nil {
		return err
	}
	if s.labels != nil && sha256.Sum256(s.labels) != s.header.Labels {
		return ErrLabels
	}
	return nil
}

func (s *Segment) checkOrder() error {
	run := 1
	for i := 1; i < s.len(); i++ {
		switch previous, next := s.at(i-1), s.at(i); {
		case previous > next:
			return fmt.Errorf("%w: item %d", ErrOrder, i)
		case previous == next:
			run++
		default:
			run = 1
		}
		if run > MaxRun {
			return fmt.Errorf("%w: more than %d equal ones", ErrOrder, MaxRun)
		}
	}
	return nil
}

// Lookup looks for the item whose VOPRF output is f. With labels it returns the item's own, and ok
// only if one opens; without, ok says that the tag is there. d must be of the segment's context, else
// [ErrContext]. [ErrLabel] reports a holder that sealed what is no label.
func (s *Segment) Lookup(d *Deriver, f *[OutputSize]byte) (label []byte, ok bool, err error) {
	if d.context != s.header.Context {
		return nil, false, ErrContext
	}
	tag := d.Tag(f)
	want := binary.BigEndian.Uint64(tag[:])
	first := s.search(want)
	for i := first; i < min(s.len(), first+MaxRun) && s.at(i) == want; i++ {
		if s.labels == nil || s.header.Kind == Withdrawal {
			return nil, true, nil
		}
		label, ok, err = d.open(s.labels[i*LabelSealed:(i+1)*LabelSealed], f, &s.header.Salt)
		if ok || err != nil {
			return label, ok, err
		}
	}
	return nil, false, nil
}

func (s *Segment) len() int { return len(s.tags) / TagSize }

func (s *Segment) at(i int) uint64 { return binary.BigEndian.Uint64(s.tags[i*TagSize:]) }

// search returns the first place whose tag is not below want. Tags are uniform unless the holder
// cheats, so that three interpolations, each narrowing n places to about the root of n, come close;
// halving does the rest, and bounds what a holder with crafted tags can cost us.
func (s *Segment) search(want uint64) int {
	lo, hi := 0, s.len() // below lo everything is < want, from hi on nothing is
	from, to := uint64(0), uint64(math.MaxUint64)
	for round := 0; round < 3 && hi-lo > 32 && from < to; round++ {
		guess := lo + interpolate(want, from, to, hi-lo)
		step := int(math.Sqrt(float64(hi-lo))) + 1
		if i := guess - step; i > lo {
			if v := s.at(i); v < want {
				lo, from = i+1, v
			} else {
				hi, to = i, v
			}
		}
		if i := guess + step; i >= lo && i < hi {
			if v := s.at(i); v < want {
				lo, from = i+1, v
			} else {
				hi, to = i, v
			}
		}
	}
	for lo < hi {
		if mid := lo + (hi-lo)/2; s.at(mid) < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// interpolate returns how far into n places want is expected, 0 to n-1, if the n places run evenly
// between from and to.
func interpolate(want, from, to uint64, n int) int {
	if want <= from || to <= from {
		return 0
	}
	if want >= to {
		return n - 1
	}
	hi, lo := bits.Mul64(want-from, uint64(n))
	q, _ := bits.Div64(hi, lo, to-from) // hi < to-from, because want-from < to-from and n < 2^63
	return min(int(q), n-1)
}
