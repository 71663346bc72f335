package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

var hotline, ngo = ledgertest.Hotline, ledgertest.NGO

// grown is a ledger of four voters that made a fifth one, and where that stands.
func grown(t testing.TB) (l *ledgertest.Ledger, change tlog.Checkpoint) {
	l = ledgertest.New(t, platform, bank, police, hotline)
	l.Pass(entry.Admit{Card: ngo.Card(t)}, platform, bank, police)
	l.Put(l.Ack(ngo))
	l.Pass(entry.SetVoter{Member: ngo.Name, Voter: true}, platform, bank, police)
	return l, checkpointOf(l)
}

// grownSource is the export of a ledger that has gone on after its change of voters.
func grownSource(t testing.TB) (l *ledgertest.Ledger, change tlog.Checkpoint, src audit.Source) {
	l, change = grown(t)
	l.Put(l.NodeInfo(ngo, "/ip4/192.0.2.1/tcp/1"))
	src = source(l)
	src.Final = &audit.Final{
		Cosignatures: cosignatures(t, checkpointOf(l), platform, bank, police, ngo),
		HandOvers:    []audit.HandOver{{change.Size, change.Root, cosignatures(t, change, platform, bank, hotline)}},
	}
	return l, change, src
}

// TestTwoHandOvers: the entry that closes one hand-over lets the next change happen at once. Each set signs
// to its own end.
func TestTwoHandOvers(t *testing.T) {
	l, first := grown(t)
	id := l.Put(l.Propose(platform, entry.SetVoter{Member: ngo.Name})).Hash
	for _, o := range []ledgertest.Org{platform, bank, police} {
		l.Put(l.Vote(o, id, true))
	}
	l.Closed(platform, bank, police)
	second := checkpointOf(l)
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1"))
	of := func(top, middle []ledgertest.Org) error {
		src := source(l)
		src.Final = &audit.Final{Cosignatures: cosignatures(t, checkpointOf(l), top...), HandOvers: []audit.HandOver{
			{first.Size, first.Root, cosignatures(t, first, bank, police, hotline)},
			{second.Size, second.Root, cosignatures(t, second, middle...)},
		}}
		return verify(write(t, exportOf(t, src)))
	}
	four, five := []ledgertest.Org{platform, police, hotline}, []ledgertest.Org{platform, bank, police, ngo}
	if err := of(four, five); err != nil {
		t.Error(err)
	}
	if err := of(five, five); !errors.Is(err, audit.ErrCosignature) {
		t.Errorf("the second set goes on: %v", err)
	}
	if err := of(four, four); !errors.Is(err, audit.ErrCosignature) {
		t.Errorf("the second change is signed by the first set: %v", err)
	}
}

func exportOf(t testing.TB, src audit.Source) memory {
	t.Helper()
	m := memory{}
	must(t, audit.Export(context.Background(), src, m))
	return m
}

func TestHandOver(t *testing.T) {
	_, change, src := grownSource(t)
	files := exportOf(t, src)
	name := fmt.Sprintf("handover/%d", change.Size)
	if files[name] == nil {
		t.Fatalf("no %s in %q", name, slices.Sorted(maps.Keys(files)))
	}
	dir := write(t, files)
	r, err := audit.Verify(dir, audit.Options{Final: true})
	if err != nil || len(r.Cosigners) != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i := 0; i < len(files[name]); i += 3 { // 3 and the 4 characters of base64 have no factor in common
		changed := bytes.Clone(files[name])
		changed[i] ^= byte(1 << (i % 8))
		put(t, dir, name, changed)
		if verify(dir) == nil {
			t.Errorf("a changed byte %d of %s passes", i, name)
		}
	}
	var stream bytes.Buffer
	must(t, audit.Export(context.Background(), src, audit.NewTar(&stream)))
	out := filepath.Join(t.TempDir(), "out")
	must(t, audit.Unpack(&stream, out))
	must(t, verify(out))
	src.Final = nil
	r, err = audit.Verify(write(t, exportOf(t, src)), audit.Options{})
	if err != nil || r.Final {
		t.Errorf("signed by one member: final %v, %v", r.Final, err)
	}
}

