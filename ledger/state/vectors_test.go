package state_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/specs"
)

// update writes ledger.json and entry.json again. A change in them is a change of the format.
var update = flag.Bool("update", false, "write specs/vectors/ledger.json and entry.json again")

type leafVector struct {
	Kind      string `json:"kind"`
	Leaf      string `json:"leaf"` // hex
	Hash      string `json:"hash"`
	Root      string `json:"root"` // of the tree with this leaf as its last
	StateHash string `json:"state_hash"`
}

type refusedVector struct {
	Name      string `json:"name"`
	After     uint64 `json:"after"` // size of the ledger that refuses it
	Entry     string `json:"entry"` // hex
	Rejection string `json:"rejection"`
	Code      uint16 `json:"code"`
}

type ledgerVectors struct {
	Description string          `json:"description"`
	LedgerID    string          `json:"ledger_id"`
	Leaves      []leafVector    `json:"leaves"`
	Refused     []refusedVector `json:"refused"`
}

// golden is a history with every kind of entry and every outcome of a proposal.
func golden(t testing.TB) *ledgertest.Ledger {
	l := ledgertest.Three(t)
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/7481"))
	l.Put(l.Epoch(bank, 0, "email", "phone"))
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, police)
	l.Put(l.Ack(hotline))
	late := l.Put(l.Propose(bank, entry.Suspend{Member: hotline.Name})).Hash
	l.Pass(entry.Suspend{Member: hotline.Name}, platform, bank)
	l.Put(l.Vote(bank, late, true))
	l.Put(l.Vote(police, late, true)) // failed
	no := l.Put(l.Propose(police, entry.Admit{Card: second.Card(t), Seat: true})).Hash
	l.Put(l.Vote(bank, no, false))
	l.Put(l.Vote(platform, no, false)) // rejected
	p := policy.Default()
	p.Version, p.Rules[0].CaseRequired = 2, false
	l.Pass(entry.SetPolicy{Policy: p}, bank, platform)
	l.Pass(entry.Reinstate{Member: hotline.Name}, platform, police)
	l.Put(l.Withdraw(bank, l.Put(l.Propose(bank, entry.Suspend{Member: hotline.Name})).Hash)) // withdrawn
	l.Put(l.Attest(platform, created+90))
	l.Put(l.Attest(bank, created+60)) // time moves to the lower of two
	l.Put(l.Attest(police, created+9*state.ClockStep))
	l.Put(l.Attest(bank, created+8*state.ClockStep)) // one step and no more
	l.Put(l.Emergency(bank, hotline.Name))
	l.Put(l.Emergency(platform, hotline.Name))                // suspended
	l.Pass(entry.Suspend{Member: hotline.Name}, police, bank) // ratified
	l.Pass(entry.Reinstate{Member: hotline.Name}, platform, police)
	l.Put(l.Emergency(police, hotline.Name))
	l.Put(l.Emergency(bank, hotline.Name))
	l.Pass(entry.Reinstate{Member: hotline.Name}, platform, police) // overturned
	l.Put(l.Epoch(police, 4, "email"))
	l.Pass(entry.EpochEnd{Member: police.Name}, bank, platform)
	l.Put(l.Epoch(police, 5, "email"))
	l.Pass(entry.EpochEnd{}, bank, platform)
	l.Put(l.Affiliate(bank, police.Name, platform.Name))
	l.Put(l.Affiliate(police, bank.Name))
	l.Put(l.Affiliate(bank))
	l.Pass(entry.Suspend{Member: hotline.Name}, platform, bank) // and all others' epochs end
	l.Put(l.Emergency(platform, police.Name))                   // waits
	open := l.Put(l.Propose(police, entry.Suspend{Member: bank.Name})).Hash
	l.Put(l.Vote(police, open, true)) // still open
	l.Put(l.Epoch(bank, 2, "email"))
	return l
}

func (v *ledgerVectors) refuse(t *testing.T, l *ledgertest.Ledger, name string, raw []byte, want *entry.Rejection) {
	t.Helper()
	refuses(t, l, raw, want)
	v.Refused = append(v.Refused, refusedVector{name, l.S.Size(), hex.EncodeToString(raw), want.Name, want.Code})
}

