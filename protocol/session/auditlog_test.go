package session

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/protocol/member"
)

// TestLogOpensEveryPosition: in logs of any shape each position leads to one element of one request, with
// a path that verifies, and no other place verifies for it.
func TestLogOpensEveryPosition(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(1, 9), 1, 20).Draw(t, "counts")
		type kept struct {
			header   Header
			raw, sig []byte
			elements []byte
		}
		requests, byHash := []LogRequest{}, map[[32]byte]kept{}
		for i, n := range counts {
			elements := make([]byte, n*ElementSize)
			for j := range n {
				elements[j*ElementSize], elements[j*ElementSize+1] = byte(i), byte(j)
			}
			h := Header{
				V: 1, Size: 1, Querier: member.PublicOf(key).PeerID(), Holder: "holder", Type: "email", Purpose: "p",
				ID: RequestID{byte(i), 1}, Count: uint64(n), Tree: ElementsRoot(elements),
			}
			signed, msg, err := signRequest(&h, key, elements)
			if err != nil {
				t.Fatal(err)
			}
			q, err := ParseRequest(msg, member.PublicOf(key))
			if err != nil {
				t.Fatal(err)
			}
			if q.Hash != signed.Hash || !bytes.Equal(q.Raw, signed.Raw) || !bytes.Equal(q.Signature, signed.Signature) {
				t.Fatal("what is signed reads as something else")
			}
			requests = append(requests, LogRequest{q.Hash, uint64(n)})
			byHash[q.Hash] = kept{h, q.Raw, q.Signature, elements}
		}
		log, err := NewQueryLog(rapid.Permutation(requests).Draw(t, "order"))
		if err != nil {
			t.Fatal(err)
		}
		inOrder, err := NewQueryLog(append(requests, requests...))
		if err != nil || inOrder.Root() != log.Root() || inOrder.Elements() != log.Elements() {
			t.Fatalf("the order in which requests come counts: %v", err)
		}
		offset := rapid.Uint64Range(0, log.Elements()-1).Draw(t, "offset")
		r, index, start, ok := log.Find(offset)
		if !ok {
			t.Fatal("no request holds it")
		}
		k := byHash[r.Hash]
		o := Opening{
			Header: k.raw, Start: start, Request: index, LogPath: log.Path(index), Index: offset - start,
			Element:     [32]byte(k.elements[(offset-start)*ElementSize:]),
			ElementPath: ElementPath(k.elements, int(offset-start)), CaseNonce: []byte{},
		}
		h, err := ReadHeader(k.raw, k.sig, member.PublicOf(key))
		if err != nil || h.Count != r.Count {
			t.Fatal(err)
		}
		if err := o.CheckPlace(h, offset, log.Requests(), log.Root()); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(o *Opening){
			"another start":    func(o *Opening) { o.Start++ },
			"another index":    func(o *Opening) { o.Index++ },
			"another element":  func(o *Opening) { o.Element[31]++ },
			"another request":  func(o *Opening) { o.Request++ },
			"another header":   func(o *Opening) { o.Header = append([]byte{0}, o.Header...) },
			"a longer path":    func(o *Opening) { o.LogPath = append(o.LogPath, [32]byte{}) },
			"a longer element": func(o *Opening) { o.ElementPath = append(o.ElementPath, [32]byte{}) },
			"a case":           func(o *Opening) { o.Case = "C-1" },
		} {
			other := o
			change(&other)
			if err := other.CheckPlace(h, offset, log.Requests(), log.Root()); err == nil {
				t.Fatalf("%s holds", name)
			}
		}
		for wrong := range log.Elements() {
			if wrong != offset && o.CheckPlace(h, wrong, log.Requests(), log.Root()) == nil {
				t.Fatalf("it opens position %d, too", wrong)
			}
		}
	})
}

func TestEmptyAndRefusedLogs(t *testing.T) {
	empty, err := NewQueryLog(nil)
	if err != nil || empty.Root() != [32]byte{} || empty.Elements() != 0 {
		t.Errorf("empty: %v", err)
	}
	if _, _, _, ok := empty.Find(0); ok {
		t.Error("an empty log holds something")
	}
	for _, r := range []LogRequest{{Count: 0}, {Count: MaxBatch + 1}} {
		if _, err := NewQueryLog([]LogRequest{r}); !errors.Is(err, ErrLog) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if _, err := NewQueryLog(make([]LogRequest, 2)); !errors.Is(err, ErrLog) {
		t.Error(err)
	}
}

func TestCaseIsOpenedOrAbsent(t *testing.T) {
	nonce := [32]byte{7}
	commitment := CommitCase(nonce, "C-1")
	tied, untied := Header{Case: commitment[:]}, Header{}
	for name, c := range map[string]struct {
		o    Opening
		h    Header
		want error
	}{
		"tied":                {Opening{CaseNonce: nonce[:], Case: "C-1"}, tied, nil},
		"untied":              {Opening{}, untied, nil},
		"another reference":   {Opening{CaseNonce: nonce[:], Case: "C-2"}, tied, ErrCase},
		"disowned":            {Opening{}, tied, ErrCase},
		"made up":             {Opening{CaseNonce: nonce[:], Case: "C-1"}, untied, ErrCase},
		"another nonce's":     {Opening{CaseNonce: make([]byte, 32), Case: "C-1"}, tied, ErrCase},
		"reference, no nonce": {Opening{Case: "C-1"}, tied, ErrCase},
	} {
		if err := c.o.checkCase(c.h); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswerIsSigned(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := []member.PublicKey{member.PublicOf(key)}
	a := AuditAnswer{Openings: []Opening{{Position: 3, CaseNonce: []byte{}}, {Position: 9, CaseNonce: []byte{}}}}
	raw, err := SignAnswer(a, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadAnswer(raw, keys)
	if err != nil || len(got.Openings) != 2 || got.Openings[1].Position != 9 {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := ReadAnswer(raw, nil); !errors.Is(err, ErrSignature) {
		t.Errorf("by a stranger: %v", err)
	}
	for i := range raw {
		bad := append([]byte(nil), raw...)
		bad[i] ^= 1
		if _, err := ReadAnswer(bad, keys); err == nil {
			t.Fatalf("byte %d can be changed", i)
		}
	}
	a.Openings[0].Position = 9
	if _, err := SignAnswer(a, key); !errors.Is(err, ErrAnswer) {
		t.Errorf("one position twice: %v", err)
	}
}

func FuzzReadAnswer(f *testing.F) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	raw, err := SignAnswer(AuditAnswer{Openings: []Opening{{CaseNonce: []byte{}}}}, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ReadAnswer(b, []member.PublicKey{member.PublicOf(key)}); err == nil && string(b) != string(raw) {
			t.Error("another message under the same signature")
		}
	})
}
