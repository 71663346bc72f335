package indicator

import "strings"

// Reasons about bank accounts without an IBAN.
const (
	errBankForm    refusal = "write country:bank:account"
	errBankCountry refusal = "the country is not an ISO 3166-1 alpha-2 code"
	errBankIBAN    refusal = "the country has IBANs: use type iban"
	errBankPart    refusal = "bank and account hold letters and digits only, at most 34"
)

// canonicalBankAccount returns country:bank:account. The country is a prefix and so lowercase; bank
// (routing number, sort code, BIC, IFSC) and account are uppercase without separators. Leading zeros
// stay: they are part of the number.
func canonicalBankAccount(s string, _ Options) (result, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return result{}, errBankForm
	}
	country := strings.ToUpper(strings.TrimSpace(parts[0]))
	if !isCountry(country) {
		return result{}, errBankCountry
	}
	if _, ok := ibanLength[country]; ok {
		return result{}, errBankIBAN
	}
	bank, account := bankPart(parts[1]), bankPart(parts[2])
	if bank == "" || account == "" {
		return result{}, errBankPart
	}
	return result{form: strings.ToLower(country) + ":" + bank + ":" + account}, nil
}

// bankPart returns the part without separators and in uppercase, or "" when it holds anything else.
func bankPart(s string) string {
	s = strings.ToUpper(dropSeparators(s, "-./"))
	if len(s) > 34 || !allBytes(s, isAlnum) {
		return ""
	}
	return s
}
