package index

import (
	"cmp"
	"encoding/binary"
)

// Join looks a sorted list of tags up in the items from to to (exclusive) of the segment, in one pass
// over both: whichever list is behind is skipped through by doubling steps, so that a handful of tags
// in a large segment, or a small segment under a million tags, costs little more than the smaller of
// the two. tags ascend as unsigned integers; equal ones are each reported.
//
// found is called for every pair of equal tags, with the place in tags and the place in the segment,
// the places in the segment ascending for each tag. Its error ends the join and is returned. next is
// the first place in tags that a join over the items behind to still has to look at.
//
// A pair is an item only if its label opens ([Segment.Open]), or where tags alone are here. The segment
// may be a withdrawal: what is found is withdrawn.
func (s *Segment) Join(tags []Tag, from, to int, found func(tag, item int) error) (next int, err error) {
	t, i := 0, max(from, 0)
	to = min(to, s.len())
	for t < len(tags) && i < to {
		want, have := number(tags[t]), s.at(i)
		switch {
		case want < have:
			t += gallop(len(tags)-t, func(k int) bool { return number(tags[t+k]) < have })
		case have < want:
			i += gallop(to-i, func(k int) bool { return s.at(i+k) < want })
		default:
			for j := i; j < min(to, i+MaxRun) && s.at(j) == want; j++ {
				if err := found(t, j); err != nil {
					return t, err
				}
			}
			t++ // i stays: the next tag may be the same
		}
	}
	// The last item's tag may go on behind to: tags equal to it are looked at again there.
	if to > max(from, 0) {
		last := s.at(to - 1)
		for t > 0 && number(tags[t-1]) == last {
			t--
		}
	}
	return t, nil
}

func number(t Tag) uint64 { return binary.BigEndian.Uint64(t[:]) }

// gallop returns how many of the first n places are behind, which are all those before some place: 0
// is. It takes about twice the logarithm of the result.
func gallop(n int, behind func(k int) bool) int {
	step := 1
	for step < n && behind(step) {
		step *= 2
	}
	lo, hi := step/2+1, min(step, n) // behind(step/2) holds; at hi it does not, or the list ends
	for lo < hi {
		if mid := lo + (hi-lo)/2; behind(mid) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return min(lo, n)
}

// Open opens the label of an item that [Segment.Join] found, with its VOPRF output f. ok is false where
// the item is another with the same tag. Where tags alone are here, and in a withdrawal, label is nil
// and ok true. Errors are those of [Segment.Lookup].
func (s *Segment) Open(d *Deriver, f *[OutputSize]byte, item int) (label []byte, ok bool, err error) {
	if d.context != s.header.Context {
		return nil, false, ErrContext
	}
	if s.labels == nil || s.header.Kind == Withdrawal {
		return nil, true, nil
	}
	return d.open(s.labels[item*LabelSealed:(item+1)*LabelSealed], f, &s.header.Salt)
}

// Tag returns the tag of an item, 0 to Count-1.
func (s *Segment) Tag(item int) Tag { return Tag(s.tags[item*TagSize:]) }

// Compare orders tags as segments do.
func (t Tag) Compare(other Tag) int {
	return cmp.Compare(number(t), number(other))
}
