package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) mirrorCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "mirror", Short: "Other members' encoded indexes on this node",
		Example: "  crosslight mirror list\n  crosslight mirror verify --holder 'Example Bank'",
	}, a.mirrorList(), a.mirrorShow(), a.mirrorUpdate(), a.mirrorVerify())
}

func mirrorFlags(c *cobra.Command, f *hub.MirrorFilter) {
	c.Flags().StringVar(&f.Holder, "holder", "", "only this member's indexes")
	c.Flags().StringVar(&f.Type, "type", "", "only this indicator type")
}

// mirrorReport is what `mirror list` and `mirror show` print.
type mirrorReport struct {
	Mirrors []hub.Mirror `json:"mirrors"`
}

func (a *app) mirrorList() *cobra.Command {
	var f hub.MirrorFilter
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List the indexes that are mirrored here",
		Long: "Lists the indexes of other members that are in use on this node. The column anchored is the\n" +
			"version that the holder has put on the ledger, the same for all members.",
		Example: "  crosslight mirror list --type email -o json",
	}, short, func(ctx context.Context, _ []string) error {
		return a.showMirrors(ctx, f, mirrorTable)
	})
	mirrorFlags(c, &f)
	return c
}

func (a *app) mirrorShow() *cobra.Command {
	var f hub.MirrorFilter
	c := a.verb(&cobra.Command{
		Use: "show HOLDER", Short: "Show the segments of a member's mirrored indexes", Args: cobra.ExactArgs(1),
		Example: "  crosslight mirror show 'Example Bank' --type email",
	}, short, func(ctx context.Context, args []string) error {
		f.Holder = args[0]
		return a.showMirrors(ctx, f, segmentTable)
	})
	c.Flags().StringVar(&f.Type, "type", "", "only this indicator type")
	return c
}

func (a *app) showMirrors(ctx context.Context, f hub.MirrorFilter, show func(*table, []hub.Mirror)) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	list, err := h.Mirrors(ctx, f)
	if err != nil {
		return err
	}
	return a.print(mirrorReport{list}, func(t *table) { show(t, list) })
}

func mirrorTable(t *table, list []hub.Mirror) {
	rows := [][]any{}
	for _, m := range list {
		rows = append(rows, []any{m.Holder, m.Type, m.Epoch, m.Version, m.Anchored, m.Items, m.Withdrawn, len(m.Segments), m.Bytes, m.Labels})
	}
	t.rows([]string{"holder", "type", "epoch", "version", "anchored", "items", "withdrawn", "segments", "bytes", "labels"}, rows)
}

func segmentTable(t *table, list []hub.Mirror) {
	rows := [][]any{}
	for _, m := range list {
		for _, s := range m.Segments {
			rows = append(rows, []any{m.Type, m.Epoch, m.Version, s.Kind, s.Items, s.Name})
		}
	}
	t.rows([]string{"type", "epoch", "version", "segment", "items", "name"}, rows)
}

// outcomeReport is what `mirror update` and `mirror verify` print.
type outcomeReport struct {
	Outcomes []hub.MirrorOutcome `json:"outcomes"`
}

func (a *app) mirrorUpdate() *cobra.Command {
	return a.mirrorWork(&cobra.Command{
		Use: "update", Short: "Pull what is missing now",
		Long: "Pulls what is missing now. The node does so by itself when a holder announces something, when\n" +
			"it connects, and every few seconds. Exits 4 when an index could not be had.",
		Example: "  crosslight mirror update --holder 'Example Bank'",
	}, hub.Hub.UpdateMirrors, exitUnavailable)
}

func (a *app) mirrorVerify() *cobra.Command {
	return a.mirrorWork(&cobra.Command{
		Use: "verify", Short: "Read every byte and compare it with what was signed",
		Long: "Reads every byte of the mirrored indexes and compares it with what their holders signed. What\n" +
			"this disk has damaged is removed, and fetched again by itself. Exits 1 when something was damaged.",
		Example: "  crosslight mirror verify --type email",
	}, hub.Hub.VerifyMirrors, exitError)
}

func (a *app) mirrorWork(c *cobra.Command, work func(hub.Hub, context.Context, hub.MirrorFilter) ([]hub.MirrorOutcome, error), bad int) *cobra.Command {
	var f hub.MirrorFilter
	c = a.verb(c, endless, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		a.say("working; large indexes take minutes")
		list, err := work(h, ctx, f)
		if err != nil {
			return err
		}
		err = a.print(outcomeReport{list}, func(t *table) { outcomeTable(t, list) })
		if err == nil && slices.ContainsFunc(list, func(o hub.MirrorOutcome) bool { return o.Reason != nil }) {
			return exitWith(bad)
		}
		return err
	})
	mirrorFlags(c, &f)
	return c
}

func outcomeTable(t *table, list []hub.MirrorOutcome) {
	rows := [][]any{}
	for _, o := range list {
		rows = append(rows, []any{o.Holder, o.Type, o.Epoch, o.Status, o.Reason})
	}
	t.rows([]string{"holder", "type", "epoch", "status", "reason"}, rows)
}
