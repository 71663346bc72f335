package indicator

import (
	"strings"

	"golang.org/x/text/secure/precis"
)

// Reasons about usernames.
const (
	errUsername     refusal = "not a username of RFC 8265: spaces, symbols or mixed directions"
	errUsernameRule refusal = "the platform's own rule does not allow this username"
)

// platformAliases are second names of platforms that are written both ways.
var platformAliases = map[string]string{
	"twitter": "x", "ig": "instagram", "insta": "instagram", "fb": "facebook", "tg": "telegram", "yt": "youtube",
}

// handle is a platform's own rule for usernames: ASCII letters, digits and extra, up to max.
type handle struct {
	extra string
	max   int
}

// handles lists platforms whose rule is known; their names are case-insensitive. All others follow
// PRECIS alone.
var handles = map[string]handle{
	"x":         {extra: "_", max: 15},
	"instagram": {extra: "._", max: 30},
	"tiktok":    {extra: "._", max: 24},
	"telegram":  {extra: "_", max: 32},
	"snapchat":  {extra: "._-", max: 15},
	"reddit":    {extra: "_-", max: 20},
}

// platformName returns the one name of a platform.
func platformName(name string) string {
	if to, ok := platformAliases[name]; ok {
		return to
	}
	return name
}

// canonicalUsername returns platform:name under PRECIS UsernameCaseMapped without a leading @.
// Confusable letters are not folded: that would merge people.
func canonicalUsername(s string, _ Options) (result, error) {
	platform, name, err := splitPrefix(s, "platform")
	if err != nil {
		return result{}, err
	}
	platform = platformName(platform)
	name, err = mapUsername(strings.TrimPrefix(name, "@"))
	if err != nil {
		return result{}, err
	}
	if h, ok := handles[platform]; ok && !h.allows(name) {
		return result{}, errUsernameRule
	}
	return result{form: platform + ":" + name}, nil
}

// mapUsername applies the profile until its output is stable (RFC 8264, section 7), at most four
// times.
func mapUsername(name string) (string, error) {
	for range 4 {
		mapped, err := precis.UsernameCaseMapped.String(name)
		if err != nil {
			return "", errUsername
		}
		mapped = strings.TrimPrefix(mapped, "@")
		if mapped == "" {
			return "", errUsername
		}
		if mapped == name {
			return name, nil
		}
		name = mapped
	}
	return "", errUsername
}

func (h handle) allows(name string) bool {
	return len(name) <= h.max && allBytes(name, func(c byte) bool {
		return isDigit(c) || isLower(c) || strings.IndexByte(h.extra, c) >= 0
	})
}
