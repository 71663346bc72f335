package indicator

import (
	"strings"
	"unicode/utf8"
)

// Mask returns a display form that reminds its owner of a value without giving it away:
// "a•••@e•••.com", "+1•••23", "gcash:+6•••67". It narrows a guess and so never leaves the member.
func Mask(c Canonical) string {
	switch c.typ {
	case Email:
		local, host, _ := strings.Cut(c.form, "@")
		return first(local) + "•••@" + maskHost(host)
	case Domain:
		return maskHost(c.form)
	case BankAccount, EWallet, Crypto, Username, PlatformID, Device:
		prefix, rest, _ := strings.Cut(c.form, ":")
		return prefix + ":" + maskEnds(rest)
	case URL:
		scheme, rest, _ := strings.Cut(c.form, "://")
		host, _, _ := strings.Cut(rest, "/")
		return scheme + "://" + maskHost(host) + "/•••"
	}
	return maskEnds(c.form)
}

// maskHost keeps the first character and the last label.
func maskHost(host string) string {
	last := strings.LastIndexByte(host, '.')
	if last < 0 {
		return first(host) + "•••"
	}
	return first(host) + "•••" + host[last:]
}

// maskEnds keeps two characters at either end of a value long enough to hide the rest.
func maskEnds(s string) string {
	r := []rune(s)
	if len(r) < 8 {
		return first(s) + "•••"
	}
	return string(r[:2]) + "•••" + string(r[len(r)-2:])
}

// first returns the first character of s.
func first(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