// TestWhoSignsAChange: the change of voters itself is for the old set, everything larger for the new.
func TestWhoSignsAChange(t *testing.T) {
	l, change := grown(t)
	of := func(c tlog.Checkpoint, by ...ledgertest.Org) error {
		src := source(l)
		src.Final = &audit.Final{Cosignatures: cosignatures(t, c, by...)}
		return verify(write(t, exportOf(t, src)))
	}
	if err := of(change, platform, police, hotline); err != nil {
		t.Errorf("three of the old four: %v", err)
	}
	if err := of(change, platform, bank, police, ngo); !errors.Is(err, audit.ErrCosignature) {
		t.Errorf("four of the new five: %v", err)
	}
}

func TestHandOverRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l *ledgertest.Ledger, change tlog.Checkpoint, f *audit.Final)
		want   error
	}{
		"missing": {func(_ *ledgertest.Ledger, _ tlog.Checkpoint, f *audit.Final) { f.HandOvers = nil }, audit.ErrLayout},
		"one cosignature short": {func(_ *ledgertest.Ledger, c tlog.Checkpoint, f *audit.Final) {
			f.HandOvers[0].Cosignatures = cosignatures(t, c, platform, bank)
		}, audit.ErrCosignature},
		"by the new set": {func(_ *ledgertest.Ledger, c tlog.Checkpoint, f *audit.Final) {
			f.HandOvers[0].Cosignatures = cosignatures(t, c, platform, bank, ngo)
		}, audit.ErrCosignature},
		"none at all": {func(_ *ledgertest.Ledger, _ tlog.Checkpoint, f *audit.Final) { f.HandOvers[0].Cosignatures = nil }, audit.ErrCosignature},
		"the old set beyond its end": {func(l *ledgertest.Ledger, _ tlog.Checkpoint, f *audit.Final) {
			f.Cosignatures = cosignatures(t, checkpointOf(l), platform, bank, police)
		}, audit.ErrCosignature},
	} {
		l, change, src := grownSource(t)
		c.change(l, change, src.Final)
		if err := verify(write(t, exportOf(t, src))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l, change, src := grownSource(t)
	files := exportOf(t, src)
	name := fmt.Sprintf("handover/%d", change.Size)
	log, err := tlog.SignCheckpoint(change, police.Private(member.Log))
	must(t, err)
	other, err := tlog.NewCosignedCheckpoint(log, src.Final.HandOvers[0].Cosignatures...)
	must(t, err)
	earlier := src
	earlier.Final = &audit.Final{Cosignatures: src.Final.Cosignatures, HandOvers: []audit.HandOver{{
		change.Size - 1, rootAt(t, l, int(change.Size)-1), nil,
	}}}
	before := parsed(t, exportOf(t, earlier)[fmt.Sprintf("handover/%d", change.Size-1)])
	before, err = tlog.NewCosignedCheckpoint(before.SignedCheckpoint, cosignatures(t, before.Checkpoint, platform, bank, hotline)...)
	must(t, err)
	renamed := maps.Clone(files)
	renamed[name] = before.Bytes()
	moved := maps.Clone(files)
	moved["handover/1"] = files[name]
	delete(moved, name)
	alone := maps.Clone(files)
	src.Final = nil
	alone["checkpoint"] = exportOf(t, src)["checkpoint"]
	relogged := maps.Clone(files)
	relogged[name] = other.Bytes()
	for what, c := range map[string]struct {
		files memory
		want  error
	}{
		"under another size": {moved, audit.ErrLayout}, "beside one member's word": {alone, audit.ErrLayout},
		"signed by another log key":    {relogged, audit.ErrSignature},
		"one of before, well cosigned": {renamed, audit.ErrCheckpoint},
	} {
		if err := verify(write(t, c.files)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestExportRefusesHandOvers: a source whose hand-overs are not of its own history is not written out.
func TestExportRefusesHandOvers(t *testing.T) {
	for name, change := range map[string]func(*audit.Final){
		"another root": func(f *audit.Final) { f.HandOvers[0].Root[0] ^= 1 },
		"twice":        func(f *audit.Final) { f.HandOvers = append(f.HandOvers, f.HandOvers[0]) },
		"too large":    func(f *audit.Final) { f.HandOvers[0].Size += 100 },
	} {
		_, _, src := grownSource(t)
		change(src.Final)
		if err := audit.Export(context.Background(), src, memory{}); !errors.Is(err, audit.ErrSource) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
