package indicator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
)

// Version is the version of the canonical forms. It stands in the genesis of a ledger: members who
// canonicalise differently would silently fail to match.
const Version = "indicator/v1"

// digestDomain separates the digests of this version from every other use of SHA-256.
const digestDomain = "crosslight/indicator/v1"

// MaxValue is the longest value accepted, raw or canonical, in bytes.
const MaxValue = 4096

// DigestSize is the length of a [Digest] in bytes.
const DigestSize = 32

// Options say how to read a raw value.
type Options struct {
	// Region is the default region of national phone numbers, ISO 3166-1 alpha-2. Without it only
	// international forms are accepted.
	Region string
}

// Canonical is an indicator in canonical form. Only [Canonicalise] makes one, so a Canonical is
// always valid for its type.
type Canonical struct {
	typ     Type
	form    string
	derived []Canonical
}

// Canonicalise brings a raw value to the canonical form of its type. An error wraps [ErrRefused] (or
// [ErrType]); its text is the reason and never quotes the value.
func Canonicalise(t Type, raw string, o Options) (Canonical, error) {
	r, ok := ruleOf(t)
	if !ok {
		return Canonical{}, fmt.Errorf("%w: use one of %v", ErrType, Types())
	}
	cleaned, err := clean(raw)
	if err != nil {
		return Canonical{}, err
	}
	res, err := r.canonicalise(cleaned, o)
	if err != nil {
		return Canonical{}, err
	}
	if len(res.form) > MaxValue {
		return Canonical{}, errTooLong
	}
	return Canonical{typ: t, form: res.form, derived: res.derived}, nil
}

// Type returns the type of the indicator.
func (c Canonical) Type() Type { return c.typ }

// Form returns the canonical form: printable UTF-8 without control characters, at most [MaxValue]
// bytes. It is the raw value for all that privacy is concerned.
func (c Canonical) Form() string { return c.form }

// Derived returns the indicators that follow from this one: the phone of an e-wallet.
func (c Canonical) Derived() []Canonical { return c.derived }

// Digest returns SHA-256("crosslight/indicator/v1" || 0x00 || type || 0x00 || canonical form). No
// part holds a zero byte, so distinct indicators never share an input.
func (c Canonical) Digest() Digest {
	var stack [256]byte
	b := append(stack[:0], digestDomain...)
	b = append(b, 0)
	b = append(b, c.typ...)
	b = append(b, 0)
	b = append(b, c.form...)
	return sha256.Sum256(b)
}

// String names the type only, so that %v in a log line or an error shows no value.
func (c Canonical) String() string { return "[" + string(c.typ) + " indicator]" }

// GoString is [Canonical.String], for %#v.
func (c Canonical) GoString() string { return c.String() }

// LogValue is [Canonical.String], for log/slog.
func (c Canonical) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Digest is the 32-byte digest of a canonical form. It must not leave its member: see the package
// documentation. It prints as a placeholder; [Digest.Hex] is the deliberate way to write it down.
type Digest [DigestSize]byte

// Hex returns the digest as 64 lowercase hexadecimal digits.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// String returns a placeholder.
func (d Digest) String() string { return "[digest]" }

// GoString returns a placeholder, for %#v.
func (d Digest) GoString() string { return "[digest]" }

// LogValue returns a placeholder, for log/slog.
func (d Digest) LogValue() slog.Value { return slog.StringValue("[digest]") }

// DigestPrefix marks a value that was canonicalised and hashed at its source.
const DigestPrefix = "digest:"

// ParseDigest reads "digest:" and 64 hexadecimal digits of either case, in place of a raw value of
// type t. Nothing can be checked about the value behind it, nor anything derived from it.
func ParseDigest(t Type, s string) (Digest, error) {
	if _, ok := ruleOf(t); !ok {
		return Digest{}, fmt.Errorf("%w: use one of %v", ErrType, Types())
	}
	if len(s) != len(DigestPrefix)+2*DigestSize || s[:len(DigestPrefix)] != DigestPrefix {
		return Digest{}, errDigestForm
	}
	var d Digest
	if _, err := hex.Decode(d[:], []byte(s[len(DigestPrefix):])); err != nil {
		return Digest{}, errDigestForm
	}
	return d, nil
}
