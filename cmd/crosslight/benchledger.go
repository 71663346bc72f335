package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/bench"
)

func (a *app) benchLedger() *cobra.Command {
	var o bench.LedgerOptions
	var check bool
	c := a.verb(&cobra.Command{
		Use: "ledger", Short: "The ledger beside bare Raft, and beside Raft that checks signatures",
		Long: "Runs three clusters on loopback, in turn and on one disk, in this process: hashicorp/raft over TCP\n" +
			"with a state machine that does nothing, the same with one that decodes each entry and verifies its\n" +
			"signature on every node, and this ledger over libp2p. Each writer has one entry under way. Then a\n" +
			"node restarts with a long history, and a fourth cluster, this ledger with finality, shows how much\n" +
			"later than committed an entry is final (final_extra_ms). Put --dir on the disk that is to be measured.",
		Example: "  crosslight bench ledger -o json --check",
	}, endless, func(ctx context.Context, _ []string) error { return a.runBenchLedger(ctx, o, check) })
	c.Flags().StringVar(&o.Dir, "dir", "", "make the temporary folder in this one, instead of the system's")
	c.Flags().IntVar(&o.Voters, "voters", 3, "voters of each cluster, 3 to 5")
	c.Flags().IntVar(&o.Writers, "writers", 64, "writers, each with a key of its own")
	c.Flags().IntVar(&o.Entries, "entries", 200, "entries of each writer in a round")
	c.Flags().IntVar(&o.Rounds, "rounds", 5, "rounds of each cluster that count; one before them warms up")
	c.Flags().IntVar(&o.Restart, "restart", 100_000, "entries on the node that restarts; 0 leaves it out")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the keys")
	c.Flags().BoolVar(&check, "check", false, "exit 1 when a target is missed")
	return c
}

func (a *app) runBenchLedger(ctx context.Context, o bench.LedgerOptions, check bool) error {
	dir, err := os.MkdirTemp(o.Dir, "crosslight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.Dir, o.Now = dir, time.Now()
	o.Say = func(text string) { a.say("%s", text) }
	r, err := bench.Ledger(ctx, o)
	if err != nil {
		return err
	}
	return a.printBench(r, check)
}
