package index

// NoticeKey returns the 32 bytes under which who knows f, the holder and those that it evaluated the
// value for, shows that it does without naming the value: a notice about an item is sealed with it
// (crosslight/match/v1). It is HKDF-Expand(F, context || "notice") (RFC 5869 §2.3); the infos of tag and
// label key have other lengths, so that no two of them meet.
func (d *Deriver) NoticeKey(f *[OutputSize]byte) [32]byte {
	var info [38]byte
	copy(info[:32], d.context[:])
	copy(info[32:], "notice")
	return expand(f, info[:])
}
