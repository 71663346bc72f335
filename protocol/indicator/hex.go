package indicator

import "strings"

// isHex reports a hexadecimal digit of either case.
func isHex(c byte) bool {
	return isDigit(c) || ('a' <= c && c <= 'f') || ('A' <= c && c <= 'F')
}

// fixedHex returns s in lowercase when it is exactly digits hexadecimal digits.
func fixedHex(s string, digits int) (string, error) {
	if len(s) != digits {
		return "", errHexLength
	}
	if !allBytes(s, isHex) {
		return "", errHexDigit
	}
	return strings.ToLower(s), nil
}
