package indicator

// canonicalSHA256 returns the 64 lowercase hexadecimal digits of a file's SHA-256 (FIPS 180-4).
func canonicalSHA256(s string, _ Options) (result, error) {
	form, err := fixedHex(s, 64)
	return result{form: form}, err
}
