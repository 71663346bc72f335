package local

import (
	"slices"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/transparency"
)

// TestAuditsNameTheEntriesOfTheirSector: a figure of a sector is proved by the entries about that sector's
// members, the total by all, and what is hidden by none.
func TestAuditsNameTheEntriesOfTheirSector(t *testing.T) {
	p := &ledgerProofs{
		by: map[string][]uint64{}, entries: map[uint64]hub.TransparencyEntry{}, used: map[uint64]bool{},
		ofSector: map[string]map[string]*sectorProofs{auditsProposed: {}},
	}
	add := func(sector string, first, n uint64) {
		of := &sectorProofs{counts: map[string]int64{"2026-01": int64(n)}}
		for i := range n {
			of.entries = append(of.entries, first+i)
			p.by[auditsProposed] = append(p.by[auditsProposed], first+i)
			p.entries[first+i] = hub.TransparencyEntry{Index: first + i}
		}
		p.ofSector[auditsProposed][sector] = of
	}
	report := func() (out []hub.TransparencyFigure) {
		for _, f := range transparency.BySector(auditsProposed, []string{"finance", "tech"}, []string{"2026-01"}, p.atoms(auditsProposed)) {
			out = append(out, p.single(auditsProposed, f))
		}
		return out
	}
	add("finance", 100, 12)
	add("tech", 200, 9)
	got := report()
	if *got[0].Count != 12 || !slices.Equal(got[0].Entries, p.ofSector[auditsProposed]["finance"].entries) {
		t.Errorf("finance: %+v", got[0])
	}
	for _, f := range got[1:] {
		if f.Count != nil || f.Shown != transparency.Hidden || len(f.Entries) > 0 {
			t.Errorf("hidden: %+v", f)
		}
	}
	if named := p.named(); len(named) != 12 {
		t.Errorf("%d entries named, 12 are proof", len(named))
	}
	add("tech", 300, 10)
	p.by[auditsProposed] = p.by[auditsProposed][:12]
	p.by[auditsProposed] = append(p.by[auditsProposed], p.ofSector[auditsProposed]["tech"].entries...)
	if total := report()[2]; *total.Count != 22 || len(total.Entries) != 22 || total.Sector != nil {
		t.Errorf("total: %+v", total)
	}
}

func TestWarnsOfReportsThatCanBeSubtracted(t *testing.T) {
	to := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		whole bool
		now   time.Time
		warns bool
	}{{true, to, false}, {true, to.Add(-time.Second), true}, {false, to, true}} {
		if got := subtractable(c.whole, to, c.now); (got != nil) != c.warns {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
