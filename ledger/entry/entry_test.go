package entry_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/specs"
)

var platform, bank, police = ledgertest.Platform, ledgertest.Bank, ledgertest.Police

// TestVectors runs specs/vectors/entry.json: what is an entry, who signed it, and what is none.
func TestVectors(t *testing.T) {
	var v struct {
		Cases []struct{ Name, Entry, Rejection, Kind, Hash, Public, Summary string }
	}
	data, err := specs.Vectors.ReadFile("vectors/entry.json")
	must(t, err)
	must(t, json.Unmarshal(data, &v))
	refused := 0
	for _, c := range v.Cases {
		raw, err := hex.DecodeString(c.Entry)
		must(t, err)
		e, err := entry.Parse(raw)
		if c.Rejection != "" {
			refused++
			if r := entry.RejectionOf(err); r == nil || r.Name != c.Rejection {
				t.Errorf("%s: %v, want %s", c.Name, err, c.Rejection)
			}
			continue
		}
		if err != nil || e.Kind().String() != c.Kind || e.Hash().String() != c.Hash || entry.Summary(e) != c.Summary {
			t.Errorf("%s: %v, %s", c.Name, err, entry.Summary(e))
			continue
		}
		public, err := hex.DecodeString(c.Public)
		must(t, err)
		if _, err := e.Verify(member.PublicKey(public)); err != nil || !bytes.Equal(e.Raw(), raw) {
			t.Errorf("%s: %v", c.Name, err)
		}
		if _, err := e.Verify(police.Keys().Root); !errors.Is(err, entry.ErrBadSignature) {
			t.Errorf("%s verifies under another key: %v", c.Name, err)
		}
	}
	if refused < len(v.Cases)/2 {
		t.Errorf("%d of %d cases are refusals: at least half should be", refused, len(v.Cases))
	}
}

