package indicator

// canonicalMD5 returns the 32 lowercase hexadecimal digits of a file's MD5 (RFC 1321).
func canonicalMD5(s string, _ Options) (result, error) {
	form, err := fixedHex(s, 32)
	return result{form: form}, err
}
