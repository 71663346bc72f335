package indicator

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// directPhone returns what libphonenumber's parser returns, without its regular expressions, for
// numbers of full length under +1 and +44 that start with neither a national prefix (1, 0) nor a
// zero to keep: there the parser only copies digits. It spares half the time of the most frequent
// numbers; a test compares it with the parser. Everything else is left to the parser.
func directPhone(digits, region string) (n *phonenumbers.PhoneNumber, form string, ok bool) {
	if len(digits) == 10 && digits[0] >= '2' && (region == "US" || region == "CA") {
		digits = "+1" + digits
	}
	switch {
	case len(digits) == 12 && strings.HasPrefix(digits, "+1") && digits[2] >= '2':
		n, ok = newPhoneNumber(1, digits[2:])
	case len(digits) == 13 && strings.HasPrefix(digits, "+44") && digits[3] >= '1':
		n, ok = newPhoneNumber(44, digits[3:])
	}
	return n, digits, ok
}

// newPhoneNumber makes the library's number from a country code and a national number.
func newPhoneNumber(code int32, national string) (*phonenumbers.PhoneNumber, bool) {
	v, err := strconv.ParseUint(national, 10, 64)
	return &phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &v}, err == nil
}
