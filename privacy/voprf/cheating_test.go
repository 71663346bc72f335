package voprf

import (
	"bytes"
	"errors"
	"testing"
)

// TestCheatingHolder tries what a holder could send in place of an honest answer.
func TestCheatingHolder(t *testing.T) {
	key, client := pair(t)
	other, err := DeriveKey([32]byte{1}, []byte("another use"))
	if err != nil {
		t.Fatal(err)
	}
	const n = 3
	r, evaluated, proof := exchange(t, key, client, n)
	cut := func(b []byte, from, to int) []byte { return bytes.Clone(b[from*ElementSize : to*ElementSize]) }
	otherEvaluated, otherProof, err := other.Evaluate(r.Elements())
	if err != nil {
		t.Fatal(err)
	}
	_, earlier, earlierProof := exchange(t, key, client, n)
	flipped := bytes.Clone(proof)
	flipped[40] ^= 1
	highScalar := append(bytes.Repeat([]byte{0xff}, 32), proof[32:]...)
	for _, c := range []struct {
		name             string
		evaluated, proof []byte
		want             error
	}{
		{"another key, proved for that key", otherEvaluated, otherProof, ErrProof},
		{"another key, honest proof", otherEvaluated, proof, ErrProof},
		{"another key for one element", append(cut(evaluated, 0, 2), cut(otherEvaluated, 2, 3)...), proof, ErrProof},
		{"two answers exchanged", append(append(cut(evaluated, 1, 2), cut(evaluated, 0, 1)...), cut(evaluated, 2, 3)...), proof, ErrProof},
		{"elements sent back", r.Elements(), proof, ErrProof},
		{"the answer to an earlier request", earlier, earlierProof, ErrProof},
		{"the proof of an earlier request", evaluated, earlierProof, ErrProof},
		{"a bit of the proof", evaluated, flipped, ErrProof},
		{"proof of zeros", evaluated, make([]byte, ProofSize), ErrProof},
		{"challenge not reduced", evaluated, highScalar, ErrProof},
		{"no proof", evaluated, nil, ErrProof},
		{"proof too short", evaluated, proof[:63], ErrProof},
		{"proof too long", evaluated, append(bytes.Clone(proof), 0), ErrProof},
		{"one answer short", cut(evaluated, 0, 2), proof, ErrBatch},
		{"one answer more", append(bytes.Clone(evaluated), evaluated[:ElementSize]...), proof, ErrBatch},
		{"nothing", nil, proof, ErrBatch},
		{"a byte short", evaluated[:len(evaluated)-1], proof, ErrBatch},
		{"identity for one element", append(cut(evaluated, 0, 2), make([]byte, ElementSize)...), proof, ErrElement},
	} {
		t.Run(c.name, func(t *testing.T) {
			if outs, err := r.Finalize(c.evaluated, c.proof); !errors.Is(err, c.want) || outs != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := r.Finalize(evaluated, proof); err != nil {
		t.Errorf("the honest answer after all that: %v", err)
	}
}
