package index

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// TestContextBinds: the same F in another ledger, holder, epoch or type gives other tags, and a segment
// cannot be searched in another context.
func TestContextBinds(t *testing.T) {
	got := build(t, testContext, Base, 7, upTo(3))
	s := parse(t, got.tags, got.labels)
	others := []Context{testContext, testContext, testContext, testContext}
	others[0].Ledger[31] = 1
	others[1].Holder += "x"
	others[2].Epoch++
	others[3].Type = "phone"
	seen := map[Tag]bool{NewDeriver(testContext).Tag(output(1)): true}
	for _, c := range others {
		d := NewDeriver(c)
		if _, _, err := s.Lookup(d, output(1)); !errors.Is(err, ErrContext) {
			t.Errorf("%+v: %v", c, err)
		}
		if tag := d.Tag(output(1)); seen[tag] {
			t.Errorf("%+v: a tag of another context", c)
		} else {
			seen[tag] = true
		}
	}
	shifted := testContext
	shifted.Holder, shifted.Type = testContext.Holder+"e", "mail"
	if shifted.Hash() == testContext.Hash() {
		t.Error("holder and type run into one another")
	}
}

// TestExpand holds expand against the standard library's HKDF.
func TestExpand(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := [OutputSize]byte(rapid.SliceOfN(rapid.Byte(), OutputSize, OutputSize).Draw(rt, "f"))
		info := rapid.SliceOfN(rapid.Byte(), 0, 63).Draw(rt, "info")
		want, err := hkdf.Expand(sha256.New, f[:], string(info), 32)
		if err != nil {
			rt.Fatal(err)
		}
		if got := expand(&f, info); !bytes.Equal(got[:], want) {
			rt.Fatalf("got %x, want %x", got, want)
		}
	})
}
