package audit_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

var second = ledgertest.Second

// four is a ledger of four founders, a quorum of which is three.
func four(t testing.TB) *ledgertest.Ledger {
	l := ledgertest.New(t, platform, bank, police, second)
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1"))
	l.Put(l.Epoch(bank, 0, "email"))
	return l
}

// cosignatures are those of members over a checkpoint, the first at 2000 seconds, the next a second later.
func cosignatures(t testing.TB, c tlog.Checkpoint, by ...ledgertest.Org) (out []tlog.Cosignature) {
	t.Helper()
	for i, o := range by {
		s, err := tlog.Cosign(c, o.Private(member.Cosigner), uint64(2000+i))
		must(t, err)
		out = append(out, s)
	}
	return out
}

func checkpointOf(l *ledgertest.Ledger) tlog.Checkpoint {
	return tlog.Checkpoint{Origin: tlog.Origin(l.S.LedgerID()), Size: l.S.Size(), Root: l.S.Root()}
}

// finalOf is an export of l, cosigned by members.
func finalOf(t testing.TB, l *ledgertest.Ledger, by ...ledgertest.Org) memory {
	t.Helper()
	src := source(l)
	src.Final = &audit.Final{Cosignatures: cosignatures(t, checkpointOf(l), by...)}
	m := memory{}
	must(t, audit.Export(context.Background(), src, m))
	return m
}

