package voprf

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/privacy/ristretto"
	"github.com/crosslight/crosslight/specs"
)

type vectorFile struct {
	Seed, Secret, Public string
	KeyInfo              string `json:"key_info"`
	Vectors              []struct {
		Batch                            int
		Input, Blind, Blinded, Evaluated []string
		Output                           []string
		Nonce, Proof                     string
	}
	InvalidElements []struct{ Why, Element string } `json:"invalid_elements"`
	InvalidKeys     []struct{ Why, Scalar string }  `json:"invalid_keys"`
}

func loadVectors(t testing.TB) vectorFile {
	t.Helper()
	b, err := specs.Vectors.ReadFile("vectors/rfc9497-ristretto255.json")
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func unhex(t testing.TB, s ...string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(s, ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func scalar(t testing.TB, s string) *ristretto.Scalar {
	t.Helper()
	k, err := ristretto.NewScalar().SetCanonicalBytes(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

// TestRFC9497 runs appendix A.1.2: key, blinded elements, evaluations, proofs and outputs, byte by byte.
func TestRFC9497(t *testing.T) {
	f := loadVectors(t)
	key, err := DeriveKey([32]byte(unhex(t, f.Seed)), unhex(t, f.KeyInfo))
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := key.MarshalBinary()
	public := key.Public()
	equal(t, "secret", secret, unhex(t, f.Secret))
	equal(t, "public", public[:], unhex(t, f.Public))
	client, err := NewClient(public[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range f.Vectors {
		var inputs [][]byte
		var blinds []*ristretto.Scalar
		for i := range v.Input {
			inputs = append(inputs, unhex(t, v.Input[i]))
			blinds = append(blinds, scalar(t, v.Blind[i]))
		}
		request, err := client.blind(inputs, blinds)
		if err != nil || request.Len() != v.Batch {
			t.Fatalf("blind: %v", err)
		}
		equal(t, "blinded", request.Elements(), unhex(t, v.Blinded...))
		equal(t, "blinds", request.Blinds(), unhex(t, v.Blind...))
		evaluated, proof, err := key.evaluate(request.Elements(), scalar(t, v.Nonce))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "evaluated", evaluated, unhex(t, v.Evaluated...))
		equal(t, "proof", proof, unhex(t, v.Proof))
		outs, err := request.Finalize(evaluated, proof)
		if err != nil {
			t.Fatal(err)
		}
		for i := range outs {
			equal(t, "output", outs[i][:], unhex(t, v.Output[i]))
			full, err := key.FullEvaluate(inputs[i])
			if err != nil || full != outs[i] {
				t.Errorf("full evaluation of input %d differs: %v", i, err)
			}
		}
	}
}

func TestInvalidElements(t *testing.T) {
	f := loadVectors(t)
	key, client := pair(t)
	request, err := client.Blind([][]byte{{1}, {2}})
	if err != nil {
		t.Fatal(err)
	}
	evaluated, proof, err := key.Evaluate(request.Elements())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range f.InvalidElements {
		bad := unhex(t, v.Element)
		if _, err := NewClient(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%s: as a public key: %v", v.Why, err)
		}
		want := ErrElement
		if len(bad) != ElementSize {
			want = ErrBatch
		}
		good := request.Elements()[:ElementSize]
		for _, flat := range [][]byte{bad, append(bytes.Clone(good), bad...)} {
			if _, _, err := key.Evaluate(flat); !errors.Is(err, want) {
				t.Errorf("%s: evaluated: %v", v.Why, err)
			}
		}
		answer := append(bytes.Clone(evaluated[:ElementSize]), bad...)
		if _, err := request.Finalize(answer, proof); !errors.Is(err, want) {
			t.Errorf("%s: finalised: %v", v.Why, err)
		}
	}
}

func TestInvalidKeys(t *testing.T) {
	for _, v := range loadVectors(t).InvalidKeys {
		if _, err := ParseSecretKey(unhex(t, v.Scalar)); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", v.Why, err)
		}
	}
}