// TestBuildersRefuse: what Parse would refuse is not signed in the first place.
func TestBuildersRefuse(t *testing.T) {
	s := entry.Signer{Key: bank.Private(member.Operator)}
	for name, build := range map[string]func() (entry.Raw, error){
		"an address that is none": func() (entry.Raw, error) { return entry.NewNodeInfo(s, 1, []string{"x"}, "1") },
		"a version without text":  func() (entry.Raw, error) { return entry.NewNodeInfo(s, 1, []string{"/x"}, "") },
		"an epoch without keys":   func() (entry.Raw, error) { return entry.NewEpochCommit(s, 1, 1, nil) },
		"a type twice": func() (entry.Raw, error) {
			return entry.NewEpochCommit(s, 1, 1, []entry.EpochKey{{Type: "email"}, {Type: "email"}})
		},
		"a long reason": func() (entry.Raw, error) {
			return entry.NewPropose(s, 1, entry.Suspend{Member: "x"}, strings.Repeat("x", 513))
		},
		"a name that is none": func() (entry.Raw, error) { return entry.NewPropose(s, 1, entry.Reinstate{Member: ""}, "") },
		"an empty policy":     func() (entry.Raw, error) { return entry.NewPropose(s, 1, entry.SetPolicy{}, "") },
		"an empty card":       func() (entry.Raw, error) { return entry.NewPropose(s, 1, entry.Admit{}, "") },
	} {
		if _, err := build(); entry.RejectionOf(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEpochKeysAreSorted: the builder takes keys in any order.
func TestEpochKeysAreSorted(t *testing.T) {
	s := entry.Signer{Key: bank.Private(member.Operator)}
	raw, err := entry.NewEpochCommit(s, 1, 1, []entry.EpochKey{{Type: "phone"}, {Type: "email"}})
	must(t, err)
	e, err := entry.Parse(raw)
	must(t, err)
	if b := e.Body().(entry.EpochCommit); b.Keys[0].Type != "email" || e.Envelope().Incarnation != entry.FirstIncarnation {
		t.Errorf("%+v", e.Envelope())
	}
}

// TestRejectionsAreStable: numbers and names are unique, and lead back to the rejection.
func TestRejectionsAreStable(t *testing.T) {
	names, last := map[string]bool{}, uint16(0)
	for _, r := range entry.Rejections() {
		if names[r.Name] || r.Code <= last || r.Name != strings.ToLower(r.Name) || r.Error() == "" {
			t.Errorf("%d %s", r.Code, r.Name)
		}
		names[r.Name], last = true, r.Code
		if entry.RejectionByCode(r.Code) != r || entry.RejectionOf(r) != r {
			t.Errorf("%s does not lead back to itself", r.Name)
		}
	}
	if entry.RejectionByCode(9999) != nil || entry.RejectionOf(errors.New("x")) != nil {
		t.Error("a rejection that does not exist")
	}
}

func TestKindNames(t *testing.T) {
	seen := map[string]bool{}
	for k := range entry.KindAffiliate + 2 {
		if name := k.String(); seen[name] || name == "" || k.Known() != !strings.Contains(name, " ") {
			t.Errorf("kind %d: %q", uint64(k), name)
		}
		seen[k.String()] = true
	}
	for k := range entry.ProposeEpochEnd + 2 {
		if name := k.String(); name == "" || k.Known() != !strings.Contains(name, " ") {
			t.Errorf("proposal kind %d: %q", uint64(k), name)
		}
	}
}

func TestParseHash(t *testing.T) {
	h := entry.HashOf([]byte("x"))
	if back, err := entry.ParseHash(h.String()); err != nil || back != h {
		t.Error(err)
	}
	for _, bad := range []string{"", "ab", strings.ToUpper(h.String()), h.String() + "00", strings.Repeat("z", 64)} {
		if _, err := entry.ParseHash(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestThresholds(t *testing.T) {
	def := entry.DefaultThresholds()
	must(t, def.Validate())
	for seats, want := range map[int][3]int{1: {1, 1, 1}, 2: {2, 2, 2}, 3: {2, 2, 3}, 4: {3, 3, 3}, 5: {3, 4, 4}, 6: {4, 4, 5}, 7: {4, 5, 6}, 30: {16, 20, 23}} {
		got := [3]int{def.Ordinary.Least(seats), def.Grave.Least(seats), def.Constitutional.Least(seats)}
		if got != want {
			t.Errorf("%d seats: %v, want %v", seats, got, want)
		}
	}
	for name, change := range map[string]func(*entry.Thresholds){
		"a half":                func(t *entry.Thresholds) { t.Ordinary.More = false },
		"a third":               func(t *entry.Thresholds) { t.Ordinary = entry.Fraction{Num: 1, Den: 3} },
		"more than all":         func(t *entry.Thresholds) { t.Constitutional = entry.Fraction{Num: 1, Den: 1, More: true} },
		"5/4":                   func(t *entry.Thresholds) { t.Constitutional = entry.Fraction{Num: 5, Den: 4} },
		"no denominator":        func(t *entry.Thresholds) { t.Grave = entry.Fraction{} },
		"a huge denominator":    func(t *entry.Thresholds) { t.Grave = entry.Fraction{Num: 1 << 63, Den: 1 << 63} },
		"grave below ordinary":  func(t *entry.Thresholds) { t.Ordinary = entry.Fraction{Num: 3, Den: 4} },
		"one sector":            func(t *entry.Thresholds) { t.Sectors = 1 },
		"more sectors than are": func(t *entry.Thresholds) { t.Sectors = 7 },
	} {
		c := entry.DefaultThresholds()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

// FuzzParse: whatever is accepted has one encoding, and its summary and hash can be taken.
func FuzzParse(f *testing.F) {
	l := ledgertest.Three(f)
	f.Add([]byte(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1")))
	f.Add([]byte(l.Epoch(bank, 0, "email")))
	f.Add([]byte(l.Propose(bank, entry.Admit{Card: ledgertest.Hotline.Card(f)})))
	f.Add([]byte(l.Vote(bank, entry.Hash{1}, true)))
	bodies := []entry.Body{
		entry.Ack{Size: 2},
		entry.Seal{Height: 1, Size: 1},
		entry.StateAnchor{Size: 1},
		entry.Revoke{},
		l.Rotation(bank, member.Seat, bank.Another(member.Seat, 1), bank.Private(member.Seat), nil),
		entry.HandOver{Certificate: l.Certificate(1, [32]byte{1}, bank, police).Bytes()},
		l.Recovery(1, []string{bank.Name}, bank, police).Body(),
	}
	for _, body := range bodies {
		f.Add(l.Forge(bank.Private(member.Operator), body.Kind(), body, nil))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := entry.Parse(raw)
		if err != nil {
			if entry.RejectionOf(err) == nil {
				t.Fatalf("refused without a name: %v", err)
			}
			return
		}
		if !slices.Equal(e.Raw(), raw) || e.Hash() != entry.HashOf(raw) || entry.Summary(e) == "" {
			t.Fatal("an entry that is not its bytes")
		}
		if again, err := entry.Parse(e.Raw()); err != nil || again.Hash() != e.Hash() {
			t.Fatal(err)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
