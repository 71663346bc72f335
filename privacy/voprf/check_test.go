package voprf

import (
	"errors"
	"slices"
	"testing"
)

// TestCheckAgreesWithFinalize: whoever has only what went over the wire judges as the asker does.
func TestCheckAgreesWithFinalize(t *testing.T) {
	key, client := pair(t)
	r, evaluated, proof := exchange(t, key, client, 5)
	if err := client.Check(r.Elements(), evaluated, proof); err != nil {
		t.Fatal(err)
	}
	other, err := DeriveKey([32]byte{2}, []byte("test"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, wrongProof, err := other.Evaluate(r.Elements())
	if err != nil {
		t.Fatal(err)
	}
	swapped := slices.Concat(evaluated[ElementSize:2*ElementSize], evaluated[:ElementSize], evaluated[2*ElementSize:])
	for name, c := range map[string]struct {
		elements, evaluated, proof []byte
		want                       error
	}{
		"another key":   {r.Elements(), wrong, wrongProof, ErrProof},
		"mixed":         {r.Elements(), evaluated, wrongProof, ErrProof},
		"out of order":  {r.Elements(), swapped, proof, ErrProof},
		"proof cut":     {r.Elements(), evaluated, proof[:ProofSize-1], ErrProof},
		"one missing":   {r.Elements(), evaluated[ElementSize:], proof, ErrBatch},
		"nothing":       {nil, nil, proof, ErrBatch},
		"no element":    {r.Elements(), make([]byte, len(evaluated)), proof, ErrElement},
		"not asked for": {make([]byte, len(evaluated)), evaluated, proof, ErrElement},
	} {
		if err := client.Check(c.elements, c.evaluated, c.proof); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
