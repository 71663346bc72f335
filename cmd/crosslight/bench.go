package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/bench"
)

func (a *app) benchCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "bench", Short: "Measure Crosslight beside its baselines, in one run",
		Example: "  crosslight bench query -o json\n  crosslight bench bulk --n 1048576 -o json\n  crosslight bench ledger -o json",
	}, a.benchQuery(), a.benchIndex(), a.benchLookup(), a.benchAlert(), a.benchBulk(), a.benchParty(), a.benchLedger(), a.benchSoak())
}

func (a *app) benchQuery() *cobra.Command {
	var o bench.QueryOptions
	var check bool
	c := a.verb(&cobra.Command{
		Use: "query", Short: "The query path beside bare VOPRF calls for the same elements",
		Long: "Starts five nodes on loopback and measures three ways on the same inputs: circl's VOPRF called\n" +
			"bare, this program's engine called bare, and the whole path between two node processes, CPU of\n" +
			"both added.",
		Example: "  crosslight bench query --n 8192 -o json --check",
	}, endless, func(ctx context.Context, _ []string) error { return a.runBenchQuery(ctx, o, check) })
	c.Flags().IntVar(&o.N, "n", 8192, "elements of the long query")
	c.Flags().IntVar(&o.Batch, "batch", 1024, "elements a message")
	c.Flags().IntVar(&o.Asks, "asks", 50, "single questions to four holders")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the inputs")
	c.Flags().BoolVar(&check, "check", false, "exit 1 when a target is missed")
	return c
}

func (a *app) runBenchQuery(ctx context.Context, o bench.QueryOptions, check bool) error {
	cluster, done, err := a.benchCluster(ctx, "", 5)
	if err != nil {
		return err
	}
	defer done()
	a.say("measuring")
	parties, err := benchConsortium(cluster)
	if err != nil {
		return err
	}
	o.Now = time.Now()
	r, err := bench.Query(ctx, o, parties)
	if err != nil {
		return err
	}
	return a.printBench(r, check)
}

// benchCluster founds and starts n of the members of a bench in a folder below in, the system's where that is
// empty. done stops them and removes what they left.
func (a *app) benchCluster(ctx context.Context, in string, n int) (c *cluster, done func(), err error) {
	dir, err := os.MkdirTemp(in, "crosslight-bench-")
	if err != nil {
		return nil, nil, err
	}
	c, err = newCluster(dir, benchMembers()[:n])
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	done = func() { c.stop(); _ = os.RemoveAll(dir) }
	a.say("founding %d nodes on loopback", n)
	if err = c.found(ctx); err == nil {
		err = c.start(ctx)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return c, done, nil
}

// benchMembers are a querier and four holders.
func benchMembers() []*process {
	var nodes []*process
	for i, sector := range []string{"tech", "finance", "law-enforcement", "hotline", "ngo"} {
		nodes = append(nodes, &process{name: "Bench " + strconv.Itoa(i), sector: sector, jurisdiction: "GB"})
	}
	return nodes
}

func benchConsortium(c *cluster) (bench.Consortium, error) {
	querier, err := hubOf(c.nodes[0].home)
	if err != nil {
		return bench.Consortium{}, err
	}
	out := bench.Consortium{Querier: querier, Purpose: demoPurpose}
	for _, n := range c.nodes[1:] {
		out.Holders = append(out.Holders, n.name)
	}
	out.PartiesCPU = func() (time.Duration, error) {
		asking, err := processCPU(c.nodes[0].cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		answering, err := processCPU(c.nodes[1].cmd.Process.Pid)
		return asking + answering, err
	}
	return out, nil
}

// clockTick is the unit of CPU time in /proc, the same on every Linux.
const clockTick = 10 * time.Millisecond

// processCPU reads the CPU time, user and system, that a running process has used (proc_pid_stat(5),
// fields 14 and 15; the name in field 2 may hold spaces).
func processCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read a node's CPU time, which needs Linux: %w", err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read a node's CPU time: %d fields", len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick, errors.Join(err1, err2)
}

func (a *app) printBench(r bench.Result, check bool) error {
	b := thisBuild()
	r.Version, r.Commit = b.Version, deref(b.Commit)
	err := a.print(r, func(t *table) { benchTable(t, r) })
	if err == nil && check && !r.Met() {
		return errors.New("a target was missed")
	}
	return err
}

func benchTable(t *table, r bench.Result) {
	t.line("%s %s on %s, %d cores, %s, seed %d", r.Bench, r.Version, r.CPU, r.Cores, r.Go, r.Seed)
	rows := [][]any{}
	for _, key := range slices.Sorted(maps.Keys(r.Figures)) {
		rows = append(rows, []any{key, r.Figures[key], ""})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Ratios)) {
		rows = append(rows, []any{key, r.Ratios[key], target(r, key)})
	}
	t.rows([]string{"figure", "value", "target"}, rows)
}

func target(r bench.Result, key string) string {
	for _, x := range r.Targets {
		if x.Key == key {
			return fmt.Sprintf("%s %v: %s", x.Op, x.Limit, map[bool]string{true: "met", false: "MISSED"}[x.Met])
		}
	}
	return ""
}
