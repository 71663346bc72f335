package indicator

import "strings"

const errDomainURL refusal = "a URL, not a domain: use type url"

// canonicalDomain returns the IDNA A-label form, lowercase, without a trailing dot.
func canonicalDomain(s string, _ Options) (result, error) {
	if strings.Contains(s, "://") {
		return result{}, errDomainURL
	}
	form, err := asciiDomain(s)
	return result{form: form}, err
}
