package main

import (
	"fmt"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// newIBAN invents an account at a bank that does not exist, with valid check digits.
func newIBAN(r *random) value {
	country := oneOf(r, "GB", "DE", "NL", "FR", "NO")
	bban := map[string]func() string{
		"GB": func() string { return "XTST" + r.text(14, digits) },
		"DE": func() string { return "99" + r.text(16, digits) },
		"NL": func() string { return "XTST" + r.text(10, digits) },
		"FR": func() string {
			return "99999" + r.text(5, digits) + r.text(11, digits+"ABCDEFGHIJ") + r.text(2, digits)
		},
		"NO": func() string { return "99" + r.text(9, digits) },
	}[country]()
	form := country + fmt.Sprintf("%02d", ibanCheck(country, bban)) + bban
	return value{indicator.IBAN, form, func(r *random, _ string) string {
		return spaces(r, oneOf(r, form, strings.ToLower(form), grouped(form, " "), grouped(strings.ToLower(form), " "), grouped(form, "\u00a0")))
	}}
}

// ibanCheck returns the check digits of ISO 7064 mod 97-10.
func ibanCheck(country, bban string) int {
	rem := 0
	for _, c := range bban + country + "00" {
		if c >= 'A' {
			rem = (rem*100 + int(c-'A') + 10) % 97
		} else {
			rem = (rem*10 + int(c-'0')) % 97
		}
	}
	return 98 - rem
}

// grouped writes s in groups of four.
func grouped(s, sep string) string {
	var parts []string
	for len(s) > 4 {
		parts, s = append(parts, s[:4]), s[4:]
	}
	return strings.Join(append(parts, s), sep)
}

func newBankAccount(r *random) value {
	country := oneOf(r, "us", "ph", "au", "in")
	bank := map[string]string{"us": "99" + r.text(7, digits), "ph": "XTSTPHM" + r.text(1, "ABCDE"), "au": "999" + r.text(3, digits), "in": "XTST0" + r.text(6, digits)}[country]
	account := "00" + r.text(8, digits)
	return value{indicator.BankAccount, country + ":" + bank + ":" + account, func(r *random, _ string) string {
		shown := oneOf(r, account, grouped(account, "-"), grouped(account, " "))
		return oneOf(r, country, strings.ToUpper(country)) + oneOf(r, ":", " : ") + oneOf(r, bank, strings.ToLower(bank)) + ":" + shown
	}}
}

func newCrypto(r *random) value {
	switch r.below(5) {
	case 0:
		return base58Address(r, "bitcoin", 0x00, "BTC")
	case 1:
		return base58Address(r, "tron", 0x41, "TRX")
	case 2:
		return ethereumAddress(r)
	case 3:
		return tonAddress(r)
	}
	return segwitAddress(r)
}

func base58Address(r *random, chain string, version byte, alias string) value {
	address := base58Check(version, r.bytes(20))
	return value{indicator.Crypto, chain + ":" + address, func(r *random, _ string) string {
		return spaces(r, oneOf(r, chain, alias, title(chain))+oneOf(r, ":", ": ")+address)
	}}
}

func segwitAddress(r *random) value {
	address := segwitV0(r.bytes(20))
	return value{indicator.Crypto, "bitcoin:" + address, func(r *random, _ string) string {
		return oneOf(r, "bitcoin", "btc") + ":" + oneOf(r, address, address, strings.ToUpper(address))
	}}
}

func ethereumAddress(r *random) value {
	address := r.hex(20)
	return value{indicator.Crypto, "ethereum:0x" + address, func(r *random, _ string) string {
		return oneOf(r, "ethereum:0x"+address, "ETH:0x"+strings.ToUpper(address), "eth: 0x"+address, "ethereum:"+address, "eth:0x"+eip55(address))
	}}
}

func tonAddress(r *random) value {
	account := r.bytes(32)
	form := fmt.Sprintf("ton:0:%x", account)
	return value{indicator.Crypto, form, func(r *random, _ string) string {
		return oneOf(r, form, strings.ToUpper(form[:6])+form[6:], "ton:"+tonFriendly(0x11, account), "TON:"+tonFriendly(0x51, account))
	}}
}
