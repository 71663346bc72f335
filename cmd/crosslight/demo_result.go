package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// demoResult is the object that `demo -o json` prints.
type demoResult struct {
	Ledger         demoLedger   `json:"ledger"`
	Members        []memberDone `json:"members"`
	Matches        []demoMatch  `json:"matches"`
	Evaluations    int64        `json:"evaluations"`
	ProofsVerified int64        `json:"proofs_verified"`
	ElapsedMS      int64        `json:"elapsed_ms"`
}

// demoLedger is the ledger that the demo founded, exported and verified.
type demoLedger struct {
	ID       string `json:"id"`
	Size     uint64 `json:"size"`
	Root     string `json:"root"`
	Verified bool   `json:"verified"`
}

// memberDone is a member of the demo and what became of its file.
type memberDone struct {
	Name       string `json:"name"`
	Sector     string `json:"sector"`
	PeerID     string `json:"peer_id"`
	Imported   int64  `json:"imported"`
	Refused    int64  `json:"refused"`
	Duplicates int64  `json:"duplicates"`
	Suppressed int64  `json:"suppressed"`
}

// demoMatch is one indicator that two members share, as the querier learned it.
type demoMatch struct {
	Querier          string  `json:"querier"`
	Holder           string  `json:"holder"`
	Type             string  `json:"type"`
	QuerierReference *string `json:"querier_reference"`
	HolderReference  *string `json:"holder_reference"`
	Category         *string `json:"category"`
}

func newDemoResult(c consortium) demoResult {
	r := demoResult{Members: []memberDone{}, Matches: []demoMatch{}}
	for _, m := range c.Members {
		r.Members = append(r.Members, memberDone{Name: m.Name, Sector: m.Sector})
	}
	return r
}

// add adds what one member learned.
func (r *demoResult) add(querier string, a answer) {
	for _, m := range a.Matches {
		r.Matches = append(r.Matches, demoMatch{querier, m.Holder, m.Type, m.Reference, m.HolderReference, m.Category})
	}
	r.Evaluations += a.Evaluations
	r.ProofsVerified += a.ProofsVerified
}

// prepare makes the cluster; data is where the members' files are.
func (d *demoRun) prepare(data, dir string) error {
	var nodes []*process
	for _, m := range d.names {
		d.feeds = append(d.feeds, filepath.Join(data, filepath.FromSlash(m.Indicators)))
		nodes = append(nodes, &process{name: m.Name, sector: m.Sector, jurisdiction: m.Jurisdiction, region: m.Region})
	}
	var err error
	d.cluster, err = newCluster(dir, nodes)
	return err
}

// table is the demo's result for people.
func (d *demoRun) table(t *table) {
	r := d.result
	rows := [][]any{}
	for _, m := range r.Members {
		rows = append(rows, []any{m.Name, m.Sector, m.Imported, m.Refused, m.Duplicates, m.Suppressed, m.PeerID})
	}
	t.rows([]string{"member", "sector", "imported", "refused", "duplicates", "suppressed", "peer id"}, rows)
	t.line("")
	t.line("Shared indicators, by who asked whom:")
	t.line("")
	r.pairTable(t)
	t.line("")
	t.line("For example (-o json lists all %d):", len(r.Matches))
	t.line("")
	r.sampleTable(t)
	t.line("")
	t.line("%d evaluations, %d of them proved against the keys on the ledger.", r.Evaluations, r.ProofsVerified)
	t.line("Ledger %s", r.Ledger.ID)
	t.line("%d entries, root %s, verified offline: %v", r.Ledger.Size, r.Ledger.Root, r.Ledger.Verified)
	t.line("%.1f s in all", float64(r.ElapsedMS)/1000)
}

// shownTypes is how many types a row of the table names.
const shownTypes = 3

// pairTable counts the matches of each querier and holder, by type.
func (r *demoResult) pairTable(t *table) {
	type pair struct{ querier, holder string }
	counts := map[pair]map[string]int{}
	for _, m := range r.Matches {
		p := pair{m.Querier, m.Holder}
		if counts[p] == nil {
			counts[p] = map[string]int{}
		}
		counts[p][m.Type]++
	}
	pairs := slices.SortedFunc(maps.Keys(counts), func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.querier, y.querier), cmp.Compare(x.holder, y.holder))
	})
	rows := [][]any{}
	for _, p := range pairs {
		total, types := 0, []string{}
		for _, typ := range slices.Sorted(maps.Keys(counts[p])) {
			total += counts[p][typ]
			types = append(types, fmt.Sprintf("%s %d", typ, counts[p][typ]))
		}
		if more := len(types) - shownTypes; more > 1 {
			types = append(types[:shownTypes], fmt.Sprintf("and %d more types", more))
		}
		rows = append(rows, []any{p.querier, p.holder, total, types})
	}
	t.rows([]string{"asked by", "holder", "matches", "types"}, rows)
}

// sampleTable shows a few matches of each querier and holder, each of another type where there are
// enough.
func (r *demoResult) sampleTable(t *table) {
	const each, most = 2, 12
	shown, seen := map[[2]string]int{}, map[string]bool{}
	many := len(r.Matches) > 2*most
	rows := [][]any{}
	for _, m := range r.Matches {
		pair := [2]string{m.Querier, m.Holder}
		if shown[pair] == each || len(rows) == most || many && seen[m.Type] {
			continue
		}
		shown[pair]++
		seen[m.Type] = true
		rows = append(rows, []any{m.Querier, m.QuerierReference, m.Type, m.Holder, m.HolderReference, m.Category})
	}
	t.rows([]string{"asked by", "own reference", "type", "holder", "holder's reference", "category"}, rows)
}
