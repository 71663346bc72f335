package local

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/transparency"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// countedAnswered is a question that this member answered, once for each request.
const countedAnswered = "queries-answered"

// countedKinds are the lines of a report, in its order.
var countedKinds = []string{
	store.CountedAsked, countedAnswered, store.CountedRefusals, store.CountedRefused, store.CountedMatches,
	store.CountedSaid, store.CountedHeard,
}

// Transparency implements [hub.Transparencies].
func (h *Hub) Transparency(ctx context.Context, req hub.TransparencyRequest) (hub.TransparencyReport, error) {
	from, to := req.From.UTC(), req.To.UTC()
	report := hub.TransparencyReport{
		Member: h.cfg.Name, From: from, To: to, Threshold: transparency.Threshold, LedgerID: hex.EncodeToString(h.cfg.LedgerID[:]),
		Whole: transparency.Whole(from, to),
	}
	if !from.Before(to) || from.Truncate(24*time.Hour) != from || to.Truncate(24*time.Hour) != to || to.Sub(from) > 100*366*24*time.Hour {
		return report, fmt.Errorf("%w: a period is one or more whole days (UTC), at most a century", hub.ErrInvalid)
	}
	g, sectors, err := h.grid(&report)
	if err != nil {
		return report, err
	}
	g.Months = transparency.Months(from, to)
	proofs, err := h.ledgerProofs(ctx, report.Size, from, to, sectors)
	if err != nil {
		return report, classed(err)
	}
	atoms, err := h.atoms(ctx, from, to, sectors)
	if err != nil {
		return report, classed(err)
	}
	figures, totals := transparency.Report(g, atoms)
	for _, f := range figures {
		report.Figures = append(report.Figures, proofs.figure(f))
	}
	for _, f := range totals {
		report.Totals = append(report.Totals, proofs.figure(f))
	}
	for _, kind := range slices.Sorted(maps.Keys(proofs.counts)) {
		if proofs.ofSector[kind] != nil {
			for _, f := range transparency.BySector(kind, sectors.all(), g.Months, proofs.atoms(kind)) {
				report.Ledger = append(report.Ledger, proofs.single(kind, f))
			}
			continue
		}
		report.Ledger = append(report.Ledger, proofs.single(kind, transparency.Single(kind, g.Months, proofs.counts[kind])))
	}
	report.Entries = proofs.named()
	report.Warning = subtractable(report.Whole, to, h.cfg.Now())
	return report, nil
}

// subtractable warns of a report from which another of the same member can be subtracted: of a period that
// overlaps it, or of the same one a little later.
func subtractable(whole bool, to, now time.Time) *string {
	var warning string
	switch {
	case !whole:
		warning = "the period is not of whole calendar months: published beside a report of a period that overlaps it, the two can be subtracted"
	case to.After(now):
		warning = "the period is not over: published beside a later report of it, the two can be subtracted"
	default:
		return nil
	}
	return &warning
}

// parties leads from names and peer IDs to sectors, former members included.
type parties struct{ byName, byPeer map[string]string }

// all are the sectors that have, or had, a member, this one's own too: whoever is audited.
func (p parties) all() []string {
	return transparency.Sorted(slices.Collect(maps.Values(p.byName)))
}

// grid is what could have been counted: the sectors of the other members, and the purposes of the policy.
func (h *Hub) grid(report *hub.TransparencyReport) (g transparency.Grid, p parties, err error) {
	g.Kinds, p = countedKinds, parties{map[string]string{}, map[string]string{}}
	stale := h.cfg.Authority(func(final, _ *state.State) {
		root := final.Root()
		report.Size, report.Root = final.Size(), hex.EncodeToString(root[:])
		g.Purposes = transparency.Sorted(final.Policy().Purposes)
		for _, m := range append(final.Members(), final.Former()...) {
			p.byName[m.Name], p.byPeer[m.PeerID] = string(m.Sector), string(m.Sector)
			if m.Name != h.cfg.Name {
				g.Sectors = append(g.Sectors, string(m.Sector))
			}
		}
	})
	g.Sectors = transparency.Sorted(g.Sectors)
	return g, p, classed(stale)
}