// historyVectors executes the leaves of l anew.
func historyVectors(t *testing.T, l *ledgertest.Ledger, description string) ledgerVectors {
	id := l.S.LedgerID()
	v := ledgerVectors{Description: description, LedgerID: hex.EncodeToString(id[:])}
	g, err := entry.ParseGenesis(l.Leaves[0])
	if err != nil {
		t.Fatal(err)
	}
	s := fresh(t, g)
	for i, leaf := range l.Leaves {
		kind := entry.KindGenesis
		if i > 0 {
			out, err := s.Apply(leaf)
			if err != nil {
				t.Fatal(err)
			}
			kind = out.Kind
		}
		v.Leaves = append(v.Leaves, leafVectorOf(s, kind, leaf))
	}
	return v
}

func makeLedgerVectors(t *testing.T) ledgerVectors {
	l := golden(t)
	v := historyVectors(t, l, "crosslight/ledger/v1: a history leaf by leaf with the tree root and state hash after each, and entries that it refuses.")
	first := ledgertest.Three(t)
	for _, c := range slices.Concat(envelopeRefusals(), bodyRefusals(), proposalRefusals(), boardRefusals(), epochRefusals()) {
		raw := c.build(first)
		if _, err := entry.Parse(raw); err == nil {
			v.refuse(t, first, c.name, raw, c.want)
		}
	}
	open := l.S.Proposals()[len(l.S.Proposals())-1].ID
	closed := l.S.Proposals()[0].ID
	v.refuse(t, l, "the newest entry of its key again", l.Leaves[len(l.Leaves)-1], entry.ErrDuplicate)
	v.refuse(t, l, "an old entry again", l.Leaves[1], entry.ErrReplayed)
	v.refuse(t, l, "a vote on a decided proposal", l.Vote(bank, closed, true), entry.ErrClosed)
	v.refuse(t, l, "a withdrawal by another", l.Withdraw(bank, open), entry.ErrNotProposer)
	v.refuse(t, l, "a withdrawal of a decided proposal", l.Withdraw(platform, closed), entry.ErrClosed)
	v.refuse(t, l, "a call by a seat that rests", l.Emergency(bank, platform.Name), entry.ErrRest)
	v.refuse(t, l, "a second call by a seat", l.Emergency(platform, bank.Name), entry.ErrCallStands)
	v.refuse(t, l, "a call against oneself", l.Emergency(police, police.Name), entry.ErrOwnMember)
	v.refuse(t, l, "a call without a seat", l.Emergency(hotline, bank.Name), entry.ErrNoSeat)
	v.refuse(t, l, "a clock that is behind", l.Attest(police, created-1), entry.ErrClockBehind)
	v.refuse(t, l, "a clock that shows what it showed", l.Attest(bank, l.S.Attested(bank.Name)), entry.ErrNoChange)
	v.refuse(t, l, "a clock of a member without a raft vote", l.Attest(hotline, l.S.Time()), entry.ErrNotAVoter)
	v.refuse(t, l, "a vote without a seat", l.Vote(hotline, open, true), entry.ErrNoSeat)
	v.refuse(t, l, "a key that stands, by another member", l.Epoch(police, 0, "email"), entry.ErrKeyStands)
	v.refuse(t, l, "a node info that changes nothing", l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/7481"), entry.ErrNoChange)
	v.refuse(t, l, "the end of epochs that end already", l.Propose(bank, entry.EpochEnd{Member: police.Name}), entry.ErrNoChange)
	v.refuse(t, l, "the end of a stranger's epoch", l.Propose(bank, entry.EpochEnd{Member: "Nobody"}), entry.ErrUnknownMember)
	v.refuse(t, l, "affiliates that were declared", l.Affiliate(bank), entry.ErrNoChange)
	v.refuse(t, l, "an affiliate that is no member", l.Affiliate(bank, "Nobody"), entry.ErrUnknownMember)
	v.refuse(t, l, "oneself as an affiliate", l.Affiliate(bank, bank.Name), entry.ErrField)
	v.refuse(t, l, "a second vote", l.Vote(police, open, false), entry.ErrVoted)
	return v
}

func leafVectorOf(s *state.State, kind entry.Kind, leaf []byte) leafVector {
	root, hash := s.Root(), s.Hash()
	return leafVector{
		Kind: kind.String(), Leaf: hex.EncodeToString(leaf), Hash: entry.HashOf(leaf).String(),
		Root: hex.EncodeToString(root[:]), StateHash: hex.EncodeToString(hash[:]),
	}
}

// TestLedgerVectors: the fixtures still lead to specs/vectors/ledger.json, board.json and audit-ledger.json, byte for byte.
func TestLedgerVectors(t *testing.T) {
	t.Run("ledger", func(t *testing.T) { keepHistory(t, "ledger.json", makeLedgerVectors(t)) })
	t.Run("board", func(t *testing.T) { keepHistory(t, "board.json", makeBoardVectors(t)) })
	t.Run("audit", func(t *testing.T) { keepHistory(t, "audit-ledger.json", makeAuditVectors(t)) })
}

func keepHistory(t *testing.T, file string, made ledgerVectors) {
	if *update {
		writeVectors(t, file, made)
		return
	}
	var stored ledgerVectors
	readVectors(t, file, &stored)
	if diff := cmp.Diff(stored, made); diff != "" {
		t.Fatal(diff)
	}
	replayVectors(t, stored)
}

// replayVectors runs the file as another implementation would: from its bytes alone.
func replayVectors(t *testing.T, v ledgerVectors) {
	g, err := entry.ParseGenesis(unhex(t, v.Leaves[0].Leaf))
	if err != nil {
		t.Fatal(err)
	}
	s := fresh(t, g)
	for i, leaf := range v.Leaves {
		if i > 0 {
			if _, err := s.Apply(unhex(t, leaf.Leaf)); err != nil {
				t.Fatalf("leaf %d: %v", i, err)
			}
		}
		if got := leafVectorOf(s, 0, nil); got.Root != leaf.Root || got.StateHash != leaf.StateHash {
			t.Fatalf("leaf %d: root %s, state %s", i, got.Root, got.StateHash)
		}
		for _, r := range v.Refused {
			if r.After != s.Size() {
				continue
			}
			if got := entry.RejectionOf(s.Check(unhex(t, r.Entry))); got == nil || got.Name != r.Rejection || got.Code != r.Code {
				t.Errorf("%s: %v, want %s", r.Name, got, r.Rejection)
			}
		}
	}
}

type entryVectors struct {
	Description string        `json:"description"`
	Cases       []entryVector `json:"cases"`
}

type entryVector struct {
	Name      string `json:"name"`
	Entry     string `json:"entry"`     // hex
	Rejection string `json:"rejection"` // empty where it is an entry
	Kind      string `json:"kind,omitempty"`
	Hash      string `json:"hash,omitempty"`
	Public    string `json:"public,omitempty"` // key that signed, hex
	Summary   string `json:"summary,omitempty"`
}

// TestEntryVectors keeps specs/vectors/entry.json, which ledger/entry reads.
func TestEntryVectors(t *testing.T) {
	v := entryVectors{Description: "crosslight/ledger/v1, Envelope and bodies: bytes that are an entry, with the key that signed, and bytes that are none."}
	first := ledgertest.Three(t)
	for _, c := range slices.Concat(envelopeRefusals(), bodyRefusals(), proposalRefusals(), boardRefusals(), epochRefusals()) {
		raw := c.build(first)
		if c.want == entry.ErrTooLarge {
			continue // 60 KiB of zeros
		}
		if _, err := entry.Parse(raw); err != nil {
			v.Cases = append(v.Cases, entryVector{Name: c.name, Entry: hex.EncodeToString(raw), Rejection: c.want.Name})
		}
	}
	seen := map[string]bool{}
	for i, l := range []*ledgertest.Ledger{golden(t), goldenBoard(t)} {
		for _, leaf := range l.Leaves[1:] {
			e, err := entry.Parse(leaf)
			if err != nil {
				t.Fatal(err)
			}
			what := e.Kind().String()
			if p, ok := e.Body().(entry.Propose); ok {
				what = p.Proposal.String()
			}
			if i > 0 && seen[what] {
				continue // of the board's history one of each
			}
			seen[what] = true
			key, owner, _, _, _ := l.S.KeyByID(e.Envelope().SignerKey)
			v.Cases = append(v.Cases, entryVector{
				Name: e.Kind().String() + " of " + owner, Entry: hex.EncodeToString(leaf), Kind: e.Kind().String(),
				Hash: e.Hash().String(), Public: publicHex(key), Summary: entry.Summary(e),
			})
		}
	}
	if *update {
		writeVectors(t, "entry.json", v)
		return
	}
	var stored entryVectors
	readVectors(t, "entry.json", &stored)
	if diff := cmp.Diff(stored, v); diff != "" {
		t.Error(diff)
	}
}

func publicHex(k member.PublicKey) string { return hex.EncodeToString(k[:]) }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readVectors(t *testing.T, name string, v any) {
	t.Helper()
	data, err := specs.Vectors.ReadFile("vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func writeVectors(t *testing.T, name string, v any) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../specs/vectors/"+name, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
