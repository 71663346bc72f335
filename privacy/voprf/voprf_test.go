package voprf

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
	"github.com/cloudflare/circl/zk/dleq"
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

// TestAgainstCircl holds this package against circl's own client and server, each way round: with one
// key and one set of inputs, either client takes either server's proof and comes to the same outputs.
func TestAgainstCircl(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "seed"))
		info := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "info")
		inputs := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 1, 4).Draw(rt, "inputs")
		key := must(DeriveKey(seed, info))(rt)
		public := key.Public()
		their := newCirclPair(rt, seed, info)

		request := must(must(NewClient(public[:]))(rt).Blind(inputs))(rt)
		data, theirRequest, err := their.client.Blind(inputs)
		if err != nil {
			rt.Fatal(err)
		}
		blinded := flatten(rt, theirRequest.Elements)

		evaluated, proof, err := key.Evaluate(request.Elements())
		if err != nil {
			rt.Fatal(err)
		}
		outs := must(request.Finalize(evaluated, proof))(rt)
		evaluated, proof = their.evaluate(rt, request.Elements())
		sameOutputs(rt, outs, must(request.Finalize(evaluated, proof))(rt))
		evaluated, proof, err = key.Evaluate(blinded)
		if err != nil {
			rt.Fatal(err)
		}
		sameOutputs(rt, outs, their.finalize(rt, data, evaluated, proof))
		sameOutputs(rt, outs, must(key.FullEvaluateAll(inputs))(rt))
	})
}

// must returns the value of a call that may not fail in the test that is given next.
func must[T any](v T, err error) func(rapid.TB) T {
	return func(t rapid.TB) T {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func sameOutputs(t rapid.TB, got, want []Output) {
	if !slices.Equal(got, want) {
		t.Fatal("outputs differ")
	}
}

// circlPair is circl's own client and server under one key.
type circlPair struct {
	client oprf.VerifiableClient
	server oprf.VerifiableServer
}

func newCirclPair(t rapid.TB, seed [32]byte, info []byte) circlPair {
	key, err := oprf.DeriveKey(suite, oprf.VerifiableMode, seed[:], info)
	if err != nil {
		t.Fatal(err)
	}
	return circlPair{oprf.NewVerifiableClient(suite, key.Public()), oprf.NewVerifiableServer(suite, key)}
}

func (p circlPair) evaluate(t rapid.TB, blinded []byte) (evaluated, proof []byte) {
	answer, err := p.server.Evaluate(&oprf.EvaluationRequest{Elements: unflatten(t, blinded)})
	if err != nil {
		t.Fatal(err)
	}
	proof, err = answer.Proof.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return flatten(t, answer.Elements), proof
}

func (p circlPair) finalize(t rapid.TB, data *oprf.FinalizeData, evaluated, proof []byte) []Output {
	parsed := new(dleq.Proof)
	if err := parsed.UnmarshalBinary(group.Ristretto255, proof); err != nil {
		t.Fatal(err)
	}
	raw, err := p.client.Finalize(data, &oprf.Evaluation{Elements: unflatten(t, evaluated), Proof: parsed})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]Output, len(raw))
	for i := range raw {
		out[i] = Output(raw[i])
	}
	return out
}

func flatten(t rapid.TB, elements []group.Element) []byte {
	var flat []byte
	for _, e := range elements {
		b, err := e.MarshalBinaryCompress()
		if err != nil {
			t.Fatal(err)
		}
		flat = append(flat, b...)
	}
	return flat
}

func unflatten(t rapid.TB, flat []byte) []group.Element {
	var out []group.Element
	for ; len(flat) > 0; flat = flat[ElementSize:] {
		e := group.Ristretto255.NewElement()
		if err := e.UnmarshalBinary(flat[:ElementSize]); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
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
