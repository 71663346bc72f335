package replica

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestLateCosignatures: of what others send about a hand-over that this node missed, the cosignatures of the voters
// who ended with it count, each once, and what is kept survives; nothing else does, and nothing of another point.
func TestLateCosignatures(t *testing.T) {
	orgs := []ledgertest.Org{ledgertest.Platform, ledgertest.Bank, ledgertest.Police, ledgertest.Hotline}
	l := ledgertest.New(t, orgs...)
	id, root := l.S.LedgerID(), [32]byte{5}
	turn := FinalPoint{Height: 3, Size: 5, Root: root, Certificate: l.Certificate(5, root, orgs[:3]...)}
	f := &finals{
		files: pointFiles{dir: t.TempDir()}, point: FinalPoint{Height: 9, Size: 20}, before: l.S.FinalityVoters(),
		handovers: []FinalPoint{turn}, sets: map[uint64]finality.Voters{5: l.S.FinalityVoters()},
	}
	r := &Replica{decider: &decider{finals: f, ledger: id}}
	cp := tlog.Checkpoint{Origin: tlog.Origin(id), Size: 5, Root: root}
	if missing := r.Uncosigned(); len(missing) != 1 || missing[0] != cp {
		t.Fatalf("lacks %v", missing)
	}
	sign := func(o ledgertest.Org, c tlog.Checkpoint) tlog.Cosignature {
		s, err := tlog.Cosign(c, o.Private(member.Cosigner), 1000)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	other := cp
	other.Root[0] ^= 1
	forged := sign(orgs[1], cp)
	forged.Sig[3] ^= 1
	for what, s := range map[string]tlog.Cosignature{
		"a stranger's": sign(ledgertest.NGO, cp), "a forged one": forged, "one of another root": sign(orgs[1], other),
	} {
		if r.AddCosignatures(cp, []tlog.Cosignature{s}) != 0 {
			t.Errorf("%s counts", what)
		}
	}
	if r.AddCosignatures(other, []tlog.Cosignature{sign(orgs[1], other)}) != 0 {
		t.Error("another checkpoint of this size is cosigned")
	}
	newest := tlog.Checkpoint{Origin: cp.Origin, Size: 20}
	if r.AddCosignatures(newest, []tlog.Cosignature{sign(orgs[1], newest)}) != 0 {
		t.Error("the newest point, whose age they decide, takes cosignatures from elsewhere")
	}
	list := []tlog.Cosignature{sign(orgs[2], cp), sign(orgs[0], cp)}
	if n := r.AddCosignatures(cp, list); n != 2 || len(r.Uncosigned()) != 1 {
		t.Errorf("%d count", n)
	}
	if n := r.AddCosignatures(cp, append(list, sign(orgs[3], cp))); n != 1 || len(r.Uncosigned()) != 0 {
		t.Errorf("%d are new", n)
	}
	if got := r.Cosignatures(cp); len(got) != 3 {
		t.Errorf("shows %d", len(got))
	}
	kept, err := f.files.read(handoverName(5))
	ascending := func(a, b finality.Cosignature) int { return slices.Compare(a.Signer[:], b.Signer[:]) }
	if err != nil || len(kept.Cosignatures) != 3 || !slices.IsSortedFunc(kept.Cosignatures, ascending) {
		t.Errorf("kept %+v, %v", kept.Cosignatures, err)
	}
}

// TestCosignedByWhoVoted: an export takes exactly a quorum of those who voted on a size, also at the very size that
// made others the voters, of whom a quorum is more.
func TestCosignedByWhoVoted(t *testing.T) {
	orgs := []ledgertest.Org{ledgertest.Platform, ledgertest.Bank, ledgertest.Police, ledgertest.Hotline}
	old := ledgertest.New(t, orgs...).S
	more := ledgertest.New(t, append(orgs, ledgertest.NGO)...).S
	id, value := old.LedgerID(), finality.Value{Size: 7, Root: [32]byte{7}}
	p := FinalPoint{Height: 4, Size: value.Size, Root: value.Root}
	f := &finals{
		files: pointFiles{dir: t.TempDir()}, state: more, point: p,
		before: old.FinalityVoters(), after: more.FinalityVoters(), turned: true,
	}
	r := &Replica{decider: &decider{finals: f, ledger: id}}
	for i, o := range orgs {
		p, list, err := r.Cosigned(value.Size)
		switch {
		case i < 3 && !errors.Is(err, finality.ErrQuorum):
			t.Errorf("with %d cosignatures: %d, %v", i, len(list), err)
		case i == 3 && (err != nil || len(list) != 3 || p.Size != value.Size):
			t.Errorf("with %d cosignatures: %d, %v", i, len(list), err)
		}
		cp := tlog.Checkpoint{Origin: tlog.Origin(id), Size: value.Size, Root: value.Root}
		s, err := tlog.Cosign(cp, o.Private(member.Cosigner), uint64(1000+i))
		if err != nil {
			t.Fatal(err)
		}
		f.add(finality.Cosignature{
			Height: p.Height, Value: value, Time: s.Time, Signer: o.Keys().Log.ID(), Sig: s.Sig,
		}, time.Unix(1000, 0))
	}
	_, list, err := r.Cosigned(value.Size)
	if err != nil || len(list) != 3 || len(f.point.Cosignatures) != 4 {
		t.Errorf("of %d cosignatures it takes %d, %v", len(f.point.Cosignatures), len(list), err)
	}
	if _, _, err := r.Cosigned(6); !errors.Is(err, finality.ErrQuorum) {
		t.Errorf("a size that is not kept: %v", err)
	}
}
