package indicator

import (
	"net/netip"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// Reasons about URLs.
const (
	errURLForm   refusal = "not a URL"
	errURLScheme refusal = "a URL of http, https or ftp is wanted, scheme included"
	errURLHost   refusal = "the host of the URL is a private or local address"
)

// urls parses per the WHATWG URL standard. Invalid hosts are errors, not repaired.
var urls = whatwg.NewParser()

// canonicalURL returns the WHATWG serialisation without userinfo and fragment, the host without its
// root dot, percent-encoding in uppercase digits (RFC 3986, section 6.2.2.1).
func canonicalURL(s string, _ Options) (result, error) {
	if strings.HasPrefix(strings.ToLower(s), "hxxp") || strings.Contains(s, "[.]") {
		return result{}, errDefanged
	}
	if !strings.Contains(s, "://") {
		return result{}, errURLScheme // "https:host" parses, but only after repair
	}
	u, err := urls.Parse(s)
	if err != nil {
		return result{}, errURLForm
	}
	switch u.Scheme() {
	case "http", "https", "ftp":
	default:
		return result{}, errURLScheme
	}
	host, err := urlHost(u.Hostname())
	if err != nil {
		return result{}, err
	}
	return result{form: serialise(u, host)}, nil
}

// serialise writes the parts that make the canonical form.
func serialise(u *whatwg.Url, host string) string {
	var b strings.Builder
	b.WriteString(u.Scheme() + "://" + host)
	if p := u.Port(); p != "" {
		b.WriteString(":" + p)
	}
	b.WriteString(upperPercent(u.Pathname()))
	b.WriteString(upperPercent(u.Search())) // a query that is empty is none
	return b.String()
}

// urlHost drops the root dot and refuses hosts that mean something else in every network.
func urlHost(host string) (string, error) {
	host = strings.TrimSuffix(host, ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return "", errURLHost
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err == nil {
		if !isPublic(addr.Unmap()) {
			return "", errURLHost
		}
		return host, nil
	}
	if host == "" || strings.Contains(host, "..") || strings.HasPrefix(host, ".") || len(host) > 253 {
		return "", errDomainForm
	}
	return host, nil
}

// upperPercent writes the digits of each percent-encoded byte in uppercase.
func upperPercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' && isHex(b[i+1]) && isHex(b[i+2]) {
			copy(b[i+1:], strings.ToUpper(string(b[i+1:i+3])))
			i += 2
		}
	}
	return string(b)
}
