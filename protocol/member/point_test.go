package member

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/wire"
	"github.com/crosslight/crosslight/specs"
)

// keyVectors has the eight points of small order, every encoding that is not canonical, keys with a
// part of small order, and RFC 8032's own keys.
func keyVectors(t testing.TB) (valid, invalid map[string]PublicKey) {
	t.Helper()
	var file struct{ Valid, Invalid []struct{ Why, Key string } }
	b, err := specs.Vectors.ReadFile("vectors/ed25519-keys.json")
	if err == nil {
		err = json.Unmarshal(b, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	valid, invalid = map[string]PublicKey{}, map[string]PublicKey{}
	for _, v := range file.Valid {
		valid[v.Why] = PublicKey(bytesOf(t, v.Key))
	}
	for _, v := range file.Invalid {
		invalid[v.Why+" "+v.Key] = PublicKey(bytesOf(t, v.Key))
	}
	if len(valid) < 3 || len(invalid) < 8 {
		t.Fatalf("%d valid and %d invalid keys", len(valid), len(invalid))
	}
	return valid, invalid
}

func seeded(i byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), i))
}

func seededSet() (s KeySet) {
	for i, k := range []*PublicKey{&s.Node, &s.Operator, &s.Seat, &s.Log, &s.Cosigner, &s.Root} {
		*k = PublicOf(seeded(byte(i)))
	}
	return s
}

func TestPublicKeyVectors(t *testing.T) {
	valid, invalid := keyVectors(t)
	for why, k := range valid {
		s := seededSet()
		s.Node = k
		if err := errors.Join(k.Check(), s.Check()); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
	for why, k := range invalid {
		s := seededSet()
		s.Root = k
		if err := k.Check(); !errors.Is(err, ErrPublicKey) {
			t.Errorf("%s: %v", why, err)
		}
		if err := s.Check(); !errors.Is(err, ErrKeySet) {
			t.Errorf("%s in a key set: %v", why, err)
		}
	}
}

// TestForgedCard: under the identity, R the identity and S zero verify over anything, so that a card
// could carry a key that nobody holds.
func TestForgedCard(t *testing.T) {
	card := Card{V: 1, Name: "Forged", Sector: Tech, Jurisdiction: "PH", Keys: seededSet(), Addresses: []string{"/ip4/192.0.2.1/tcp/7481"}}
	card.Keys.Seat = PublicKey{1}
	body, err := wire.Encode(card)
	if err != nil {
		t.Fatal(err)
	}
	forged := SignedCard{Card: card}
	for i, role := range Roles() {
		sig := Sign(seeded(byte(i)), cardDomain, body)
		if role == Seat {
			sig = append([]byte{1}, make([]byte, SignatureSize-1)...)
		}
		if err := card.Keys.Of(role).Verify(cardDomain, body, sig); err != nil {
			t.Fatalf("%s: the forgery does not even verify: %v", role, err)
		}
		forged.Signatures = append(forged.Signatures, sig)
	}
	if err := forged.Check(); !errors.Is(err, ErrCard) || !errors.Is(err, ErrPublicKey) {
		t.Errorf("forged card: %v", err)
	}
}
