package member

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/zk/dl"
	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/specs"
)

type possessionVectors struct {
	Valid []struct {
		Ledger, Member, Type                   string
		Epoch                                  uint64
		Secret, Random, Public, Context, Proof string
	}
	Invalid        []struct{ Why, Public, Context, Proof, Error string }
	InvalidSecrets []struct{ Why, Secret string } `json:"invalid_secrets"`
}

func loadPossession(t testing.TB) possessionVectors {
	t.Helper()
	b, err := specs.Vectors.ReadFile("vectors/possession.json")
	if err != nil {
		t.Fatal(err)
	}
	var v possessionVectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func bytesOf(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPossessionVectors(t *testing.T) {
	vectors := loadPossession(t)
	for _, v := range vectors.Valid {
		context := PossessionContext([32]byte(bytesOf(t, v.Ledger)), v.Member, v.Epoch, v.Type)
		if !bytes.Equal(context, bytesOf(t, v.Context)) {
			t.Errorf("%s/%d/%s: context differs", v.Member, v.Epoch, v.Type)
		}
		proof, err := ProvePossession(bytesOf(t, v.Secret), context, bytes.NewReader(bytesOf(t, v.Random)))
		if err != nil || !bytes.Equal(proof, bytesOf(t, v.Proof)) {
			t.Errorf("%s/%d/%s: proof differs: %v", v.Member, v.Epoch, v.Type, err)
		}
		if err := VerifyPossession(bytesOf(t, v.Public), context, proof); err != nil {
			t.Errorf("%s/%d/%s: %v", v.Member, v.Epoch, v.Type, err)
		}
	}
	named := map[string]error{"possession": ErrPossession, "key": ErrOPRFKey}
	for _, v := range vectors.Invalid {
		err := VerifyPossession(bytesOf(t, v.Public), bytesOf(t, v.Context), bytesOf(t, v.Proof))
		if !errors.Is(err, named[v.Error]) {
			t.Errorf("%s: %v, want %v", v.Why, err, named[v.Error])
		}
	}
	for _, v := range vectors.InvalidSecrets {
		if _, err := ProvePossession(bytesOf(t, v.Secret), nil, rand.Reader); !errors.Is(err, ErrOPRFKey) {
			t.Errorf("%s: %v", v.Why, err)
		}
	}
}

// TestPossessionOfCircl: a proof that circl's own prover makes verifies here.
func TestPossessionOfCircl(t *testing.T) {
	g := group.Ristretto255
	k := g.RandomNonZeroScalar(rand.Reader)
	kG := g.NewElement().MulGen(k)
	context := PossessionContext([32]byte{1}, "A", 1, "email")
	p := dl.Prove(g, g.Generator(), kG, k, context, []byte(possessionDomain), rand.Reader)
	public, _ := kG.MarshalBinary()
	v, _ := p.V.MarshalBinary()
	r, _ := p.R.MarshalBinary()
	if err := VerifyPossession(public, context, append(v, r...)); err != nil {
		t.Error(err)
	}
}

// TestNonceNeverRepeats: with a broken source of randomness two contexts still get two nonces, so that
// two proofs do not give the key away.
func TestNonceNeverRepeats(t *testing.T) {
	secret := bytesOf(t, loadPossession(t).Valid[0].Secret)
	zeros := bytes.NewReader(make([]byte, 128))
	a, err := ProvePossession(secret, []byte("one"), zeros)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ProvePossession(secret, []byte("two"), zeros)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a[:32], b[:32]) {
		t.Error("one nonce served twice")
	}
	if _, err := ProvePossession(secret, nil, zeros); !errors.Is(err, io.EOF) {
		t.Errorf("randomness that ends: %v", err)
	}
}

// TestContextIsInjective: no two tuples share a context, whatever is in the names.
func TestContextIsInjective(t *testing.T) {
	type tuple struct {
		ledger    [32]byte
		name, typ string
		epoch     uint64
	}
	draw := func(rt *rapid.T) tuple {
		return tuple{
			[32]byte{rapid.Byte().Draw(rt, "ledger")},
			rapid.StringOfN(rapid.RuneFrom([]rune{0, 1, 'a'}), 0, 4, -1).Draw(rt, "name"),
			rapid.StringOfN(rapid.RuneFrom([]rune{0, 1, 'a'}), 0, 4, -1).Draw(rt, "type"),
			rapid.Uint64Range(0, 3).Draw(rt, "epoch"),
		}
	}
	context := func(x tuple) []byte { return PossessionContext(x.ledger, x.name, x.epoch, x.typ) }
	rapid.Check(t, func(rt *rapid.T) {
		a, b := draw(rt), draw(rt)
		if (a == b) != bytes.Equal(context(a), context(b)) {
			rt.Fatalf("%v and %v", a, b)
		}
	})
}

func FuzzVerifyPossession(f *testing.F) {
	vectors := loadPossession(f)
	v := vectors.Valid[0]
	f.Add(bytesOf(f, v.Public), bytesOf(f, v.Context), bytesOf(f, v.Proof))
	for _, v := range vectors.Invalid {
		f.Add(bytesOf(f, v.Public), bytesOf(f, v.Context), bytesOf(f, v.Proof))
	}
	good := append(append(bytesOf(f, v.Public), bytesOf(f, v.Context)...), bytesOf(f, v.Proof)...)
	f.Fuzz(func(t *testing.T, public, context, proof []byte) {
		err := VerifyPossession(public, context, proof)
		if err != nil && !errors.Is(err, ErrPossession) && !errors.Is(err, ErrOPRFKey) {
			t.Fatalf("unnamed error %v", err)
		}
		if err == nil && !bytes.Equal(append(append(bytes.Clone(public), context...), proof...), good) {
			t.Fatal("a proof was forged or has two encodings")
		}
	})
}
