package indicator_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/protocol/indicator"
)

func TestParseType(t *testing.T) {
	for _, typ := range indicator.Types() {
		if got, err := indicator.ParseType(string(typ)); err != nil || got != typ {
			t.Errorf("%s: %s %v", typ, got, err)
		}
	}
	for _, s := range []string{"", "Email", " email", "e-mail", "mac", "email\x00"} {
		if _, err := indicator.ParseType(s); !errors.Is(err, indicator.ErrType) {
			t.Errorf("%q is accepted", s)
		}
	}
	if _, err := indicator.Canonicalise("e-mail", "user@example.com", indicator.Options{}); !errors.Is(err, indicator.ErrType) {
		t.Error("Canonicalise accepts an unknown type")
	}
	if _, err := indicator.ParseDigest("e-mail", indicator.DigestPrefix+strings.Repeat("0", 64)); !errors.Is(err, indicator.ErrType) {
		t.Error("ParseDigest accepts an unknown type")
	}
}

func TestInvalidUTF8(t *testing.T) {
	for _, raw := range []string{"\xff", "user\xc0@example.com", "us\xe9r@example.com"} {
		_, err := indicator.Canonicalise(indicator.Email, raw, indicator.Options{})
		if !errors.Is(err, indicator.ErrRefused) {
			t.Errorf("%q is accepted", raw)
		}
	}
}

// TestSilence requires that no usual way of printing shows a value, its digest, or a refused value.
func TestSilence(t *testing.T) {
	const secret = "canary-7731"
	c, err := indicator.Canonicalise(indicator.Email, secret+"@example.com", indicator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("seen", "indicator", c, "digest", c.Digest())
	}
	shown := log.String() + fmt.Sprintf("%v %+v %#v %s %x %v %+v %#v %s %x", c, c, c, c, c, c.Digest(), c.Digest(), c.Digest(), c.Digest(), c.Digest())
	for _, hidden := range []string{secret, c.Digest().Hex(), c.Digest().Hex()[:16], fmt.Sprintf("%x", secret)} {
		if strings.Contains(shown, hidden) {
			t.Errorf("%q shows in %s", hidden, shown)
		}
	}
	for _, typ := range indicator.Types() {
		_, err := indicator.Canonicalise(typ, "\"<"+secret+" :: "+secret, indicator.Options{Region: "US"})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestMask(t *testing.T) {
	for _, x := range []struct {
		typ       indicator.Type
		raw, want string
	}{
		{indicator.Email, "alice@example.com", "a•••@e•••.com"},
		{indicator.Phone, "+12125550123", "+1•••23"},
		{indicator.Domain, "bücher.example", "x•••.example"},
		{indicator.EWallet, "gcash:+639171234567", "gcash:+6•••67"},
		{indicator.Username, "x:bob", "x:b•••"},
		{indicator.URL, "https://example.com/secret?q", "https://e•••.com/•••"},
		{indicator.IP, "192.0.2.1", "19•••.1"},
	} {
		c, err := indicator.Canonicalise(x.typ, x.raw, indicator.Options{})
		if err != nil || indicator.Mask(c) != x.want {
			t.Errorf("%s: %q %v, want %q", x.raw, indicator.Mask(c), err, x.want)
		}
	}
}

// TestSuppressedDigest requires that a value hashed at its source is caught like a raw one, under
// its own type only.
func TestSuppressedDigest(t *testing.T) {
	const empty = "d41d8cd98f00b204e9800998ecf8427e"
	c, err := indicator.Canonicalise(indicator.MD5, empty, indicator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := indicator.ParseDigest(indicator.MD5, indicator.DigestPrefix+c.Digest().Hex())
	if err != nil {
		t.Fatal(err)
	}
	if reason, ok := indicator.SuppressedDigest(indicator.MD5, d); !ok || reason == "" {
		t.Error("the digest of the empty file's MD5 is not suppressed")
	}
	if _, ok := indicator.SuppressedDigest(indicator.Email, d); ok {
		t.Error("a digest is suppressed under a type that is not its own")
	}
}
