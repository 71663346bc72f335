package member_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

func card() member.Card {
	return member.Card{
		V: 1, Name: "Bank B", Sector: member.Finance, Jurisdiction: "PH", Keys: keySet(),
		Addresses: []string{"/ip4/192.0.2.1/tcp/7481", "/dns4/bank-b.example/tcp/7481"},
	}
}

func TestCard(t *testing.T) {
	s, err := member.SignCard(card(), private)
	if err != nil {
		t.Fatal(err)
	}
	b, err := wire.Encode(s)
	if err != nil || len(b) > member.MaxCard {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	var back member.SignedCard
	if err := wire.Decode(b, &back, member.MaxCard); err != nil || back.Check() != nil {
		t.Errorf("round trip: %v", err)
	}
}

func TestCardFieldsRefused(t *testing.T) {
	for why, change := range map[string]func(*member.Card){
		"version 0":               func(c *member.Card) { c.V = 0 },
		"version 2":               func(c *member.Card) { c.V = 2 },
		"no name":                 func(c *member.Card) { c.Name = "" },
		"unknown sector":          func(c *member.Card) { c.Sector = "press" },
		"no jurisdiction":         func(c *member.Card) { c.Jurisdiction = "" },
		"small letters":           func(c *member.Card) { c.Jurisdiction = "ph" },
		"three letters":           func(c *member.Card) { c.Jurisdiction = "PHL" },
		"a missing key":           func(c *member.Card) { c.Keys.Root = member.PublicKey{} },
		"one key in two roles":    func(c *member.Card) { c.Keys.Node = c.Keys.Seat },
		"no address":              func(c *member.Card) { c.Addresses = nil },
		"too many addresses":      func(c *member.Card) { c.Addresses = slices.Repeat([]string{"/a"}, member.MaxAddresses+1) },
		"an empty address":        func(c *member.Card) { c.Addresses = []string{""} },
		"a host and port":         func(c *member.Card) { c.Addresses = []string{"bank-b.example:7481"} },
		"an address with a line":  func(c *member.Card) { c.Addresses = []string{"/ip4/1\n"} },
		"an address beyond ASCII": func(c *member.Card) { c.Addresses = []string{"/dns4/b\u00fc"} },
		"a long address":          func(c *member.Card) { c.Addresses = []string{"/" + strings.Repeat("a", member.MaxAddress)} },
	} {
		c := card()
		change(&c)
		if _, err := member.SignCard(c, private); !errors.Is(err, member.ErrCard) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// TestCardSignaturesRefused: all six keys sign, each for itself, over these fields.
func TestCardSignaturesRefused(t *testing.T) {
	for why, change := range map[string]func(*member.SignedCard){
		"no signatures":       func(s *member.SignedCard) { s.Signatures = nil },
		"five signatures":     func(s *member.SignedCard) { s.Signatures = s.Signatures[:5] },
		"seven signatures":    func(s *member.SignedCard) { s.Signatures = append(s.Signatures, s.Signatures[0]) },
		"signatures swapped":  func(s *member.SignedCard) { slices.Reverse(s.Signatures) },
		"an empty signature":  func(s *member.SignedCard) { s.Signatures[3] = nil },
		"a flipped signature": func(s *member.SignedCard) { s.Signatures[5][0] ^= 1 },
		"another name":        func(s *member.SignedCard) { s.Card.Name = "Bank C" },
		"another sector":      func(s *member.SignedCard) { s.Card.Sector = member.NGO },
		"another address":     func(s *member.SignedCard) { s.Card.Addresses = []string{"/ip4/203.0.113.1/tcp/1"} },
		"another key": func(s *member.SignedCard) {
			s.Card.Keys.Seat = member.PublicOf(private("someone else's seat"))
		},
	} {
		s, err := member.SignCard(card(), private)
		if err != nil {
			t.Fatal(err)
		}
		change(&s)
		if err := s.Check(); !errors.Is(err, member.ErrCard) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func FuzzSignedCard(f *testing.F) {
	s, err := member.SignCard(card(), private)
	if err != nil {
		f.Fatal(err)
	}
	b, err := wire.Encode(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var s member.SignedCard
		if wire.Decode(b, &s, member.MaxCard) != nil || s.Check() != nil {
			return
		}
		if again, err := wire.Encode(s); err != nil || string(again) != string(b) {
			t.Fatal("a card has two encodings")
		}
	})
}
