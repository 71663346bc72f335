package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/bench"
)

func (a *app) benchAlert() *cobra.Command {
	var o bench.AlertOptions
	var dir string
	var check bool
	c := a.verb(&cobra.Command{
		Use: "alert", Short: "From an import at one member to the alert at another",
		Long: "Starts three nodes on loopback, gives one an index, has another watch indicators there, and then\n" +
			"imports watched ones, one by one. Each is timed from before the import's call until its alert has\n" +
			"come over the other node's API. A watch of more than the budget of a day, 100,000, is not enrolled.",
		Example: "  crosslight bench alert -o json --check\n  crosslight bench alert --index 10000 --watch 1000 --samples 20",
	}, endless, func(ctx context.Context, _ []string) error { return a.runBenchAlert(ctx, o, dir, check) })
	c.Flags().IntVar(&o.Index, "index", 1_000_000, "indicators of the holder")
	c.Flags().IntVar(&o.Watch, "watch", 100_000, "indicators that are watched")
	c.Flags().IntVar(&o.Samples, "samples", 100, "alerts to wait for")
	c.Flags().StringVar(&dir, "dir", "", "make the temporary folder in this one, instead of the system's")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the inputs")
	c.Flags().BoolVar(&check, "check", false, "exit 1 when a target is missed")
	return c
}

func (a *app) runBenchAlert(ctx context.Context, o bench.AlertOptions, in string, check bool) error {
	cluster, done, err := a.benchCluster(ctx, in, 3)
	if err != nil {
		return err
	}
	defer done()
	p := bench.AlertParties{
		HolderName: cluster.nodes[1].name, Purpose: demoPurpose, Say: func(text string) { a.say("%s", text) },
	}
	if p.Watcher, err = hubOf(cluster.nodes[0].home); err != nil {
		return err
	}
	if p.Holder, err = hubOf(cluster.nodes[1].home); err != nil {
		return err
	}
	o.Now = time.Now()
	r, err := bench.Alert(ctx, o, p)
	if err != nil {
		return err
	}
	return a.printBench(r, check)
}
