package entry

// VersionOf reads the version at the beginning of an envelope, of whatever version it is: all have a map
// of at most 23 fields whose first is the version, under key 1. It reports false for what is none.
func VersionOf(raw []byte) (uint64, bool) {
	if len(raw) < 3 || raw[0] <= 0xa0 || raw[0] > 0xb7 || raw[1] != 0x01 {
		return 0, false
	}
	short := raw[2]
	if short < 24 {
		return uint64(short), true
	}
	if short > 27 { // no unsigned integer
		return 0, false
	}
	n := 1 << (short - 24) // bytes that follow
	if len(raw) < 3+n {
		return 0, false
	}
	v := uint64(0)
	for _, b := range raw[3 : 3+n] {
		v = v<<8 | uint64(b)
	}
	minimal := [...]uint64{24, 1 << 8, 1 << 16, 1 << 32}
	return v, v >= minimal[short-24]
}