// atoms reads the member's own logs.
func (h *Hub) atoms(ctx context.Context, from, to time.Time, p parties) (atoms []transparency.Atom, err error) {
	counted, err := h.cfg.Store.CountActivity(ctx, from, to)
	if err != nil {
		return nil, err
	}
	for _, c := range counted {
		sector := p.byName[c.Party]
		if c.Kind == store.CountedRefusals {
			sector = c.Party
		}
		atoms = append(atoms, transparency.Atom{Kind: c.Kind, Sector: sector, Purpose: c.Purpose, Month: c.Month, N: c.N})
	}
	answered := map[transparency.Atom]int64{}
	err = h.cfg.Store.AnsweredHeaders(ctx, from, to, func(querier string, raw []byte, at time.Time) {
		var header session.Header
		if wire.Decode(raw, &header, session.MaxHeader) != nil {
			return // damaged on disk: it proves nothing
		}
		answered[transparency.Atom{
			Kind: countedAnswered, Sector: p.byPeer[querier], Purpose: header.Purpose, Month: at.UTC().Format("2006-01"),
		}]++
	})
	for a, n := range answered {
		a.N = n
		atoms = append(atoms, a)
	}
	return atoms, err
}

// ledgerProofs are the entries of a period, and what they count.
type ledgerProofs struct {
	commits []uint64                    // of this member's logs
	by      map[string][]uint64         // entries by what they count
	counts  map[string]map[string]int64 // what, month

	// ofSector has what is counted by the sector of the member that it is about: entries, and counts by month.
	ofSector map[string]map[string]*sectorProofs
	entries  map[uint64]hub.TransparencyEntry
	used     map[uint64]bool
}

// The names of what the ledger counts.
var ledgerCounts = map[string]string{
	"propose": "proposals", "vote": "votes", "suspend": "emergency-suspensions", "audit-verdict": auditVerdicts,
	"audit-commit": "audit-commits", "epoch-commit": "epochs-opened",
}

// auditsProposed are proposals to audit; they count as no other proposal. Both are counted by the sector of
// the member whose questions are opened; by purpose nobody could: that of what was opened is the auditors'.
const (
	auditsProposed = "audits-proposed"
	auditVerdicts  = "audit-verdicts"
)

// ledgerProofs reads the ledger. An entry is of the ledger day on which it was made, a commitment to the
// logs of a day is of that day.
func (h *Hub) ledgerProofs(ctx context.Context, size uint64, from, to time.Time, of parties) (*ledgerProofs, error) {
	p := &ledgerProofs{
		ofSector: map[string]map[string]*sectorProofs{auditsProposed: {}, auditVerdicts: {}},
		by:       map[string][]uint64{}, counts: map[string]map[string]int64{}, entries: map[uint64]hub.TransparencyEntry{}, used: map[uint64]bool{},
	}
	p.counts[auditsProposed] = map[string]int64{}
	for _, what := range ledgerCounts {
		p.counts[what] = map[string]int64{}
	}
	index := uint64(0)
	for leaf, err := range h.leaves(size) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && index > 0 { // the genesis counts nothing
			err = h.prove(p, index, leaf, from, to, of)
		}
		if err != nil {
			return nil, err
		}
		index++
	}
	return p, nil
}

