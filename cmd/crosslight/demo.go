package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

// demoPurpose is why the demo's members ask one another.
const demoPurpose = "child-protection-investigation"

// demoFlags are what `demo` is told.
type demoFlags struct {
	data, keep string
	serve      bool
}

func (a *app) demoCommand() *cobra.Command {
	var o demoFlags
	c := a.verb(&cobra.Command{
		Use:   "demo",
		Short: "Found a consortium of separate nodes on this machine and let them find what they share",
		Long: "Starts a node process for each member of the data, founds their consortium, imports their\n" +
			"files, lets every member ask every other about all its indicators, and verifies the ledger. It\n" +
			"does all that by running this program's own commands, as the members' people would.",
		Example: "  crosslight demo\n  crosslight demo --data ./examples/three-members --keep ./demo --serve",
	}, endless, func(ctx context.Context, _ []string) error { return a.demo(ctx, o) })
	c.Flags().StringVar(&o.data, "data", "", "folder with consortium.yaml (default: the shipped example, examples/three-members)")
	c.Flags().StringVar(&o.keep, "keep", "", "keep the members' homes and ledger-export/ in this folder")
	c.Flags().BoolVar(&o.serve, "serve", false, "leave the nodes up until an interrupt, and print how to reach them")
	return c
}

// demoRun is one run of the demo.
type demoRun struct {
	*cluster
	app    *app
	begun  time.Time
	feeds  []string
	names  []demoMember
	mu     sync.Mutex // guards result's counters while members ask in parallel
	result demoResult
}

func (a *app) demo(ctx context.Context, o demoFlags) (err error) {
	start := time.Now()
	data, forget, err := demoData(o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	members, err := readConsortium(os.DirFS(data))
	if err != nil {
		return err
	}
	dir, cleanUp, err := demoFolder(o.keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanUp()) }()
	d := &demoRun{app: a, begun: start, names: members.Members, result: newDemoResult(members)}
	if err := d.prepare(data, dir); err != nil {
		return err
	}
	defer d.stop()
	if err := d.play(ctx); err != nil {
		return err
	}
	if err := a.print(d.result, d.table); err != nil || !o.serve {
		return err
	}
	d.serve(ctx)
	return nil
}

// demoFolder returns the folder of the run and what to do with it in the end.
func demoFolder(keep string) (string, func() error, error) {
	if keep == "" {
		dir, err := os.MkdirTemp("", "crosslight-demo-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	entries, err := os.ReadDir(keep)
	if err == nil && len(entries) > 0 {
		return "", nil, fmt.Errorf("%s is not empty: choose another folder with --keep", keep)
	}
	if err := os.MkdirAll(keep, 0o700); err != nil {
		return "", nil, err
	}
	dir, err := filepath.Abs(keep)
	return dir, func() error { return nil }, err
}

// play is the demo, step by step.
func (d *demoRun) play(ctx context.Context) error {
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"founding the consortium: init, genesis create, sign, join", d.found},
		{"starting the nodes", d.cluster.start},
		{"importing every member's file", d.imports},
		{"building every member's encoded index", d.indexed},
		{"every member asks every other", d.ask},
		{"exporting and verifying the ledger", d.verify},
	}
	for _, s := range steps {
		d.app.say("[%5.1f s] %s", time.Since(d.begun).Seconds(), s.what)
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	d.result.sort()
	d.result.ElapsedMS = time.Since(d.begun).Milliseconds()
	d.app.say("[%5.1f s] done", time.Since(d.begun).Seconds())
	return nil
}

// ask runs a command of member n and reads its JSON.
func ask[T any](ctx context.Context, d *demoRun, n *process, args ...string) (T, error) {
	var out T
	b, err := d.run(ctx, n, append(args, "-o", "json")...)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}

func (d *demoRun) imports(ctx context.Context) error {
	return d.each(ctx, func(ctx context.Context, i int, n *process) error {
		report, err := ask[hub.ImportReport](ctx, d, n, "indicator", "import", d.feeds[i])
		if err != nil {
			return err
		}
		m := &d.result.Members[i]
		m.Imported, m.Refused = report.Imported, report.Refused
		m.Duplicates, m.Suppressed = report.Duplicates, report.Suppressed
		return nil
	})
}

// indexed waits until every member has published what it imported.
func (d *demoRun) indexed(ctx context.Context) error {
	return d.each(ctx, func(ctx context.Context, i int, n *process) error {
		status, err := ask[hub.Status](ctx, d, n, "node", "status", "--wait", "--timeout", "60s")
		d.result.Members[i].PeerID = status.PeerID
		return err
	})
}

func (d *demoRun) ask(ctx context.Context) error {
	return d.each(ctx, func(ctx context.Context, i int, n *process) error {
		out, err := ask[answer](ctx, d, n, "query", "run", "--file", d.feeds[i], "--purpose", demoPurpose, "--case", "DEMO-1")
		if err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.result.add(n.name, out)
		return nil
	})
}

func (d *demoRun) verify(ctx context.Context) error {
	first, dir := d.nodes[0], filepath.Join(d.dir, "ledger-export")
	status, err := ask[hub.LedgerStatus](ctx, d, first, "ledger", "status")
	if err != nil {
		return err
	}
	if _, err := d.run(ctx, first, "ledger", "export", "--out", dir); err != nil {
		return err
	}
	v, err := ask[verified](ctx, d, first, "ledger", "verify", dir, "--ledger-id", status.ID)
	d.result.Ledger = demoLedger{v.ID, v.Size, v.Root, v.Verified}
	return err
}

// serve leaves the nodes up until ctx ends.
func (d *demoRun) serve(ctx context.Context) {
	a := d.app
	a.say("\nThe nodes are up. Ask any of them, for example:")
	for _, n := range d.nodes {
		a.say("  crosslight --home %s node status          # %s, process %d", n.home, n.name, n.cmd.Process.Pid)
	}
	a.say("  crosslight --home %s query run --file %s --purpose %s --case DEMO-2", d.nodes[0].home, d.feeds[0], demoPurpose)
	a.say("Stop them with Ctrl-C.")
	<-ctx.Done()
}

func compareDemoMatches(x, y demoMatch) int {
	return cmp.Or(
		cmp.Compare(x.Querier, y.Querier), cmp.Compare(x.Holder, y.Holder), cmp.Compare(x.Type, y.Type),
		cmp.Compare(deref(x.QuerierReference), deref(y.QuerierReference)),
		cmp.Compare(deref(x.HolderReference), deref(y.HolderReference)),
	)
}

func (r *demoResult) sort() { slices.SortStableFunc(r.Matches, compareDemoMatches) }
