package entry_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
	"github.com/crosslight/crosslight/specs"
)

var update = flag.Bool("update", false, "write specs/vectors/genesis.json again")

var founders = []ledgertest.Org{bank, platform, police} // in order of name

// TestCeremony: each founder signs its own copy; in whatever order the copies come together, all arrive
// at one ledger id.
func TestCeremony(t *testing.T) {
	draft := ledgertest.Draft(t, police, bank, platform)
	if !slices.Equal(draft.Missing(), []string{bank.Name, platform.Name, police.Name}) {
		t.Errorf("missing %q", draft.Missing())
	}
	if _, err := draft.Complete(); !errors.Is(err, entry.ErrGenesisSignature) {
		t.Errorf("complete without signatures: %v", err)
	}
	var copies []entry.Draft
	for _, o := range founders {
		signed, err := draft.Sign(o.Private(member.Seat))
		must(t, err)
		again, err := signed.Sign(o.Private(member.Seat))
		must(t, err)
		file, err := again.Bytes()
		must(t, err)
		read, err := entry.ParseDraft(file)
		must(t, err)
		copies = append(copies, read)
	}
	forward, err := entry.Merge(copies[0], copies[1:]...)
	must(t, err)
	slices.Reverse(copies)
	backward, err := entry.Merge(copies[0], copies[1:]...)
	must(t, err)
	a, err := forward.Complete()
	must(t, err)
	b, err := backward.Complete()
	must(t, err)
	if a.ID() != b.ID() || a.ID() != ledgertest.Genesis(t, founders...).ID() {
		t.Error("one ceremony, two ledgers")
	}
	if len(draft.Missing()) != 3 || len(copies[0].Missing()) != 2 {
		t.Error("signing or merging wrote to another copy")
	}
	read, err := entry.ParseGenesis(a.Raw())
	must(t, err)
	if diff := cmp.Diff(a.Genesis(), read.Genesis()); diff != "" {
		t.Error(diff)
	}
	if got := entry.GenesisSummary(read); got != "founded by Bank B, Platform A, Police C" {
		t.Error(got)
	}
}

