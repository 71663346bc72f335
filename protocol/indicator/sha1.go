package indicator

// canonicalSHA1 returns the 40 lowercase hexadecimal digits of a file's SHA-1 (FIPS 180-4).
func canonicalSHA1(s string, _ Options) (result, error) {
	form, err := fixedHex(s, 40)
	return result{form: form}, err
}