func (h *Hub) prove(p *ledgerProofs, index uint64, leaf []byte, from, to time.Time, of parties) error {
	e, err := entry.Parse(leaf)
	if err != nil {
		return fmt.Errorf("leaf %d: %w", index, err)
	}
	what, counted := ledgerCounts[e.Kind().String()]
	var day uint64
	var about string
	switch b := e.Body().(type) {
	case entry.AuditCommit:
		day = b.Day
	case entry.Propose:
		if b.Proposal == entry.ProposeAudit {
			what, about = auditsProposed, auditedBy(b)
		}
		day = h.dayAt(index)
	case entry.AuditVerdict:
		about, day = h.audited(b.Audit), h.dayAt(index)
	default:
		day = h.dayAt(index)
	}
	at := time.Unix(int64(day)*86_400, 0).UTC()
	if !counted || at.Before(from) || !at.Before(to) {
		return nil
	}
	p.entries[index] = hub.TransparencyEntry{Index: index, Kind: e.Kind().String(), Hash: entry.HashOf(leaf).String()}
	p.by[what] = append(p.by[what], index)
	if sectors := p.ofSector[what]; sectors != nil {
		sector := of.byName[about]
		if sectors[sector] == nil {
			sectors[sector] = &sectorProofs{counts: map[string]int64{}}
		}
		sectors[sector].entries = append(sectors[sector].entries, index)
		sectors[sector].counts[at.Format("2006-01")]++
	}
	p.counts[what][at.Format("2006-01")]++
	if e.Kind() == entry.KindAuditCommit && h.isOwn(e) {
		p.commits = append(p.commits, index)
	}
	return nil
}

func (h *Hub) dayAt(size uint64) (day uint64) {
	h.cfg.Replica.View(func(s *state.State) { day = s.DayAt(size) })
	return day
}

func (h *Hub) isOwn(e entry.Signed) (own bool) {
	h.cfg.Replica.View(func(s *state.State) {
		m, _, ok := s.MemberByKey(e.Envelope().SignerKey)
		own = ok && m.Name == h.cfg.Name
	})
	return own
}

// figure is one of the member's own: what it committed to on the ledger, day by day, proves it.
func (p *ledgerProofs) figure(f transparency.Figure) hub.TransparencyFigure {
	out := shownFigure(f)
	switch f.Kind {
	case store.CountedAsked, countedAnswered:
		if f.Count != nil {
			out.Entries = p.use(p.commits)
		}
	}
	return out
}

// single is one of the whole consortium, which its entries are.
func (p *ledgerProofs) single(what string, f transparency.Figure) hub.TransparencyFigure {
	out := shownFigure(f)
	switch of := p.ofSector[what][f.Sector]; {
	case f.Count != nil && of != nil:
		out.Entries = p.use(of.entries)
	case f.Count != nil:
		out.Entries = p.use(p.by[what])
	}
	return out
}

// sectorProofs are the entries about members of one sector.
type sectorProofs struct {
	entries []uint64
	counts  map[string]int64 // month
}

func (p *ledgerProofs) atoms(kind string) (out []transparency.Atom) {
	for sector, of := range p.ofSector[kind] {
		for month, n := range of.counts {
			out = append(out, transparency.Atom{Kind: kind, Sector: sector, Month: month, N: n})
		}
	}
	return out
}

// auditedBy is the member whose questions a proposal would open.
func auditedBy(b entry.Propose) string {
	content, err := b.Decode()
	if open, ok := content.(entry.OpenAudit); ok && err == nil {
		return open.Querier
	}
	return ""
}

// audited is the member whose questions an audit opens.
func (h *Hub) audited(id entry.Hash) (name string) {
	h.cfg.Replica.View(func(s *state.State) {
		if a, ok := s.Audit(id); ok {
			name = a.Content.Querier
		}
	})
	return name
}

func (p *ledgerProofs) use(indexes []uint64) []uint64 {
	for _, i := range indexes {
		p.used[i] = true
	}
	return append([]uint64{}, indexes...)
}

func (p *ledgerProofs) named() []hub.TransparencyEntry {
	out := []hub.TransparencyEntry{}
	for _, i := range slices.Sorted(maps.Keys(p.used)) {
		out = append(out, p.entries[i])
	}
	return out
}

func shownFigure(f transparency.Figure) hub.TransparencyFigure {
	out := hub.TransparencyFigure{
		Kind: f.Kind, Sector: filled(f.Sector), Purpose: filled(f.Purpose), Count: f.Count, Shown: transparency.Hidden, Entries: []uint64{},
	}
	if f.Count != nil {
		out.Shown = strconv.FormatInt(*f.Count, 10)
	}
	return out
}
