package voprf

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"pgregory.net/rapid"
)

func pair(t testing.TB) (*SecretKey, *Client) {
	t.Helper()
	key, err := DeriveKey([32]byte{1}, []byte("test"))
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public()
	client, err := NewClient(public[:])
	if err != nil {
		t.Fatal(err)
	}
	return key, client
}

func batch(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = []byte{byte(i >> 8), byte(i)}
	}
	return out
}

// exchange blinds n inputs and has key evaluate them.
func exchange(t testing.TB, key *SecretKey, client *Client, n int) (r *Request, evaluated, proof []byte) {
	t.Helper()
	r, err := client.Blind(batch(n))
	if err != nil {
		t.Fatal(err)
	}
	evaluated, proof, err = key.Evaluate(r.Elements())
	if err != nil {
		t.Fatal(err)
	}
	return r, evaluated, proof
}

func TestLimits(t *testing.T) {
	key, client := pair(t)
	long := make([]byte, MaxInput+1)
	one, _, _ := exchange(t, key, client, 1)
	for _, flat := range [][]byte{nil, {}, make([]byte, 31), make([]byte, 33), bytes.Repeat(one.Elements(), MaxBatch+1)} {
		if _, _, err := key.Evaluate(flat); !errors.Is(err, ErrBatch) {
			t.Errorf("%d bytes: %v", len(flat), err)
		}
	}
	if _, err := client.Blind(nil); !errors.Is(err, ErrBatch) {
		t.Errorf("no inputs: %v", err)
	}
	if _, err := client.Blind(batch(MaxBatch + 1)); !errors.Is(err, ErrBatch) {
		t.Errorf("too many inputs: %v", err)
	}
	if _, err := client.Blind([][]byte{{1}, long}); !errors.Is(err, ErrInput) {
		t.Errorf("long input: %v", err)
	}
	if _, err := key.FullEvaluate(long); !errors.Is(err, ErrInput) {
		t.Errorf("long input: %v", err)
	}
	if _, err := DeriveKey([32]byte{}, long); !errors.Is(err, ErrInput) {
		t.Errorf("long info: %v", err)
	}
	if _, err := key.FullEvaluate(nil); err != nil {
		t.Errorf("the empty input is an input: %v", err)
	}
}

// TestAgainstCircl holds this package against circl's own client and server, each way round.
func TestAgainstCircl(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "seed"))
		info := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "info")
		inputs := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 1, 4).Draw(rt, "inputs")
		key, err := DeriveKey(seed, info)
		if err != nil {
			rt.Fatal(err)
		}
		public := key.Public()
		client, err := NewClient(public[:])
		if err != nil {
			rt.Fatal(err)
		}
		theirs, err := oprf.DeriveKey(suite, oprf.VerifiableMode, seed[:], info)
		if err != nil {
			rt.Fatal(err)
		}
		r, err := client.Blind(inputs)
		if err != nil {
			rt.Fatal(err)
		}
		evaluated, proof, err := key.Evaluate(r.Elements())
		if err != nil {
			rt.Fatal(err)
		}
		outs, err := r.Finalize(evaluated, proof)
		if err != nil {
			rt.Fatal(err)
		}
		fd, req, err := oprf.NewVerifiableClient(suite, theirs.Public()).Blind(inputs)
		if err != nil {
			rt.Fatal(err)
		}
		flat, _ := encodeElements(req.Elements)
		ev, err := oprf.NewVerifiableServer(suite, theirs).Evaluate(req)
		if err != nil {
			rt.Fatal(err)
		}
		ours, _, err := key.Evaluate(flat)
		want, _ := encodeElements(ev.Elements)
		if err != nil || !bytes.Equal(ours, want) {
			rt.Fatalf("evaluations differ: %v", err)
		}
		expected, err := oprf.NewVerifiableClient(suite, theirs.Public()).Finalize(fd, ev)
		if err != nil {
			rt.Fatal(err)
		}
		for i := range outs {
			if !bytes.Equal(outs[i][:], expected[i]) {
				rt.Fatalf("output %d differs", i)
			}
		}
	})
}

// TestBlindingHides: equal inputs give different elements, and keys for two uses share nothing.
func TestBlindingHides(t *testing.T) {
	_, client := pair(t)
	r, err := client.Blind([][]byte{{7}, {7}})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(r.Elements()[:ElementSize], r.Elements()[ElementSize:]) {
		t.Error("equal inputs gave equal elements")
	}
	a, _ := DeriveKey([32]byte{9}, []byte("email"))
	b, _ := DeriveKey([32]byte{9}, []byte("phone"))
	if a.Public() == b.Public() {
		t.Error("two uses, one key")
	}
	x, _ := a.FullEvaluate([]byte{7})
	y, _ := b.FullEvaluate([]byte{7})
	if x == y {
		t.Error("two keys, one output")
	}
}

func TestSideBySide(t *testing.T) {
	key, client := pair(t)
	want, err := key.FullEvaluate([]byte{0, 0})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			r, evaluated, proof := exchange(t, key, client, 2)
			outs, err := r.Finalize(evaluated, proof)
			if err != nil || outs[0] != want {
				t.Errorf("side by side: %v", err)
			}
		})
	}
	wg.Wait()
}

// TestScalarOfPublic checks the public key against the group itself.
func TestScalarOfPublic(t *testing.T) {
	key, _ := pair(t)
	b, _ := key.MarshalBinary()
	k := group.Ristretto255.NewScalar()
	if err := k.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	want, _ := group.Ristretto255.NewElement().MulGen(k).MarshalBinary()
	if public := key.Public(); !bytes.Equal(public[:], want) {
		t.Error("public key is not k·G")
	}
	again, err := ParseSecretKey(b)
	if err != nil || again.Public() != key.Public() {
		t.Errorf("read back: %v", err)
	}
}