func TestFinalExport(t *testing.T) {
	l := four(t)
	dir := write(t, finalOf(t, l, second, bank, platform))
	r, err := audit.Verify(dir, audit.Options{Final: true})
	must(t, err)
	if !r.Final || r.CosignedAt != 2000 || !slices.Equal(r.Signers, []string{bank.Name}) ||
		!slices.Equal(r.Cosigners, []string{bank.Name, second.Name, platform.Name}) {
		t.Errorf("report %+v", r)
	}
	for voters, threshold := range map[bool]int{false: 0, true: 3} {
		watch := r.Watch(voters)
		if _, err := watch.Check(r.Checkpoint.Note()); err != nil || watch.Threshold != threshold || len(watch.LogKeys) != 4 {
			t.Errorf("watch with voters %v: %+v, %v", voters, watch, err)
		}
	}
	if _, err := r.Prove(2); err == nil {
		t.Error("a path without a tree")
	}
	whole, err := audit.Verify(dir, audit.Options{Proofs: true})
	must(t, err)
	path, err := whole.Prove(2)
	must(t, err)
	early := ledgertest.New(t, platform, bank, police, second)
	early.Put(early.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1"))
	must(t, tlog.VerifyConsistency(2, r.Size, path, tlog.Hash(early.S.Root()), tlog.Hash(r.Root)))
	alone := write(t, exported(t, l))
	if r, err := audit.Verify(alone, audit.Options{}); err != nil || r.Final || len(r.Cosigners) != 0 || r.CosignedAt != 0 {
		t.Errorf("signed by one member: %+v, %v", r, err)
	}
	if _, err := audit.Verify(alone, audit.Options{Final: true}); !errors.Is(err, audit.ErrNotFinal) {
		t.Errorf("signed by one member, final asked for: %v", err)
	}
}

// TestFinalByOthers: fewer or more than a quorum, members that do not vote, other keys, other trees.
func TestFinalByOthers(t *testing.T) {
	l := four(t)
	smaller := ledgertest.New(t, platform, bank, police, second)
	elsewhere := checkpointOf(l)
	elsewhere.Size--
	for name, list := range map[string][]tlog.Cosignature{
		"one short":            cosignatures(t, checkpointOf(l), bank, platform),
		"one too many":         cosignatures(t, checkpointOf(l), bank, platform, police, second),
		"an outsider":          cosignatures(t, checkpointOf(l), bank, platform, ledgertest.Hotline),
		"of an earlier size":   cosignatures(t, checkpointOf(smaller), bank, platform, police),
		"of another tree":      cosignatures(t, elsewhere, bank, platform, police),
		"one of another size":  append(cosignatures(t, elsewhere, bank), cosignatures(t, checkpointOf(l), platform, police)...),
		"at another time":      shifted(cosignatures(t, checkpointOf(l), bank, platform, police)),
		"under another's name": renamed(cosignatures(t, checkpointOf(l), bank, platform, police)),
	} {
		src := source(l)
		src.Final = &audit.Final{Cosignatures: list}
		m := memory{}
		must(t, audit.Export(context.Background(), src, m))
		if err := verify(write(t, m)); !errors.Is(err, audit.ErrCosignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	src := source(l)
	src.Final = &audit.Final{Cosignatures: append(cosignatures(t, checkpointOf(l), bank), cosignatures(t, checkpointOf(l), bank, police)...)}
	if err := audit.Export(context.Background(), src, memory{}); !errors.Is(err, audit.ErrSource) {
		t.Errorf("one member twice: %v", err)
	}
}

func shifted(list []tlog.Cosignature) []tlog.Cosignature {
	list[1].Time++
	return list
}

func renamed(list []tlog.Cosignature) []tlog.Cosignature {
	list[0].Sig, list[1].Sig = list[1].Sig, list[0].Sig
	return list
}

// TestFinalIsAFixedSet: no line of a final checkpoint can be taken out, doubled, moved or added, unless
// nothing of its finality is left.
func TestFinalIsAFixedSet(t *testing.T) {
	l := four(t)
	files := finalOf(t, l, bank, platform, police)
	text, sigs, _ := strings.Cut(string(files["checkpoint"]), "\n\n")
	lines := strings.SplitAfter(strings.TrimSuffix(sigs, "\n"), "\n")
	lines[3] += "\n"
	other := cosignatures(t, checkpointOf(l), second)[0].Line()
	log, err := tlog.SignCheckpoint(checkpointOf(l), bank.Private(member.Log), police.Private(member.Log))
	must(t, err)
	twoLogs, err := tlog.NewCosignedCheckpoint(log, cosignatures(t, checkpointOf(l), bank, platform, police)...)
	must(t, err)
	changes := map[string]string{
		"the log signature out": text + "\n\n" + lines[1] + lines[2] + lines[3],
		"two swapped":           text + "\n\n" + lines[0] + lines[2] + lines[1] + lines[3],
		"one doubled":           text + "\n\n" + lines[0] + lines[1] + lines[1] + lines[2] + lines[3],
		"one more voter":        string(files["checkpoint"]) + string(tlog.Note{Lines: []tlog.Line{other}}.Bytes()[len(tlog.Checkpoint{}.Text())+1:]),
		"another log key too":   string(twoLogs.Bytes()),
	}
	for i := 1; i <= 3; i++ {
		kept := slices.Delete(slices.Clone(lines), i, i+1)
		changes["cosignature out: "+lines[i]] = text + "\n\n" + strings.Join(kept, "")
	}
	for name, raw := range changes {
		changed := maps.Clone(files)
		changed["checkpoint"] = []byte(raw)
		if err := verify(write(t, changed)); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
	bare := maps.Clone(files)
	bare["checkpoint"] = []byte(text + "\n\n" + lines[0])
	r, err := audit.Verify(write(t, bare), audit.Options{})
	if err != nil || r.Final {
		t.Errorf("all cosignatures out: final %v, %v", r.Final, err)
	}
}

// TestFinalBytes changes every third byte of a final checkpoint.
func TestFinalBytes(t *testing.T) {
	l := four(t)
	files := finalOf(t, l, bank, platform, police)
	dir, good := write(t, files), files["checkpoint"]
	for i := 0; i < len(good); i += 3 {
		changed := bytes.Clone(good)
		changed[i] ^= byte(1 << (i % 8))
		put(t, dir, "checkpoint", changed)
		if verify(dir) == nil {
			t.Errorf("a changed byte %d of %d passes", i, len(good))
		}
	}
}

// TestHandOversThatAreNone: files in the folder of hand-overs on a ledger whose voters never changed.
func TestHandOversThatAreNone(t *testing.T) {
	l := four(t)
	final, alone := finalOf(t, l, bank, platform, police), exported(t, l)
	for name, extra := range map[string]string{
		"a size below":        "handover/2",
		"the size itself":     "handover/3",
		"a size above":        "handover/4",
		"size 0":              "handover/0",
		"a size with a zero":  "handover/02",
		"a name that is none": "handover/x",
		"a folder in it":      "handover/1/1",
	} {
		for _, files := range []memory{final, alone} {
			more := maps.Clone(files)
			more[extra] = final["checkpoint"]
			if err := verify(write(t, more)); !errors.Is(err, audit.ErrLayout) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, files := range []memory{final, alone} {
		dir := write(t, files)
		must(t, os.Mkdir(filepath.Join(dir, "handover"), 0o700))
		if err := verify(dir); !errors.Is(err, audit.ErrLayout) {
			t.Errorf("an empty folder: %v", err)
		}
	}
}

// TestXModOpensFinal: x/mod's note, as it is, opens a final checkpoint with the log key of whoever
// exported, and leaves the cosignatures to those who know them.
func TestXModOpensFinal(t *testing.T) {
	l := four(t)
	files := finalOf(t, l, bank, platform, police)
	log, err := note.NewVerifier(tlog.LogKey(tlog.Origin(l.S.LedgerID()), bank.Keys().Log).String())
	must(t, err)
	n, err := note.Open(files["checkpoint"], note.VerifierList(log))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 3 {
		t.Fatalf("%+v, %v", n, err)
	}
}
