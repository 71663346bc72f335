package main

import (
	"fmt"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// value is one indicator with the ways in which people write it.
type value struct {
	typ  indicator.Type
	form string // canonical
	// spell writes the value as somebody of a region might.
	spell func(r *random, region string) string
}

// makers invent a value of each type.
var makers = map[indicator.Type]func(*random) value{
	indicator.Email:       newEmail,
	indicator.Phone:       newPhone,
	indicator.IBAN:        newIBAN,
	indicator.BankAccount: newBankAccount,
	indicator.EWallet:     newWallet,
	indicator.Crypto:      newCrypto,
	indicator.Username:    newUsername,
	indicator.PlatformID:  newPlatformID,
	indicator.Device:      newDevice,
	indicator.IP:          newIP,
	indicator.URL:         newURL,
	indicator.Domain:      newDomain,
	indicator.SHA256:      newHash(indicator.SHA256, 32),
	indicator.SHA1:        newHash(indicator.SHA1, 20),
	indicator.MD5:         newHash(indicator.MD5, 16),
	indicator.PDQ:         newPDQ,
	indicator.PhotoDNA:    newPhotoDNA,
	indicator.TMK:         newHash(indicator.TMK, 32),
	indicator.VPDQ:        newHash(indicator.VPDQ, 32),
}

// write spells a value and makes sure that the spelling means it.
func (v value) write(r *random, region string) string {
	raw := v.spell(r, region)
	c, err := indicator.Canonicalise(v.typ, raw, indicator.Options{Region: region})
	if err != nil || c.Form() != v.form {
		panic(fmt.Sprintf("generate: %s %q becomes %q (%v), not %q", v.typ, raw, c.Form(), err, v.form))
	}
	return raw
}

// derived returns what follows from the value.
func (v value) derived() []indicator.Canonical {
	c, err := indicator.Canonicalise(v.typ, v.form, indicator.Options{})
	if err != nil {
		panic(fmt.Sprintf("generate: %s %q: %v", v.typ, v.form, err))
	}
	return c.Derived()
}
