package indicator_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// vectorDir holds the vectors, which are not Go's alone.
const vectorDir = "../../specs/vectors"

type vector struct {
	Comment     string
	Raw         string
	Region      string
	Canonical   string
	Digest      string
	PlainSHA256 string `json:"plain_sha256"` // published by others for the plain canonical form
	Suppressed  string
	Refused     string
	Derived     []struct{ Type, Canonical, Digest string }
}

func readVectors(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectorDir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func vectorsOf(t testing.TB, typ indicator.Type) []vector {
	var file struct {
		Type    indicator.Type
		Vectors []vector
	}
	readVectors(t, "indicator-"+string(typ)+".json", &file)
	if file.Type != typ {
		t.Fatalf("vectors of %s are for %s", typ, file.Type)
	}
	return file.Vectors
}

func TestVectors(t *testing.T) {
	for _, typ := range indicator.Types() {
		t.Run(string(typ), func(t *testing.T) {
			refused := 0
			vectors := vectorsOf(t, typ)
			for _, v := range vectors {
				t.Run(v.Comment, func(t *testing.T) { v.check(t, typ) })
				if v.Refused != "" {
					refused++
				}
			}
			if 2*refused < len(vectors) {
				t.Errorf("%d refusals of %d vectors: at least half are wanted", refused, len(vectors))
			}
		})
	}
}

func (v vector) check(t *testing.T, typ indicator.Type) {
	c, err := indicator.Canonicalise(typ, v.Raw, indicator.Options{Region: v.Region})
	if v.Refused != "" {
		if !errors.Is(err, indicator.ErrRefused) || err.Error() != v.Refused {
			t.Fatalf("%q: got %q %v, want refusal %q", v.Raw, c.Form(), err, v.Refused)
		}
		return
	}
	if err != nil {
		t.Fatalf("%q: %v", v.Raw, err)
	}
	if c.Type() != typ || c.Form() != v.Canonical || c.Digest().Hex() != v.Digest {
		t.Fatalf("%q: got %q %s, want %q %s", v.Raw, c.Form(), c.Digest().Hex(), v.Canonical, v.Digest)
	}
	v.checkPlain(t, c)
	if reason, _ := indicator.Suppressed(c); reason != v.Suppressed {
		t.Errorf("suppressed for %q, want %q", reason, v.Suppressed)
	}
	v.checkDerived(t, c)
	checkStable(t, c)
}

// checkPlain compares with the SHA-256 that others publish for the same canonical form.
func (v vector) checkPlain(t *testing.T, c indicator.Canonical) {
	sum := sha256.Sum256([]byte(c.Form()))
	if v.PlainSHA256 != "" && hex.EncodeToString(sum[:]) != v.PlainSHA256 {
		t.Errorf("plain SHA-256 of the canonical form is %x, others publish %s", sum, v.PlainSHA256)
	}
}

func (v vector) checkDerived(t *testing.T, c indicator.Canonical) {
	derived := c.Derived()
	if len(derived) != len(v.Derived) {
		t.Fatalf("%d derived, want %d", len(derived), len(v.Derived))
	}
	for i, want := range v.Derived {
		d := derived[i]
		if string(d.Type()) != want.Type || d.Form() != want.Canonical || d.Digest().Hex() != want.Digest {
			t.Errorf("derived %s %q, want %s %q", d.Type(), d.Form(), want.Type, want.Canonical)
		}
		checkStable(t, d)
	}
}

// checkStable requires that a canonical form is its own canonical form, without any region.
func checkStable(t testing.TB, c indicator.Canonical) {
	t.Helper()
	again, err := indicator.Canonicalise(c.Type(), c.Form(), indicator.Options{})
	if err != nil {
		t.Fatalf("canonical form %q of %s is refused: %v", c.Form(), c.Type(), err)
	}
	if again.Form() != c.Form() || again.Digest() != c.Digest() {
		t.Fatalf("canonical form %q of %s becomes %q", c.Form(), c.Type(), again.Form())
	}
}

func TestDigestVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			Comment, Value, Digest, Refused string
			Type                            indicator.Type
		}
	}
	readVectors(t, "indicator-digest.json", &file)
	for _, v := range file.Vectors {
		d, err := indicator.ParseDigest(v.Type, v.Value)
		switch {
		case v.Refused != "" && (!errors.Is(err, indicator.ErrRefused) || err.Error() != v.Refused):
			t.Errorf("%s: got %v, want %q", v.Comment, err, v.Refused)
		case v.Refused == "" && (err != nil || d.Hex() != v.Digest):
			t.Errorf("%s: got %s %v, want %s", v.Comment, d.Hex(), err, v.Digest)
		}
	}
}
