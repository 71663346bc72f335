package indicator

import "strings"

// Reasons about IBANs.
const (
	errIBANForm    refusal = "not an IBAN: two letters, two digits, then letters and digits"
	errIBANCountry refusal = "country is not in the IBAN registry: use bank-account"
	errIBANLength  refusal = "wrong length for its country"
	errIBANCheck   refusal = "wrong check digits"
)

// canonicalIBAN drops white space, uppercases, and checks country, length and ISO 7064 mod 97-10.
func canonicalIBAN(s string, _ Options) (result, error) {
	s = strings.ToUpper(dropSeparators(s, ""))
	if err := checkIBAN(s); err != nil {
		return result{}, err
	}
	return result{form: s}, nil
}

func checkIBAN(s string) error {
	if len(s) < 5 || !isUpper(s[0]) || !isUpper(s[1]) || !isDigit(s[2]) || !isDigit(s[3]) ||
		!allBytes(s, func(c byte) bool { return isDigit(c) || isUpper(c) }) {
		return errIBANForm
	}
	want, ok := ibanLength[s[:2]]
	switch {
	case !ok:
		return errIBANCountry
	case len(s) != want:
		return errIBANLength
	case s[2:4] < "02" || s[2:4] > "98":
		// 00, 01 and 99 are congruent to 97, 98 and 02: a second spelling of the same account.
		return errIBANCheck
	case mod97(s[4:]+s[:4]) != 1:
		return errIBANCheck
	}
	return nil
}

// mod97 reads letters as 10 to 35 and returns the number's remainder.
func mod97(s string) int {
	rem := 0
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			rem = (rem*10 + int(s[i]-'0')) % 97
		} else {
			rem = (rem*100 + int(s[i]-'A') + 10) % 97
		}
	}
	return rem
}
