package indicator

import "strings"

const errPlatformID refusal = "an account id holds letters, digits and . _ : @ / - only, at most 128"

// canonicalPlatformID returns platform:id. Case and leading zeros of an id stay: whether they
// matter is the platform's secret, and ids are copied by machines.
func canonicalPlatformID(s string, _ Options) (result, error) {
	platform, id, err := splitPrefix(s, "platform")
	if err != nil {
		return result{}, err
	}
	if len(id) > 128 || !allBytes(id, func(c byte) bool { return isAlnum(c) || strings.IndexByte("._:@/-", c) >= 0 }) {
		return result{}, errPlatformID
	}
	return result{form: platformName(platform) + ":" + id}, nil
}
