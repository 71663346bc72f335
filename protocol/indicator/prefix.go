package indicator

import "strings"

// maxPrefix is the longest name before the colon, in bytes.
const maxPrefix = 32

const errDigestHere refusal = "digest: stands in place of a whole value, not as a prefix of one"

// splitPrefix splits "name : rest" at the first colon, lowercases the name and drops the spaces
// around the colon. what names the prefix in the reason: "platform", "chain" ...
func splitPrefix(s, what string) (name, rest string, err error) {
	name, rest, found := strings.Cut(s, ":")
	if !found {
		return "", "", refusal("no " + what + ": write " + what + ":value")
	}
	name = strings.ToLower(strings.TrimSpace(name))
	rest = strings.TrimFunc(rest, trimmed)
	if len(name) > maxPrefix || !allBytes(name, isPrefixByte) || !isAlnum(name[0]) {
		return "", "", refusal("the " + what + " before the colon is not a name of letters, digits, dots and dashes")
	}
	if name+":" == DigestPrefix {
		return "", "", errDigestHere
	}
	if rest == "" {
		return "", "", refusal("nothing after the " + what)
	}
	return name, rest, nil
}

// isPrefixByte reports what a lowercased prefix may hold.
func isPrefixByte(c byte) bool {
	return isDigit(c) || isLower(c) || c == '-' || c == '.' || c == '_'
}
