package member_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/protocol/member"
)

func private(role member.Role) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("a test key for " + role))
	return ed25519.NewKeyFromSeed(seed[:])
}

func keySet() member.KeySet {
	of := func(r member.Role) member.PublicKey { return member.PublicOf(private(r)) }
	return member.KeySet{
		Node: of(member.Node), Operator: of(member.Operator), Seat: of(member.Seat),
		Log: of(member.Log), Cosigner: of(member.Cosigner), Root: of(member.Root),
	}
}

func TestKeySet(t *testing.T) {
	if err := keySet().Check(); err != nil {
		t.Fatal(err)
	}
	seen := map[member.KeyID]bool{}
	for _, role := range member.Roles() {
		k := keySet().Of(role)
		if k != member.PublicOf(private(role)) || seen[k.ID()] {
			t.Errorf("%s key", role)
		}
		seen[k.ID()] = true
	}
	for why, change := range map[string]func(*member.KeySet){
		"no key at all":    func(s *member.KeySet) { *s = member.KeySet{} },
		"a missing key":    func(s *member.KeySet) { s.Cosigner = member.PublicKey{} },
		"node is operator": func(s *member.KeySet) { s.Node = s.Operator },
		"root is seat":     func(s *member.KeySet) { s.Root = s.Seat },
	} {
		s := keySet()
		change(&s)
		if err := s.Check(); !errors.Is(err, member.ErrKeySet) {
			t.Errorf("%s: %v", why, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a role that does not exist has a key")
		}
	}()
	keySet().Of("janitor")
}

// TestPeerID uses the Ed25519 public key of libp2p's specification (peer-ids/peer-ids.md, "Test
// vectors") and the peer ID that go-libp2p gives it.
func TestPeerID(t *testing.T) {
	key := member.PublicKey{
		0x1e, 0xd1, 0xe8, 0xfa, 0xe2, 0xc4, 0xa1, 0x44, 0xb8, 0xbe, 0x8f, 0xd4, 0xb4, 0x7b, 0xf3, 0xd3,
		0xb3, 0x4b, 0x87, 0x1c, 0x3c, 0xac, 0xf6, 0x01, 0x0f, 0x0e, 0x42, 0xd4, 0x74, 0xfc, 0xe2, 0x7e,
	}
	if got := key.PeerID(); got != "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq" {
		t.Errorf("peer id %s", got)
	}
}

// TestSignatures: a signature is for one key, one domain and one message, and for nothing else.
func TestSignatures(t *testing.T) {
	priv := private(member.Seat)
	pub := member.PublicOf(priv)
	sig := member.Sign(priv, "crosslight/a/v1", []byte("message"))
	if err := pub.Verify("crosslight/a/v1", []byte("message"), sig); err != nil || len(sig) != member.SignatureSize {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), sig...)
	flipped[10] ^= 1
	for why, err := range map[string]error{
		"another domain":      pub.Verify("crosslight/b/v1", []byte("message"), sig),
		"another message":     pub.Verify("crosslight/a/v1", []byte("massage"), sig),
		"no message":          pub.Verify("crosslight/a/v1", nil, sig),
		"another key":         member.PublicOf(private(member.Log)).Verify("crosslight/a/v1", []byte("message"), sig),
		"a zero key":          member.PublicKey{}.Verify("crosslight/a/v1", []byte("message"), sig),
		"a flipped bit":       pub.Verify("crosslight/a/v1", []byte("message"), flipped),
		"a byte too few":      pub.Verify("crosslight/a/v1", []byte("message"), sig[:63]),
		"a byte too many":     pub.Verify("crosslight/a/v1", []byte("message"), append(sig, 0)),
		"no signature":        pub.Verify("crosslight/a/v1", []byte("message"), nil),
		"the bare message":    pub.Verify("crosslight/a/v1", []byte("message"), ed25519.Sign(priv, []byte("message"))),
		"a domain moved over": pub.Verify("crosslight/a", []byte("/v1\x00message"), sig),
	} {
		if !errors.Is(err, member.ErrSignature) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// TestDomainsDoNotOverlap: no two (domain, message) pairs are signed as the same bytes.
func TestDomainsDoNotOverlap(t *testing.T) {
	priv := private(member.Node)
	pub := member.PublicOf(priv)
	domain := rapid.StringMatching(`[a-z/0-9]{1,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		d1, d2 := domain.Draw(rt, "domain"), domain.Draw(rt, "other domain")
		m1, m2 := rapid.SliceOf(rapid.Byte()).Draw(rt, "message"), rapid.SliceOf(rapid.Byte()).Draw(rt, "other message")
		same := d1 == d2 && string(m1) == string(m2)
		if err := pub.Verify(d2, m2, member.Sign(priv, d1, m1)); (err == nil) != same {
			rt.Fatalf("%q %x and %q %x: %v", d1, m1, d2, m2, err)
		}
	})
}

func TestParsePeerID(t *testing.T) {
	want := keySet().Node
	got, err := member.ParsePeerID(want.PeerID())
	if err != nil || got != want {
		t.Errorf("%x, %v", got, err)
	}
	id := want.PeerID()
	for _, s := range []string{"", id[:len(id)-1], id + "1", "1" + id, "0" + id[1:], string(member.Seat), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"} {
		if _, err := member.ParsePeerID(s); !errors.Is(err, member.ErrPeerID) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
