package indicator

import (
	"strings"

	"golang.org/x/net/idna"
)

// Reasons about host names.
const (
	errDomainForm    refusal = "not a domain name"
	errDomainLabels  refusal = "a domain name needs at least two labels"
	errDomainLength  refusal = "domain name longer than 253 or label longer than 63 bytes"
	errDomainHyphen  refusal = "a label of the domain starts or ends with a hyphen"
	errDomainNumeric refusal = "the last label is a number: an IP address has a type of its own"
)

// profile is UTS #46 non-transitional processing with STD3 rules, contextual joiners and the Bidi
// rule. CheckHyphens is off as in WHATWG URL, since names with "--" in third place exist; hyphens at
// the ends of a label are refused in checkLabels.
var profile = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(true),
	idna.CheckHyphens(false),
	idna.CheckJoiners(true),
	idna.BidiRule(),
	idna.VerifyDNSLength(true),
)

// asciiDomain returns the A-label form of a host name: lowercase, without the root's dot.
func asciiDomain(s string) (string, error) {
	if strings.Contains(s, "[.]") || strings.Contains(s, "(.)") || strings.Contains(s, "[dot]") {
		return "", errDefanged
	}
	s = strings.TrimSuffix(s, ".")
	if !plainHost(s) {
		mapped, err := profile.ToASCII(s)
		if err != nil {
			return "", errDomainForm
		}
		s = strings.TrimSuffix(mapped, ".")
	}
	s = strings.ToLower(s)
	return s, checkLabels(s)
}

// plainHost reports whether s is an ASCII name without A-labels, on which UTS #46 does nothing but
// lowercase. It spares most names the mapping.
func plainHost(s string) bool {
	ok := allBytes(s, func(c byte) bool { return isAlnum(c) || c == '-' || c == '.' })
	return ok && !strings.Contains(strings.ToLower(s), "xn--")
}

// checkLabels applies RFC 1035 lengths and RFC 952 hyphens to a lowercase ASCII name.
func checkLabels(s string) error {
	if s == "" {
		return errDomainForm
	}
	if len(s) > 253 {
		return errDomainLength
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		switch {
		case l == "":
			return errDomainForm
		case len(l) > 63:
			return errDomainLength
		case l[0] == '-' || l[len(l)-1] == '-':
			return errDomainHyphen
		}
	}
	if len(labels) < 2 {
		return errDomainLabels
	}
	return checkTopLabel(labels[len(labels)-1])
}

// checkTopLabel refuses what WHATWG URL would read as the end of an IPv4 address.
func checkTopLabel(l string) error {
	hexNumber := strings.HasPrefix(l, "0x") && (len(l) == 2 || allBytes(l[2:], isHex))
	if allBytes(l, isDigit) || hexNumber {
		return errDomainNumeric
	}
	return nil
}
