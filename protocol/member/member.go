// Package member says who takes part: organisations, their sectors, the keys that they act with, and
// the signatures that those keys make (specs/ledger.md, "Members and keys").
//
// Every signature is Ed25519 (RFC 8032) over a domain label, a zero byte and the message, so that a
// signature made for one purpose is void for every other. Verification handles public data only and
// need not be constant-time; signing is the standard library's, which is.
package member

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// ErrName reports a member name that is not one.
var ErrName = errors.New("not a member name")

// MaxName is the longest member name, in bytes.
const MaxName = 64

var namePattern = regexp.MustCompile(`^[\p{L}\p{N}](?:[\p{L}\p{N} ._&'()-]*[\p{L}\p{N}.)])?$`)

// CheckName accepts a name of 1 to 64 bytes in NFC: letters, digits, spaces and ._&'()- inside,
// no space or dash at either end. It is how a member is called on the ledger and in every answer.
func CheckName(name string) error {
	switch {
	case len(name) == 0 || len(name) > MaxName:
		return fmt.Errorf("%w: 1 to %d bytes", ErrName, MaxName)
	case !norm.NFC.IsNormalString(name):
		return fmt.Errorf("%w: not in Unicode NFC", ErrName)
	case !namePattern.MatchString(name) || strings.Contains(name, "  "):
		return fmt.Errorf("%w: letters, digits, single spaces and ._&'()- only", ErrName)
	}
	return nil
}

// FoldName is the form under which two names count as the same.
func FoldName(name string) string { return strings.ToLower(name) }

// Sector is the part of society that a member belongs to. Decisions need two of them.
type Sector string

// The sectors, as written on the ledger and on the command line.
const (
	Tech           Sector = "tech"
	Finance        Sector = "finance"
	LawEnforcement Sector = "law-enforcement"
	Hotline        Sector = "hotline"
	NGO            Sector = "ngo"
	Regulator      Sector = "regulator"
)

// Sectors lists them all, in the order of the specification.
func Sectors() []Sector {
	return []Sector{Tech, Finance, LawEnforcement, Hotline, NGO, Regulator}
}

// ErrSector reports a sector that does not exist.
var ErrSector = errors.New("unknown sector")

// ParseSector returns the sector called s.
func ParseSector(s string) (Sector, error) {
	for _, known := range Sectors() {
		if string(known) == s {
			return known, nil
		}
	}
	return "", fmt.Errorf("%w %q: one of %v", ErrSector, s, Sectors())
}
