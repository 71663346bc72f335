package indicator

// canonicalVPDQ returns the SHA-256 of a vPDQ hash's sorted frame list, 64 lowercase hexadecimal digits: opaque, exact.
func canonicalVPDQ(s string, _ Options) (result, error) {
	form, err := fixedHex(s, 64)
	return result{form: form}, err
}