func TestCeremonyRefuses(t *testing.T) {
	draft := ledgertest.Draft(t, founders...)
	if _, err := draft.Sign(ledgertest.Hotline.Private(member.Seat)); !errors.Is(err, entry.ErrNotAFounder) {
		t.Errorf("an outsider signs: %v", err)
	}
	if _, err := draft.Sign(bank.Private(member.Operator)); !errors.Is(err, entry.ErrNotAFounder) {
		t.Errorf("an operator key signs: %v", err)
	}
	other := ledgertest.Draft(t, bank, platform, ledgertest.Hotline)
	if _, err := entry.Merge(draft, other); !errors.Is(err, entry.ErrOtherDraft) {
		t.Errorf("two drafts merge: %v", err)
	}
	var cards []member.SignedCard
	for _, o := range founders {
		cards = append(cards, o.Card(t))
	}
	for name, c := range map[string]struct {
		cards []member.SignedCard
		want  *entry.Rejection
	}{
		"two founders":    {cards[:2], entry.ErrFounders},
		"nobody":          {nil, entry.ErrFounders},
		"a founder twice": {append(slices.Clone(cards), cards[0]), entry.ErrFounders},
		"a zero card":     {append(slices.Clone(cards), member.SignedCard{}), entry.ErrCard},
	} {
		_, err := entry.NewGenesis(c.cards, policy.Default(), entry.DefaultThresholds(), 1, bytes.NewReader(make([]byte, 16)))
		if entry.RejectionOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := iotest.ErrReader(errors.New("no randomness"))
	if _, err := entry.NewGenesis(cards, policy.Default(), entry.DefaultThresholds(), 1, broken); err == nil {
		t.Error("a genesis without randomness")
	}
}

type genesisVectors struct {
	Description string          `json:"description"`
	Cases       []genesisVector `json:"cases"`
}

type genesisVector struct {
	Name      string `json:"name"`
	File      string `json:"file"`      // hex
	Rejection string `json:"rejection"` // empty where it is a complete genesis
	LedgerID  string `json:"ledger_id,omitempty"`
}

type genesisFile struct {
	Body       []byte   `cbor:"1,keyasint"`
	Signatures [][]byte `cbor:"2,keyasint"`
}

// forge signs whatever change makes of a genesis, with the seats of its founders.
func forge(t *testing.T, change func(*entry.Genesis)) genesisFile {
	g := ledgertest.Genesis(t, founders...).Genesis()
	g.Founders = slices.Clone(g.Founders)
	g.Policy = policy.Default()
	change(&g)
	body, err := wire.Encode(g)
	must(t, err)
	f := genesisFile{Body: body}
	for _, c := range g.Founders {
		o := ledgertest.Org{Name: c.Card.Name}
		f.Signatures = append(f.Signatures, member.Sign(o.Private(member.Seat), "crosslight/genesis/v1", body))
	}
	return f
}

func genesisRefusals(t *testing.T) []struct {
	name string
	want *entry.Rejection
	file genesisFile
} {
	swap := func(g *entry.Genesis) { g.Founders[0], g.Founders[1] = g.Founders[1], g.Founders[0] }
	signature := func(change func(*genesisFile)) genesisFile {
		f := forge(t, func(*entry.Genesis) {})
		change(&f)
		return f
	}
	type c = struct {
		name string
		want *entry.Rejection
		file genesisFile
	}
	return []c{
		{"version 2", entry.ErrVersion, forge(t, func(g *entry.Genesis) { g.V = 2 })},
		{"two founders", entry.ErrFounders, forge(t, func(g *entry.Genesis) { g.Founders = g.Founders[:2] })},
		{"founders out of order", entry.ErrFounders, forge(t, swap)},
		{"a founder twice", entry.ErrFounders, forge(t, func(g *entry.Genesis) { g.Founders[1] = g.Founders[0] })},
		{"namesakes", entry.ErrFounders, forge(t, func(g *entry.Genesis) {
			g.Founders[0] = ledgertest.Org{Name: "BANK B", Sector: member.Finance, Jurisdiction: "PH"}.Card(t)
			g.Founders[1] = bank.Card(t)
		})},
		{"one key for two founders", entry.ErrFounders, forge(t, func(g *entry.Genesis) { g.Founders[1] = shared(t) })},
		{"one sector", entry.ErrFounders, forge(t, func(g *entry.Genesis) {
			for i, n := range []string{"A", "B", "C"} {
				g.Founders[i] = ledgertest.Org{Name: n, Sector: member.NGO, Jurisdiction: "KE"}.Card(t)
			}
		})},
		{"fewer sectors than decisions need", entry.ErrFounders, forge(t, func(g *entry.Genesis) { g.Thresholds.Sectors = 4 })},
		{"two of three founders of one sector", entry.ErrSectorMajority, forge(t, func(g *entry.Genesis) {
			g.Founders = found(t, member.Finance, member.Finance, member.Tech)
		})},
		{"three of five founders of one sector", entry.ErrSectorMajority, forge(t, func(g *entry.Genesis) {
			g.Founders = found(t, member.Tech, member.NGO, member.NGO, member.Finance, member.NGO)
		})},
		{"a changed card", entry.ErrCard, forge(t, func(g *entry.Genesis) { g.Founders[0].Card.Jurisdiction = "US" })},
		{"thresholds of a minority", entry.ErrGenesis, forge(t, func(g *entry.Genesis) { g.Thresholds.Ordinary = entry.Fraction{Num: 1, Den: 3} })},
		{"other canonical forms", entry.ErrGenesis, forge(t, func(g *entry.Genesis) { g.Canonicalisation = "crosslight/indicator/v2" })},
		{"no creation time", entry.ErrGenesis, forge(t, func(g *entry.Genesis) { g.CreatedAt = 0 })},
		{"a creation time without end", entry.ErrGenesis, forge(t, func(g *entry.Genesis) { g.CreatedAt = 1 << 63 })},
		{"a policy that is not valid", entry.ErrPolicy, forge(t, func(g *entry.Genesis) { g.Policy.Rules[0].Reveal = "" })},
		{"policy version 2", entry.ErrPolicyVersion, forge(t, func(g *entry.Genesis) { g.Policy.Version = 2 })},
		{"a policy that names a stranger", entry.ErrUnknownMember, forge(t, func(g *entry.Genesis) { g.Policy.Rules[0].ToMembers = []string{"Nobody"} })},
		{"a founder has not signed", entry.ErrGenesisSignature, signature(func(f *genesisFile) { f.Signatures[1] = nil })},
		{"a flipped signature", entry.ErrGenesisSignature, signature(func(f *genesisFile) { f.Signatures[1][0] ^= 1 })},
		{"a short signature", entry.ErrGenesisSignature, signature(func(f *genesisFile) { f.Signatures[1] = f.Signatures[1][:63] })},
		{"signatures swapped", entry.ErrGenesisSignature, signature(func(f *genesisFile) { slices.Reverse(f.Signatures) })},
		{"a signature too few", entry.ErrGenesisSignature, signature(func(f *genesisFile) { f.Signatures = f.Signatures[:2] })},
		{"a signature too many", entry.ErrGenesisSignature, signature(func(f *genesisFile) { f.Signatures = append(f.Signatures, f.Signatures[0]) })},
		{"a changed body", entry.ErrGenesisSignature, signature(func(f *genesisFile) {
			f.Body = bytes.Replace(f.Body, []byte{0x19, 0x01, 0x6d}, []byte{0x19, 0x01, 0x6e}, 1) // retention 365 to 366
		})},
		{"no body", entry.ErrMalformed, signature(func(f *genesisFile) { f.Body = nil })},
	}
}

// found returns the cards of founders of these sectors.
func found(t *testing.T, sectors ...member.Sector) []member.SignedCard {
	t.Helper()
	var cards []member.SignedCard
	for i, s := range sectors {
		cards = append(cards, ledgertest.Org{Name: fmt.Sprintf("M%d", i), Sector: s, Jurisdiction: "INT"}.Card(t))
	}
	return cards
}

// TestFoundersSectors: founders are the first voters, and no sector holds more than half of any voters.
func TestFoundersSectors(t *testing.T) {
	T, F, L, N := member.Tech, member.Finance, member.LawEnforcement, member.NGO
	for _, c := range []struct {
		sectors []member.Sector
		want    *entry.Rejection
	}{
		{[]member.Sector{T, F, L}, nil},
		{[]member.Sector{T, T, F}, entry.ErrSectorMajority},
		{[]member.Sector{T, T, F, F}, nil},
		{[]member.Sector{T, F, L, T}, nil},
		{[]member.Sector{F, T, F, F}, entry.ErrSectorMajority},
		{[]member.Sector{T, F, T, F, T, L}, nil},
		{[]member.Sector{T, F, T, F, T, L, T}, entry.ErrSectorMajority},
		{[]member.Sector{N, N, N}, entry.ErrFounders},
	} {
		_, err := entry.NewGenesis(found(t, c.sectors...), policy.Default(), entry.DefaultThresholds(), 1, bytes.NewReader(make([]byte, 16)))
		if (err == nil) != (c.want == nil) || c.want != nil && entry.RejectionOf(err) != c.want {
			t.Errorf("%v: %v, want %v", c.sectors, err, c.want)
		}
	}
}

// shared is a card of Platform under its own keys but for the bank's log key; the bank signs along.
func shared(t *testing.T) member.SignedCard {
	t.Helper()
	c := platform.Card(t).Card
	c.Keys.Log = bank.Keys().Log
	body, err := wire.Encode(c)
	must(t, err)
	out := member.SignedCard{Card: c}
	for _, role := range member.Roles() {
		o := platform
		if role == member.Log {
			o = bank
		}
		out.Signatures = append(out.Signatures, member.Sign(o.Private(role), "crosslight/card/v1", body))
	}
	must(t, out.Check())
	return out
}

// TestGenesisVectors keeps and runs specs/vectors/genesis.json.
func TestGenesisVectors(t *testing.T) {
	made := genesisVectors{Description: "crosslight/ledger/v1, Genesis: files that are a complete genesis, with the ledger id, and files that are none."}
	for _, g := range []entry.SignedGenesis{ledgertest.Genesis(t, founders...), ledgertest.Genesis(t, append(founders[:3:3], ledgertest.Hotline)...)} {
		id := g.ID()
		made.Cases = append(made.Cases, genesisVector{Name: entry.GenesisSummary(g), File: hex.EncodeToString(g.Raw()), LedgerID: hex.EncodeToString(id[:])})
	}
	for _, c := range genesisRefusals(t) {
		raw, err := wire.Encode(c.file)
		must(t, err)
		made.Cases = append(made.Cases, genesisVector{Name: c.name, File: hex.EncodeToString(raw), Rejection: c.want.Name})
	}
	if *update {
		data, err := json.MarshalIndent(made, "", "  ")
		must(t, err)
		must(t, os.WriteFile("../../specs/vectors/genesis.json", append(data, '\n'), 0o644))
		return
	}
	var stored genesisVectors
	data, err := specs.Vectors.ReadFile("vectors/genesis.json")
	must(t, err)
	must(t, json.Unmarshal(data, &stored))
	if diff := cmp.Diff(stored, made); diff != "" {
		t.Fatal(diff)
	}
	for _, c := range made.Cases {
		raw, err := hex.DecodeString(c.File)
		must(t, err)
		g, err := entry.ParseGenesis(raw)
		if c.Rejection == "" {
			if id := g.ID(); err != nil || hex.EncodeToString(id[:]) != c.LedgerID {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		if r := entry.RejectionOf(err); r == nil || r.Name != c.Rejection {
			t.Errorf("%s: %v, want %s", c.Name, err, c.Rejection)
		}
	}
}

// FuzzGenesis: whatever is accepted as a draft has one encoding.
func FuzzGenesis(f *testing.F) {
	draft, err := ledgertest.Draft(f, founders...).Bytes()
	must(f, err)
	f.Add(draft)
	f.Add(ledgertest.Genesis(f, founders...).Raw())
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := entry.ParseDraft(raw)
		if err != nil {
			if entry.RejectionOf(err) == nil {
				t.Fatalf("refused without a name: %v", err)
			}
			return
		}
		if again, err := d.Bytes(); err != nil || !bytes.Equal(again, raw) {
			t.Fatal("a draft has two encodings")
		}
	})
}
