package indicator

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Reasons about e-mail addresses.
const (
	errEmailNoAt    refusal = "no @ sign"
	errEmailTwoAt   refusal = "more than one @ sign"
	errEmailQuoted  refusal = "quoted local part: it has no one form"
	errEmailLocal   refusal = "the part before the @ holds a character or a dot that RFC 5321 does not allow there"
	errEmailLength  refusal = "longer than RFC 5321 allows: 64 bytes before the @, 254 in all"
	errEmailLiteral refusal = "address literal in place of a domain: use type ip"
	errEmailDisplay refusal = "more than an address: write user@domain alone"
)

// canonicalEmail returns local@domain: NFC and lowercase before the @, the A-label after it. Plus
// tags and dots stay: only the provider knows whether they mean something.
func canonicalEmail(s string, _ Options) (result, error) {
	local, host, err := splitEmail(s)
	if err != nil {
		return result{}, err
	}
	local = foldLocal(local)
	if err := checkLocal(local); err != nil {
		return result{}, err
	}
	host, err = asciiDomain(host)
	if err != nil {
		return result{}, err
	}
	form := local + "@" + host
	if len(local) > 64 || len(form) > 254 {
		return result{}, errEmailLength
	}
	return result{form: form}, nil
}

// splitEmail cuts at the one @ and names what else was pasted.
func splitEmail(s string) (local, host string, err error) {
	switch {
	case strings.ContainsRune(s, '"'):
		return "", "", errEmailQuoted
	case strings.ContainsAny(s, "<>,;:") && strings.ContainsRune(s, '@') && !strings.Contains(s, "@["):
		return "", "", errEmailDisplay
	case strings.Count(s, "@") > 1:
		return "", "", errEmailTwoAt
	}
	local, host, found := strings.Cut(s, "@")
	if !found {
		return "", "", errEmailNoAt
	}
	if strings.HasPrefix(host, "[") && !strings.HasPrefix(host, "[.]") {
		return "", "", errEmailLiteral
	}
	return local, host, nil
}

// foldLocal lowercases rune by rune (UnicodeData's simple mapping, which no locale changes) between
// two normalisations, so that the result maps to itself.
func foldLocal(local string) string {
	if isASCII(local) {
		return strings.ToLower(local)
	}
	return norm.NFC.String(strings.ToLower(norm.NFC.String(local)))
}

// checkLocal accepts a dot-atom of RFC 5321 whose atoms may hold letters, marks and digits of any
// script (RFC 6531).
func checkLocal(local string) error {
	for _, atom := range strings.Split(local, ".") {
		if atom == "" || strings.IndexFunc(atom, notAtext) >= 0 {
			return errEmailLocal
		}
	}
	return nil
}

// notAtext reports a character that an atom may not hold.
func notAtext(r rune) bool {
	if r < utf8.RuneSelf {
		return !isAlnum(byte(r)) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.N)
}
