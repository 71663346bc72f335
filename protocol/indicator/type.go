package indicator

import (
	"errors"
	"fmt"
)

// Type is the kind of an indicator, as written in feeds, on the command line and on the ledger.
type Type string

// The types of crosslight/indicator/v1.
const (
	Email       Type = "email"
	Phone       Type = "phone"
	IBAN        Type = "iban"
	BankAccount Type = "bank-account"
	EWallet     Type = "e-wallet"
	Crypto      Type = "crypto"
	Username    Type = "username"
	PlatformID  Type = "platform-id"
	Device      Type = "device"
	IP          Type = "ip"
	URL         Type = "url"
	Domain      Type = "domain"
	SHA256      Type = "sha256"
	SHA1        Type = "sha1"
	MD5         Type = "md5"
	PDQ         Type = "pdq"
	PhotoDNA    Type = "photodna"
	TMK         Type = "tmk"
	VPDQ        Type = "vpdq"
)

// ErrType reports a type that does not exist.
var ErrType = errors.New("unknown indicator type")

// rule is how one type reaches canonical form. raw has passed clean: valid UTF-8, trimmed, not
// empty, no control characters. The form it returns is stable: canonical forms map to themselves.
type rule struct {
	typ          Type
	canonicalise func(raw string, o Options) (result, error)
}

// result is what a rule returns: the canonical form and the values that follow from it.
type result struct {
	form    string
	derived []Canonical
}

// rules lists all types in the order of the specification.
var rules = []rule{
	{Email, canonicalEmail},
	{Phone, canonicalPhone},
	{IBAN, canonicalIBAN},
	{BankAccount, canonicalBankAccount},
	{EWallet, canonicalEWallet},
	{Crypto, canonicalCrypto},
	{Username, canonicalUsername},
	{PlatformID, canonicalPlatformID},
	{Device, canonicalDevice},
	{IP, canonicalIP},
	{URL, canonicalURL},
	{Domain, canonicalDomain},
	{SHA256, canonicalSHA256},
	{SHA1, canonicalSHA1},
	{MD5, canonicalMD5},
	{PDQ, canonicalPDQ},
	{PhotoDNA, canonicalPhotoDNA},
	{TMK, canonicalTMK},
	{VPDQ, canonicalVPDQ},
}

// Types lists all types in the order of the specification.
func Types() []Type {
	out := make([]Type, len(rules))
	for i, r := range rules {
		out[i] = r.typ
	}
	return out
}

// ParseType returns the type written exactly as s. The error wraps [ErrType] and lists what exists;
// it does not repeat s, which may be a value in the wrong column.
func ParseType(s string) (Type, error) {
	for _, r := range rules {
		if string(r.typ) == s {
			return r.typ, nil
		}
	}
	return "", fmt.Errorf("%w: use one of %v", ErrType, Types())
}

// ruleOf returns the rule of a type; ok is false for a type that does not exist.
func ruleOf(t Type) (rule, bool) {
	for _, r := range rules {
		if r.typ == t {
			return r, true
		}
	}
	return rule{}, false
}
