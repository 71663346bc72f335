package voprf

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// TestNonceNeverRepeats: with a broken source of randomness other elements, and another key, still get
// another nonce, so that two proofs do not give the key away; and with a good one the same elements do.
func TestNonceNeverRepeats(t *testing.T) {
	one, err := DeriveKey([32]byte{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := DeriveKey([32]byte{2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b := bytes.Repeat([]byte{1}, ElementSize), bytes.Repeat([]byte{2}, ElementSize)
	nonce := func(k *SecretKey, elements []byte, random byte) *ristretto.Scalar {
		n, err := k.nonce(elements, bytes.NewReader(bytes.Repeat([]byte{random}, 64)))
		if err != nil || isZero(n) {
			t.Fatalf("nonce: %v", err)
		}
		return n
	}
	n := nonce(one, a, 0)
	if n.Equal(nonce(one, a, 0)) == 0 {
		t.Error("the nonce is not a function of its parts")
	}
	for why, other := range map[string]*ristretto.Scalar{
		"other elements": nonce(one, b, 0), "more elements": nonce(one, append(bytes.Clone(a), b...), 0),
		"another key": nonce(two, a, 0), "other randomness": nonce(one, a, 1),
	} {
		if n.Equal(other) == 1 {
			t.Errorf("%s: one nonce served twice", why)
		}
	}
	if _, err := one.nonce(a, bytes.NewReader(make([]byte, 63))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("randomness that ends: %v", err)
	}
}
