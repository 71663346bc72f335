package nodetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf16"
)

// needle is one written form of a secret.
type needle struct {
	name string
	form []byte
}

// needlesOf lists the forms under which a value may hide: itself, its SHA-256, and each of the two as
// hex, base64 at three offsets, and UTF-16.
func needlesOf(name string, secret []byte) []needle {
	plain := sha256.Sum256(secret)
	return append(written(name, secret), written("SHA-256 of "+name, plain[:])...)
}

// written lists the forms of one byte string.
func written(name string, b []byte) []needle {
	out := []needle{
		{name, b},
		{name + " in hex", []byte(hex.EncodeToString(b))},
		{name + " in HEX", []byte(strings.ToUpper(hex.EncodeToString(b)))},
	}
	for offset := range 3 {
		out = append(out,
			needle{name + " in base64", base64At(base64.RawStdEncoding, b, offset)},
			needle{name + " in base64url", base64At(base64.RawURLEncoding, b, offset)})
	}
	for _, text := range []string{string(b), hex.EncodeToString(b)} {
		little, big := utf16Of(text)
		out = append(out, needle{name + " in UTF-16LE", little}, needle{name + " in UTF-16BE", big})
	}
	return out
}

// base64At is what base64 makes of b when offset bytes stand before it in its group of three, without
// the digits that its neighbours share.
func base64At(enc *base64.Encoding, b []byte, offset int) []byte {
	text := enc.EncodeToString(append(make([]byte, offset), b...))
	first := (offset*8 + 5) / 6
	last := (offset + len(b)) * 8 / 6
	return []byte(text[first:last])
}

func utf16Of(s string) (little, big []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		little = append(little, byte(u), byte(u>>8))
		big = append(big, byte(u>>8), byte(u))
	}
	return little, big
}

// hits names the needles that are in the haystack.
func hits(haystack []byte, needles []needle) []string {
	var out []string
	for _, n := range needles {
		if bytes.Contains(haystack, n.form) {
			out = append(out, n.name)
		}
	}
	return out
}

// TestPlantedFormsAreFound shows that the search can fail: every form, at every offset, between other
// bytes, is caught.
func TestPlantedFormsAreFound(t *testing.T) {
	t.Parallel()
	secret := []byte("canary-7f3a@example.com")
	plain := sha256.Sum256(secret)
	digest := sha256.Sum256(append([]byte("crosslight/indicator/v1\x00email\x00"), secret...))
	needles := append(needlesOf("value", secret), needlesOf("digest", digest[:])...)
	for _, b := range [][]byte{secret, plain[:], digest[:]} {
		for offset := range 5 {
			before, after := bytes.Repeat([]byte{0xa5}, offset), []byte{0x5a, 0x11}
			around := append(append(bytes.Clone(before), b...), after...)
			little, big := utf16Of("xx" + string(secret) + "yy")
			for name, planted := range map[string][]byte{
				"raw":       around,
				"hex":       []byte(hex.EncodeToString(around)),
				"HEX":       []byte(strings.ToUpper(hex.EncodeToString(around))),
				"base64":    []byte(base64.StdEncoding.EncodeToString(around)),
				"base64url": []byte(base64.URLEncoding.EncodeToString(around)),
				"UTF-16LE":  little,
				"UTF-16BE":  big,
			} {
				if len(hits(planted, needles)) == 0 {
					t.Errorf("planted as %s at offset %d: not found", name, offset)
				}
			}
		}
	}
	if found := hits(bytes.Repeat([]byte("nothing here "), 1000), needles); len(found) != 0 {
		t.Errorf("found %v where nothing is", found)
	}
}
