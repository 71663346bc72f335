package indicator

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean is the step that all types share: bound, UTF-8, trim, no characters that cannot be seen.
func clean(raw string) (string, error) {
	if len(raw) > MaxValue {
		return "", errTooLong
	}
	if !utf8.ValidString(raw) {
		return "", errUTF8
	}
	s := strings.TrimFunc(raw, trimmed)
	if s == "" {
		return "", errEmpty
	}
	return s, checkVisible(s)
}

// trimmed reports what is dropped at either end of a value: white space, the byte order mark, and
// the marks that address books and spreadsheets put around numbers to fix their direction.
func trimmed(r rune) bool {
	switch r {
	case '\uFEFF', '\u200B', '\u2060', '\u200E', '\u200F':
		return true
	}
	return unicode.IsSpace(r) || (r >= '\u202A' && r <= '\u202E') || (r >= '\u2066' && r <= '\u2069')
}

// checkVisible refuses control and format characters inside a value: two values that look the same
// must not differ in them. The two joiners are left to the types, since scripts need them.
func checkVisible(s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return checkVisibleRunes(s[i:])
		}
		if s[i] < ' ' || s[i] == 0x7F {
			return errControl
		}
	}
	return nil
}

// checkVisibleRunes is checkVisible where s is not ASCII.
func checkVisibleRunes(s string) error {
	for _, r := range s {
		switch {
		case r == '\u200C' || r == '\u200D':
		case r == utf8.RuneError:
			return errDamaged
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return errControl
		}
	}
	return nil
}

// isASCII reports whether s is ASCII only.
func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isAlnum(c byte) bool { return isDigit(c) || isLower(c) || isUpper(c) }

// allBytes reports whether ok holds for every byte of s, and s is not empty.
func allBytes(s string, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if !ok(s[i]) {
			return false
		}
	}
	return s != ""
}

// dropSeparators removes white space and the ASCII characters in others from s.
func dropSeparators(s, others string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune(others, r) {
			return -1
		}
		return r
	}, s)
}
