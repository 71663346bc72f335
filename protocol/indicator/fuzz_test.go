package indicator_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// FuzzCanonicalise requires of every input of every type: no panic, an error that is a refusal and
// says nothing of the value, and a canonical form that is its own canonical form.
func FuzzCanonicalise(f *testing.F) {
	types := indicator.Types()
	for i, typ := range types {
		for _, v := range vectorsOf(f, typ) {
			f.Add(uint8(i), v.Raw, v.Region)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, raw, region string) {
		typ := types[int(i)%len(types)]
		c, err := indicator.Canonicalise(typ, raw, indicator.Options{Region: region})
		if err != nil {
			if !errors.Is(err, indicator.ErrRefused) {
				t.Fatalf("%s: %v is not a refusal", typ, err)
			}
			return
		}
		if strings.ContainsRune(c.Form(), 0) || !utf8.ValidString(c.Form()) || c.Form() == "" {
			t.Fatalf("%s: canonical form %q", typ, c.Form())
		}
		checkStable(t, c)
		for _, d := range c.Derived() {
			checkStable(t, d)
		}
		if indicator.Mask(c) == c.Form() {
			t.Fatalf("%s: %q is not masked", typ, c.Form())
		}
	})
}

// FuzzDecodeLabel requires that whatever decodes encodes to the same bytes.
func FuzzDecodeLabel(f *testing.F) {
	for _, l := range goodLabels() {
		b, err := l.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := indicator.DecodeLabel(b)
		if err != nil {
			return
		}
		again, err := l.Encode()
		if err != nil || string(again) != string(b) {
			t.Fatalf("%x decodes but encodes to %x, %v", b, again, err)
		}
	})
}

// FuzzParseDate requires that a date parses to itself and sorts as it should.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-02-28", "2026-02-29", "2026-02-28T23:59:59Z", "2026-02-28T23:59:59.5+05:30", "0000-00-00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := indicator.ParseDate(s)
		if err != nil {
			return
		}
		if again, err := indicator.ParseDate(string(d)); err != nil || again != d || d.Check() != nil {
			t.Fatalf("%q becomes %q, then %q %v", s, d, again, err)
		}
	})
}
