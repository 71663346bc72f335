package session

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/wire"
)

// turn carries one request from puller to provider.
func turn(t testing.TB, s *Provider, msg []byte, err error) *MirrorRequest {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Receive(msg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func must(t testing.TB, msg []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// TestMirroring reads as a mirror works: manifests, then parts, one of which is refused.
func TestMirroring(t *testing.T) {
	p, s := NewPuller(ledgerID, holder), NewProvider(ledgerID)
	msg, err := p.AskManifests(0)
	if r := turn(t, s, msg, err); r.Kind != ManifestsKind || r.Holder != holder.PeerID() {
		t.Fatalf("%+v", r)
	}
	manifest := sign(t, goodManifest())
	answer, err := s.Manifests([][]byte{manifest.Raw}, true)
	pulled, err := p.Receive(must(t, answer, err))
	if err != nil || len(pulled.Manifests) != 1 || pulled.Manifests[0].Hash != manifest.Hash || !pulled.More {
		t.Fatalf("%+v, %v", pulled, err)
	}
	msg, err = p.AskPart([32]byte{1}, LabelsFile, 512, MaxPart)
	r := turn(t, s, msg, err)
	part := bytes.Repeat([]byte{7}, MaxPart)
	answer, err = s.Part(part)
	pulled, err = p.Receive(must(t, answer, err))
	if err != nil || r.Offset != 512 || !bytes.Equal(pulled.Part, part) || pulled.Request != *r {
		t.Fatalf("%v", err)
	}
	msg, err = p.AskPart([32]byte{1}, LabelsFile, 0, 1)
	turn(t, s, msg, err)
	answer, err = s.Refuse(&Refusal{Code: NotPermitted, Rule: "match only", RetryAfter: time.Second})
	var refusal *Refusal
	if _, err := p.Receive(must(t, answer, err)); !errors.As(err, &refusal) || *refusal != (Refusal{Code: NotPermitted, Rule: "match only", RetryAfter: time.Second}) {
		t.Fatalf("%v", err)
	}
	msg, err = p.AskPart([32]byte{1}, TagsFile, 0, 1)
	turn(t, s, msg, err)
	answer, err = s.Part([]byte{1})
	if _, err := p.Receive(must(t, answer, err)); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
}

// TestKnownManifests: bytes that were verified before are taken as they are, and no others.
func TestKnownManifests(t *testing.T) {
	known := sign(t, goodManifest())
	foreign := goodManifest()
	foreign.Ledger[0]++
	elsewhere := sign(t, foreign)
	altered := bytes.Clone(known.Raw)
	altered[len(altered)-1] ^= 1 // in the signature
	for _, c := range []struct {
		name string
		raw  []byte
		same bool
		want error
	}{
		{"the same bytes", bytes.Clone(known.Raw), true, nil},
		{"a newer one", sign(t, goodManifest(empty(BaseSegment, 99))).Raw, false, nil},
		{"another signature", altered, false, ErrSignature},
		{"known, of another ledger", elsewhere.Raw, false, ErrLedger},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewPuller(ledgerID, holder)
			p.Know([]*SignedManifest{known, elsewhere})
			if _, err := p.AskManifests(0); err != nil {
				t.Fatal(err)
			}
			got, err := p.Receive(encode(t, MirrorAnswer{Code: OK, Manifests: [][]byte{c.raw}}))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && (got.Manifests[0] == known) != c.same {
				t.Error("what is known must be taken, and nothing else")
			}
		})
	}
}

func TestPullerWindow(t *testing.T) {
	p, s := NewPuller(ledgerID, holder), NewProvider(ledgerID)
	var sent [][]byte
	for i := 0; p.Ready(); i++ {
		msg, err := p.AskPart([32]byte{1}, TagsFile, uint64(i), 1)
		sent = append(sent, must(t, msg, err))
	}
	if _, err := p.AskManifests(0); len(sent) != MaxWindow || !errors.Is(err, ErrNotReady) {
		t.Errorf("%d in flight, then %v", len(sent), err)
	}
	for i, msg := range sent {
		turn(t, s, msg, nil)
		answer, err := s.Part([]byte{byte(i)})
		got, err := p.Receive(must(t, answer, err))
		if err != nil || got.Request.Offset != uint64(i) || got.Part[0] != byte(i) {
			t.Errorf("part %d: %v", i, err)
		}
	}
}

// TestCheatingProvider sends a puller what it did not ask for.
func TestCheatingProvider(t *testing.T) {
	good := sign(t, goodManifest()).Raw
	foreign := goodManifest()
	foreign.Ledger[0]++
	otherOne := goodManifest()
	otherOne.Holder = other.PeerID()
	another := goodManifest(empty(BaseSegment, 99))
	many := make([][]byte, MaxManifests+1)
	for _, c := range []struct {
		name string
		part bool
		a    any
		want error
	}{
		{"a part for manifests", false, MirrorAnswer{Code: OK, Part: []byte{1}}, ErrTurn},
		{"manifests for a part", true, MirrorAnswer{Code: OK, Manifests: [][]byte{good}}, ErrPart},
		{"part too short", true, MirrorAnswer{Code: OK, Part: []byte{1}}, ErrPart},
		{"part too long", true, MirrorAnswer{Code: OK, Part: []byte{1, 2, 3}}, ErrPart},
		{"part beyond all measure", true, MirrorAnswer{Code: OK, Part: make([]byte, MaxPart+1)}, ErrHeader},
		{"no part", true, MirrorAnswer{Code: OK}, ErrPart},
		{"unknown code", true, MirrorAnswer{Code: "fine"}, ErrHeader},
		{"no code", true, MirrorAnswer{}, ErrHeader},
		{"a refusal with a part", true, MirrorAnswer{Code: NotFound, Part: []byte{1, 2}}, ErrHeader},
		{"an answer with a rule", true, MirrorAnswer{Code: OK, Part: []byte{1, 2}, Rule: "x"}, ErrHeader},
		{"an escape sequence", true, MirrorAnswer{Code: NotFound, Rule: "\x1b[2J"}, ErrHeader},
		{"retry in a year", true, MirrorAnswer{Code: Overloaded, RetryAfter: 1 << 30}, ErrHeader},
		{"more after nothing", false, MirrorAnswer{Code: OK, More: true}, ErrHeader},
		{"65 manifests", false, MirrorAnswer{Code: OK, Manifests: many}, ErrHeader},
		{"a manifest of another ledger", false, MirrorAnswer{Code: OK, Manifests: [][]byte{signManifest(t, foreign, holderKey)}}, ErrLedger},
		{"a manifest of another holder", false, MirrorAnswer{Code: OK, Manifests: [][]byte{signManifest(t, otherOne, otherKey)}}, ErrParty},
		{"a manifest that the server signed", false, MirrorAnswer{Code: OK, Manifests: [][]byte{signManifest(t, goodManifest(), otherKey)}}, ErrSignature},
		{"two manifests of one index", false, MirrorAnswer{Code: OK, Manifests: [][]byte{good, signManifest(t, another, holderKey)}}, ErrManifest},
		{"no manifest", false, MirrorAnswer{Code: OK, Manifests: [][]byte{{}}}, wire.ErrMalformed},
		{"an unknown field", false, map[int]any{1: "ok", 9: 1}, wire.ErrMalformed},
		{"not a map", false, "ok", wire.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewPuller(ledgerID, holder)
			var err error
			if c.part {
				_, err = p.AskPart([32]byte{1}, TagsFile, 0, 2)
			} else {
				_, err = p.AskManifests(0)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Receive(encode(t, c.a)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if _, err := p.AskManifests(0); !errors.Is(err, ErrClosed) {
				t.Errorf("after a fault: %v", err)
			}
		})
	}
	if _, err := NewPuller(ledgerID, holder).Receive(encode(t, MirrorAnswer{Code: OK})); !errors.Is(err, ErrTurn) {
		t.Errorf("an answer before any question: %v", err)
	}
}

// TestCheatingPuller sends a provider what it should not.
func TestCheatingPuller(t *testing.T) {
	change := func(f func(r *MirrorRequest)) MirrorRequest {
		r := MirrorRequest{V: 1, Ledger: ledgerID, Kind: PartKind, Holder: holder.PeerID(), Name: [32]byte{1}, File: TagsFile, Length: 1}
		f(&r)
		return r
	}
	for _, c := range []struct {
		name string
		r    any
		want error
	}{
		{"version 2", change(func(r *MirrorRequest) { r.V = 2 }), ErrVersion},
		{"another ledger", change(func(r *MirrorRequest) { r.Ledger[0]++ }), ErrLedger},
		{"no kind", change(func(r *MirrorRequest) { r.Kind = "" }), ErrHeader},
		{"unknown kind", change(func(r *MirrorRequest) { r.Kind = "all" }), ErrHeader},
		{"no holder", change(func(r *MirrorRequest) { r.Holder = "" }), ErrHeader},
		{"holder too long", change(func(r *MirrorRequest) { r.Holder = strings.Repeat("a", 65) }), ErrHeader},
		{"a path for a file", change(func(r *MirrorRequest) { r.File = "../keys/member.age" }), ErrHeader},
		{"nothing", change(func(r *MirrorRequest) { r.Length = 0 }), ErrHeader},
		{"more than a part", change(func(r *MirrorRequest) { r.Length = MaxPart + 1 }), ErrHeader},
		{"beyond all segments", change(func(r *MirrorRequest) { r.Offset = 1 << 63 }), ErrHeader},
		{"a part from a manifest on", change(func(r *MirrorRequest) { r.From = 1 }), ErrHeader},
		{"manifests with a range", change(func(r *MirrorRequest) { r.Kind = ManifestsKind }), ErrHeader},
		{"not a map", []int{1}, wire.ErrMalformed},
		{"too long", bytes.Repeat([]byte{1}, MaxMirrorAsk), wire.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewProvider(ledgerID)
			_, err := s.Receive(encode(t, c.r))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if _, err := s.Receive(encode(t, change(func(*MirrorRequest) {}))); !errors.Is(err, ErrClosed) {
				t.Errorf("after a fault: %v", err)
			}
			answer, err := s.Refuse(&Refusal{Code: CodeOf(err)})
			p := NewPuller(ledgerID, holder)
			if _, err := p.AskManifests(0); err != nil {
				t.Fatal(err)
			}
			var refusal *Refusal
			if _, err := p.Receive(must(t, answer, err)); !errors.As(err, &refusal) {
				t.Errorf("the puller hears %v", err)
			}
		})
	}
	s := NewProvider(ledgerID)
	msg := encode(t, change(func(*MirrorRequest) {}))
	turn(t, s, msg, nil)
	if _, err := s.Receive(msg); !errors.Is(err, ErrTurn) {
		t.Errorf("a second request before the answer: %v", err)
	}
}

// TestProvidersMistakes: what our own node may get wrong.
func TestProvidersMistakes(t *testing.T) {
	s := NewProvider(ledgerID)
	mistakes := map[string]error{}
	_, mistakes["manifests to nobody"] = s.Manifests(nil, false)
	_, mistakes["a part to nobody"] = s.Part(nil)
	p := NewPuller(ledgerID, holder)
	msg, err := p.AskPart([32]byte{1}, TagsFile, 0, 2)
	turn(t, s, msg, err)
	_, mistakes["manifests for a part"] = s.Manifests(nil, false)
	_, mistakes["a short part"] = s.Part([]byte{1})
	_, mistakes["refuse with ok"] = s.Refuse(&Refusal{Code: OK})
	for name, err := range mistakes {
		if !errors.Is(err, ErrNotDue) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.AskPart([32]byte{1}, TagsFile, 0, 0); !errors.Is(err, ErrHeader) {
		t.Errorf("a part of nothing: %v", err)
	}
}
