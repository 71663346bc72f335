package indicator

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// Reasons about phone numbers.
const (
	errPhoneCharacter refusal = "a character that no phone number holds"
	errPhoneRegion    refusal = "national form without a default region: write +country code, or give the region"
	errPhoneForm      refusal = "not a phone number of its region"
	errPhoneInvalid   refusal = "not a valid phone number: no such range is assigned"
	errPhoneBadRegion refusal = "the default region is not an ISO 3166-1 code with a country calling code"
)

// canonicalPhone returns E.164 with its plus sign. Extensions are dropped. Validity is that of
// libphonenumber's metadata at the pinned version, and of fictitious.
func canonicalPhone(s string, o Options) (result, error) {
	digits, err := phoneDigits(s)
	if err != nil {
		return result{}, err
	}
	form, err := e164(digits, strings.ToUpper(o.Region))
	return result{form: form}, err
}

// e164 parses "+digits" or "digits" of a region.
func e164(digits, region string) (string, error) {
	if digits[0] != '+' {
		if region == "" {
			return "", errPhoneRegion
		}
		if phonenumbers.GetCountryCodeForRegion(region) == 0 {
			return "", errPhoneBadRegion
		}
	}
	n, form, err := parsePhone(digits, region)
	if err != nil {
		return "", errPhoneForm
	}
	if !fictitious(form) && !phonenumbers.IsValidNumber(n) {
		return "", errPhoneInvalid
	}
	return form, nil
}

// parsePhone returns the number and its E.164 form, not yet checked for validity.
func parsePhone(digits, region string) (*phonenumbers.PhoneNumber, string, error) {
	if n, form, ok := directPhone(digits, region); ok {
		return n, form, nil
	}
	n, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return nil, "", err
	}
	return n, phonenumbers.Format(n, phonenumbers.E164), nil
}

// fictitious reports the ranges kept free for stories and examples that count as valid whatever the
// metadata says of their area code: +1 NXX 555 0100 to 0199 and +44 20 7946 0000 to 0999.
func fictitious(form string) bool {
	if len(form) == 12 && strings.HasPrefix(form, "+1") {
		return form[2] >= '2' && form[5:10] == "55501"
	}
	return len(form) == 13 && strings.HasPrefix(form, "+442079460")
}

// phoneDigits reduces a number as people write it to an optional plus sign and ASCII digits: digits
// of any script are read, punctuation goes, an extension is cut off. Letters are refused; a vanity
// number would be a guess.
func phoneDigits(s string) (string, error) {
	s = strings.TrimSpace(cutExtension(trimScheme(s)))
	out := make([]byte, 0, 20)
	for _, r := range s {
		switch {
		case r == '+' || r == '\uFF0B':
			if len(out) > 0 {
				return "", errPhoneCharacter
			}
			out = append(out, '+')
		case unicode.Is(unicode.Nd, r):
			out = append(out, digitOf(r))
		case !phonePunctuation(r):
			return "", errPhoneCharacter
		}
	}
	if len(out) < 3 || len(out) > 20 {
		return "", errPhoneForm
	}
	return string(out), nil
}

// trimScheme drops the "tel:" of RFC 3966.
func trimScheme(s string) string {
	if len(s) > 4 && strings.EqualFold(s[:4], "tel:") {
		return s[4:]
	}
	return s
}

// cutExtension cuts at the first mark of an extension: ";ext=", "ext", "x", "#".
func cutExtension(s string) string {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case 'x', 'X', '#', ';', ',':
			return s[:i]
		case 'e', 'E':
			if len(s) >= i+3 && strings.EqualFold(s[i:i+3], "ext") {
				return s[:i]
			}
		}
	}
	return s
}

// phonePunctuation reports what may stand between digits.
func phonePunctuation(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune("()./[]\u2212\uFF08\uFF09\u200C\u200D", r)
}

// digitOf returns the ASCII digit for a decimal digit of any script. Unicode encodes the ten digits
// of a script in order, and sets that touch one another start at multiples of ten from the first.
func digitOf(r rune) byte {
	if r < unicode.MaxASCII {
		return byte(r)
	}
	for _, x := range unicode.Nd.R16 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return byte('0' + (r-rune(x.Lo))%10)
		}
	}
	for _, x := range unicode.Nd.R32 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return byte('0' + (r-rune(x.Lo))%10)
		}
	}
	return 0
}
