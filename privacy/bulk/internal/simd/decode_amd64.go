//go:build amd64 && !purego

package simd

func (s *Selection) decodeFast(dst, keys []byte) bool {
	if inUse < avx2 || s.Size != 16 && s.Size != 32 {
		return false
	}
	n := len(keys) / 32
	if n == 0 {
		return true
	}
	_, _, _ = dst[:n*(s.Size+16)], s.Rows[:3*s.Third*s.Size], s.Dense[:6*256*s.Size]
	d, k, r, t := &dst[0], &keys[0], &s.Rows[0], &s.Dense[0]
	if s.Images == nil {
		if s.Size == 32 {
			decode32(d, k, r, t, nil, uint64(s.Bins), uint64(s.Third), uint64(n))
		} else {
			decode16(d, k, r, t, nil, uint64(s.Bins), uint64(s.Third), uint64(n))
		}
		return true
	}
	_ = s.Images[:16*256*s.Size]
	if s.Size == 32 {
		decode32Images(d, k, r, t, &s.Images[0], uint64(s.Bins), uint64(s.Third), uint64(n))
	} else {
		decode16Images(d, k, r, t, &s.Images[0], uint64(s.Bins), uint64(s.Third), uint64(n))
	}
	return true
}

func xorMasksFast(planes, plane []byte, masks byte, k int) bool {
	if inUse < avx512 {
		return false
	}
	_ = planes[:k*PlaneSize]
	for b := 0; b < k; b += 4 {
		var m [4]uint64
		for i := range m {
			m[i] = -uint64(masks >> (b + i) & 1)
		}
		addMasked4(&planes[b*PlaneSize], &plane[0], &m[0])
	}
	return true
}
