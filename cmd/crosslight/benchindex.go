package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/bench"
)

func (a *app) benchIndex() *cobra.Command {
	var o bench.IndexOptions
	var check bool
	c := a.verb(&cobra.Command{
		Use: "index", Short: "Encoding an index beside the bare evaluation of the same inputs",
		Long: "Encodes --n indicators into a segment on disk, with evaluation, sealing and sorting, and evaluates\n" +
			"--bare of them on all cores without any of that, before and after.",
		Example: "  crosslight bench index --n 1000000 -o json --check",
	}, endless, func(ctx context.Context, _ []string) error {
		return a.inBenchDir(o.Dir, func(dir string) error {
			o.Dir, o.Now, o.Say = dir, time.Now(), func(text string) { a.say("%s", text) }
			r, err := bench.Index(ctx, o)
			if err != nil {
				return err
			}
			return a.printBench(r, check)
		})
	})
	c.Flags().StringVar(&o.Dir, "dir", "", "make the temporary folder in this one, instead of the system's")
	c.Flags().IntVar(&o.N, "n", 1_000_000, "indicators")
	c.Flags().IntVar(&o.Bare, "bare", 100_000, "of them are evaluated bare, twice")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the inputs")
	c.Flags().BoolVar(&check, "check", false, "exit 1 when a target is missed")
	return c
}

func (a *app) benchLookup() *cobra.Command {
	var o bench.LookupOptions
	var check bool
	c := a.verb(&cobra.Command{
		Use: "lookup", Short: "Looking a large set of tags up in a large mirror",
		Long: "Builds a mirror of --mirror synthetic items on disk and one of a hundredth of that, and looks --tags\n" +
			"values up in each, --hits of which are there. The mirror takes 270 bytes of disk an item.",
		Example: "  crosslight bench lookup -o json --check\n  crosslight bench lookup --tags 10000 --mirror 100000 --hits 100",
	}, endless, func(ctx context.Context, _ []string) error {
		return a.inBenchDir(o.Dir, func(dir string) error {
			o.Dir, o.Now, o.Say = dir, time.Now(), func(text string) { a.say("%s", text) }
			r, err := bench.Lookup(ctx, o)
			if err != nil {
				return err
			}
			return a.printBench(r, check)
		})
	})
	c.Flags().StringVar(&o.Dir, "dir", "", "make the temporary folder in this one, instead of the system's")
	c.Flags().IntVar(&o.Tags, "tags", 1_000_000, "values that are looked up together")
	c.Flags().IntVar(&o.Mirror, "mirror", 10_000_000, "items in the mirror")
	c.Flags().IntVar(&o.Hits, "hits", 10_000, "of the values are in both mirrors")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the inputs")
	c.Flags().BoolVar(&check, "check", false, "exit 1 when a target is missed")
	return c
}

// inBenchDir runs f with a temporary folder in parent, which goes afterwards.
func (a *app) inBenchDir(parent string, f func(dir string) error) error {
	dir, err := os.MkdirTemp(parent, "crosslight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return f(dir)
}
