package recovery

import (
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

var platform, bank, police, hotline = ledgertest.Platform, ledgertest.Bank, ledgertest.Police, ledgertest.Hotline

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// four is a ledger of four founders with some entries; a quorum is three.
func four(t *testing.T, more int) *ledgertest.Ledger {
	t.Helper()
	l := ledgertest.New(t, platform, bank, police, hotline)
	for i := range more {
		l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/"+string(rune('1'+i))))
	}
	return l
}

func checkpoint(l *ledgertest.Ledger) tlog.Checkpoint {
	return tlog.Checkpoint{Origin: tlog.Origin(l.S.LedgerID()), Size: l.S.Size(), Root: l.S.Root()}
}

func cosigned(t *testing.T, l *ledgertest.Ledger, by ...ledgertest.Org) (out []tlog.Cosignature) {
	t.Helper()
	for _, o := range by {
		c, err := tlog.Cosign(checkpoint(l), o.Private(member.Cosigner), 2000)
		must(t, err)
		out = append(out, c)
	}
	return out
}

func each(leaves [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, l := range leaves {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// export writes l out, signed by o and cosigned by others.
func export(t *testing.T, l *ledgertest.Ledger, o ledgertest.Org, by ...ledgertest.Org) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "export")
	sink, err := audit.NewFolder(dir)
	must(t, err)
	src := audit.Source{
		LedgerID: l.S.LedgerID(), Size: l.S.Size(), Root: l.S.Root(), Leaves: each(l.Leaves), LogKey: o.Private(member.Log),
	}
	if len(by) > 0 {
		src.Final = &audit.Final{Cosignatures: cosigned(t, l, by...)}
	}
	must(t, audit.Export(t.Context(), src, sink))
	return dir
}

func note(t *testing.T, l *ledgertest.Ledger, by ...ledgertest.Org) []byte {
	t.Helper()
	signed, err := tlog.SignCheckpoint(checkpoint(l), bank.Private(member.Log))
	must(t, err)
	c, err := tlog.NewCosignedCheckpoint(signed, cosigned(t, l, by...)...)
	must(t, err)
	return c.Bytes()
}

func voters(orgs ...ledgertest.Org) (names []string) {
	for _, o := range orgs {
		names = append(names, o.Name)
	}
	return names
}

// TestTwoOfFourAreLost rehearses it: two nodes are gone for good, the seats of three sign, and the ledger
// goes on from what was final.
func TestTwoOfFourAreLost(t *testing.T) {
	l := four(t, 3)
	short := export(t, four(t, 1), police, platform, bank, police)
	long := export(t, l, bank, platform, bank, hotline)
	from := Sources{Exports: []string{short, long}, Checkpoints: [][]byte{note(t, four(t, 2), police)}, Voters: voters(bank, police)}
	p, err := New(from)
	must(t, err)
	if p.Base.Size != l.S.Size() || !strings.Contains(strings.Join(p.Words, " "), "incarnation 2") {
		t.Fatalf("base of %d entries: %q", p.Base.Size, p.Words)
	}
	var files [][]byte
	for _, o := range []ledgertest.Org{bank, police, platform} {
		record := filepath.Join(t.TempDir(), "recovery")
		for range 2 { // again is the same
			d, err := p.Sign(p.Draft, o.Private(member.Seat), record)
			must(t, err)
			raw, err := d.Bytes()
			must(t, err)
			files = append(files, raw)
		}
		merged, err := Merge(files)
		must(t, err)
		tally, err := p.Tally(merged)
		must(t, err)
		if done := tally.Needs == ""; done != (o == platform) {
			t.Errorf("after %s: needs %q", o.Name, tally.Needs)
		}
	}
	merged, err := Merge(files)
	must(t, err)
	raw, err := entry.NewRecoveryEntry(bank.Signer(member.Seat, l.S), bank.Seq(member.Seat, l.S), merged)
	must(t, err)
	l.Put(raw)
	if l.S.Incarnation() != 2 || len(l.S.Voters()) != 2 {
		t.Errorf("incarnation %d, %d voters", l.S.Incarnation(), len(l.S.Voters()))
	}
}

// TestHistoryIsNotCut: what any member has cosigned must be in the base.
func TestHistoryIsNotCut(t *testing.T) {
	short, long := export(t, four(t, 1), bank, platform, bank, police), export(t, four(t, 3), bank, platform, bank, police)
	unsigned := export(t, four(t, 3), bank)
	forked := four(t, 0)
	forked.Put(forked.NodeInfo(police, "/ip4/192.0.2.9/tcp/1"))
	fork := export(t, forked, police, platform, bank, police)
	alone := export(t, forked, police)
	other := ledgertest.New(t, platform, bank, police)
	both := voters(bank, police)
	for name, c := range map[string]struct {
		from Sources
		want error
	}{
		"a longer one was cosigned": {Sources{[]string{short}, [][]byte{note(t, four(t, 3), hotline)}, both}, ErrCut},
		"another was cosigned":      {Sources{[]string{long}, [][]byte{note(t, forked, hotline)}, both}, ErrFork},
		"two finals":                {Sources{[]string{long, fork}, nil, both}, ErrFork},
		"nothing is final":          {Sources{[]string{unsigned}, nil, both}, ErrNoBase},
		"nothing is shown":          {Sources{nil, nil, both}, ErrNoBase},
		"nobody cosigned":           {Sources{[]string{long}, [][]byte{note(t, four(t, 1))}, both}, ErrCheckpoint},
		"a stranger cosigned":       {Sources{[]string{long}, [][]byte{note(t, four(t, 1), ledgertest.NGO)}, both}, ErrCheckpoint},
		"two ledgers":               {Sources{[]string{long, export(t, other, bank)}, nil, both}, ErrOtherLedger},
		"a checkpoint of another":   {Sources{[]string{long}, [][]byte{note(t, other, bank)}, both}, ErrOtherLedger},
		"an unknown voter":          {Sources{[]string{long}, nil, voters(bank, ledgertest.NGO)}, entry.ErrUnknownMember},
		"one sector alone":          {Sources{[]string{long}, nil, voters(bank)}, entry.ErrSectorMajority},
	} {
		if _, err := New(c.from); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := New(Sources{Exports: []string{alone, long, unsigned}, Voters: both})
	must(t, err)
	if p.Base.Size != 4 || !slices.ContainsFunc(p.Words, func(s string) bool { return strings.Contains(s, "it is ignored") }) {
		t.Errorf("one member's word stands in the way: %q", p.Words)
	}
}

// TestASeatSignsOnce: another draft than the seat's own sources give, and a second one, are refused.
func TestASeatSignsOnce(t *testing.T) {
	long := export(t, four(t, 3), bank, platform, bank, police)
	short := export(t, four(t, 1), bank, platform, bank, police)
	plan := func(from string, names ...ledgertest.Org) Plan {
		p, err := New(Sources{Exports: []string{from}, Voters: voters(names...)})
		must(t, err)
		return p
	}
	p, cut, others := plan(long, bank, police), plan(short, bank, police), plan(long, bank, hotline)
	record, seat := filepath.Join(t.TempDir(), "recovery"), bank.Private(member.Seat)
	if _, err := p.Sign(cut.Draft, seat, record); !errors.Is(err, ErrOtherDraft) {
		t.Errorf("a shorter history: %v", err)
	}
	if _, err := p.Sign(p.Draft, seat, record); err != nil {
		t.Fatal(err)
	}
	if d, err := others.Sign(others.Draft, seat, record); !errors.Is(err, ErrSigned) || len(d.Signers()) != 0 {
		t.Errorf("a second recovery: %v", err)
	}
	if _, err := p.Tally(others.Draft); !errors.Is(err, ErrOtherDraft) {
		t.Errorf("%v", err)
	}
	if _, err := Merge(nil); err == nil {
		t.Error("nothing was merged")
	}
	if _, err := Merge([][]byte{{1}}); err == nil {
		t.Error("junk was merged")
	}
}
