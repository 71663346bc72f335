package voprf

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzEvaluate: whatever a querier sends, the holder answers with a proof that holds or with an error.
func FuzzEvaluate(f *testing.F) {
	key, client := pair(f)
	r, _, _ := exchange(f, key, client, 2)
	f.Add(r.Elements())
	f.Add([]byte{})
	f.Add(make([]byte, ElementSize))
	f.Add(bytes.Repeat([]byte{0xff}, ElementSize))
	f.Fuzz(func(t *testing.T, elements []byte) {
		if len(elements) > 8*ElementSize {
			return
		}
		evaluated, proof, err := key.Evaluate(elements)
		switch {
		case err == nil && (len(evaluated) != len(elements) || len(proof) != ProofSize):
			t.Fatal("an answer of the wrong size")
		case err != nil && !errors.Is(err, ErrBatch) && !errors.Is(err, ErrElement):
			t.Fatalf("unnamed error %v", err)
		}
	})
}

// FuzzFinalize: nothing but the honest evaluation is accepted. A different proof may be, if it holds,
// which the fuzzer cannot make without the key.
func FuzzFinalize(f *testing.F) {
	key, client := pair(f)
	r, evaluated, proof := exchange(f, key, client, 2)
	f.Add(evaluated, proof)
	f.Add(r.Elements(), proof)
	f.Add(evaluated, make([]byte, ProofSize))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, e, p []byte) {
		outs, err := r.Finalize(e, p)
		if err == nil && !bytes.Equal(e, evaluated) {
			t.Fatal("a false evaluation was accepted")
		}
		if (err == nil) != (outs != nil) {
			t.Fatal("outputs beside an error")
		}
		if err != nil && !errors.Is(err, ErrBatch) && !errors.Is(err, ErrElement) && !errors.Is(err, ErrProof) {
			t.Fatalf("unnamed error %v", err)
		}
	})
}
