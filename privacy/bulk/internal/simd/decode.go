package simd

// Selection is what keys are decoded against (package okvs, whose Table.Decode is the definition).
type Selection struct {
	Bins, Third int
	Size        int    // of a slot, 16 or 32
	Rows        []byte // 3·Third slots
	Dense       []byte // 6·256 sums
	Images      []byte // 16·256 sums, or nil
}

// DecodeFast decodes keys, 32 bytes each, to Size + 16 bytes each: the sum, then the key's value. It does
// nothing and says false where there is no assembly.
func (s *Selection) DecodeFast(dst, keys []byte) bool { return s.decodeFast(dst, keys) }

// XorMasks adds a plane to k planes, where a bit of masks is set; k is 4 or 8.
func XorMasks(planes, plane []byte, masks byte, k int) {
	if len(plane) == PlaneSize && xorMasksFast(planes, plane, masks, k) {
		return
	}
	for b := range k {
		XorMasked(planes[b*PlaneSize:], plane, -uint64(masks>>b&1))
	}
}
