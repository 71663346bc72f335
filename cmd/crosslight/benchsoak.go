package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/bench"
	"github.com/crosslight/crosslight/node/bench/soak"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) benchSoak() *cobra.Command {
	var o soak.Options
	var check bool
	c := a.verb(&cobra.Command{
		Use: "soak", Short: "Five nodes at work for a long time, killed and started again",
		Long: "Starts five nodes on loopback. Each member watches half of the values of one pool, imports some, withdraws them and asks, while\n" +
			"four of the nodes are killed without warning and started again, one at a time. Every answer is held\n" +
			"against what was done, and at the end everything that is left: nothing may be missing, nothing\n" +
			"there that should not be, and the node that ran all the time may not have grown.",
		Example: "  crosslight bench soak --for 30m -o json --check\n  crosslight bench soak --for 1m --settle 5s",
	}, endless, func(ctx context.Context, _ []string) error { return a.runBenchSoak(ctx, o, check) })
	c.Flags().DurationVar(&o.For, "for", 30*time.Minute, "how long the members work")
	c.Flags().IntVar(&o.Pool, "pool", 2000, "values that the members share")
	c.Flags().IntVar(&o.Batch, "batch", 20, "values of an import or a question")
	c.Flags().DurationVar(&o.Pause, "pause", time.Second, "the longest pause between two things that a member does")
	c.Flags().DurationVar(&o.Outage, "outage", 10*time.Second, "the longest time that a killed node stays down")
	c.Flags().DurationVar(&o.Settle, "settle", 15*time.Second, "how long a change may take to show")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of what is done and who is killed")
	c.Flags().BoolVar(&check, "check", false, "exit 1 when a target is missed")
	return c
}

func (a *app) runBenchSoak(ctx context.Context, o soak.Options, check bool) error {
	cluster, done, err := a.benchCluster(ctx, "", 5)
	if err != nil {
		return err
	}
	defer done()
	o.Purpose, o.Say = demoPurpose, func(text string) { a.say("%s", text) }
	start := time.Now()
	a.say("soaking until %s", start.Add(o.For).Format(time.TimeOnly))
	report, err := soak.Run(ctx, o, soakMembers(cluster))
	if err != nil {
		return err
	}
	return a.printBench(bench.Soak(o, report, start), check)
}

// soakMembers are the nodes of a cluster. The first is never killed.
func soakMembers(c *cluster) []soak.Member {
	var out []soak.Member
	for i, n := range c.nodes {
		m := soak.Member{
			Name:  n.name,
			Hub:   func() (hub.Hub, error) { return hubOf(n.home) },
			Start: func(ctx context.Context) error { return c.restart(ctx, n) },
			Level: func(ctx context.Context) (soak.Level, error) { return levelOf(ctx, n) },
		}
		if i > 0 {
			m.Kill = n.kill
		}
		out = append(out, m)
	}
	return out
}

// kill ends the node without warning.
func (n *process) kill() error {
	select {
	case <-n.exited:
		return nil
	default:
	}
	if err := n.cmd.Process.Kill(); err != nil {
		return err
	}
	<-n.exited
	return nil
}

// restart starts a node that has ended, and waits until it is ready.
func (c *cluster) restart(ctx context.Context, n *process) error {
	if err := c.startNode(n); err != nil {
		return err
	}
	if _, err := c.run(ctx, n, "node", "status", "--wait", "--timeout", "60s"); err != nil {
		return fmt.Errorf("%w: %s", err, n.lastWords())
	}
	return nil
}

// levelOf reads a node's own metrics.
func levelOf(ctx context.Context, n *process) (l soak.Level, err error) {
	address, err := os.ReadFile(home.Home(n.home).Address())
	if err != nil {
		return l, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+strings.TrimSpace(string(address))+"/metrics", nil)
	if err != nil {
		return l, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return l, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		x, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case name == "go_goroutines":
			l.Goroutines = int(x)
		case name == "process_resident_memory_bytes":
			l.Resident = uint64(x)
		}
	}
	if l.Goroutines == 0 || l.Resident == 0 {
		return l, fmt.Errorf("the metrics of %s lack its goroutines or its memory: %w", n.name, lines.Err())
	}
	return l, nil
}
