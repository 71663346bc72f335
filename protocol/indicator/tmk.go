package indicator

// canonicalTMK returns the SHA-256 of a TMK+PDQF file, 64 lowercase hexadecimal digits: opaque, exact.
func canonicalTMK(s string, _ Options) (result, error) {
	form, err := fixedHex(s, 64)
	return result{form: form}, err
}
