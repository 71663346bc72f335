package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) reconcileCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "reconcile", Short: "Compare whole sets with another member",
		Example: "  crosslight reconcile request 'Example Bank' --type email --purpose platform-safety --case CASE-7\n" +
			"  crosslight reconcile run 3f2a",
	}, a.reconcileRequest(), a.reconcileDecide(true), a.reconcileDecide(false), a.reconcileRun(), a.reconcileList(), a.reconcileShow(), a.reconcileCancel())
}

func (a *app) reconcileRequest() *cobra.Command {
	var req hub.ReconcileRequest
	c := a.verb(&cobra.Command{
		Use: "request MEMBER", Short: "Offer a member to compare all indicators of a type", Args: cobra.ExactArgs(1),
		Long: "Offers another member to compare the sets of one indicator type. Its operator, or its configuration,\n" +
			"approves or denies it; `reconcile run` then compares. The other member learns that you want to compare,\n" +
			"the type, the purpose and a bound on the size of your set; who learns what the sets share says policy.\n" +
			"An offer stands for 7 days. Whoever learns is charged, at the other, about twice the size of its set.",
		Example: "  crosslight reconcile request 'Example Bank' --type email --purpose platform-safety --case CASE-7 --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		req.Member, req.Purpose = args[0], a.cfg.Purpose
		if req.Type == "" || req.Purpose == "" {
			return usageText("name a --type and a --purpose; `crosslight policy show` lists them")
		}
		return a.reconciled(func(h hub.Hub) (hub.Reconcile, error) { return h.RequestReconcile(ctx, req) })
	})
	f := c.Flags()
	f.StringVar(&req.Type, "type", "", "the indicator type to compare")
	f.StringVar(&req.Case, "case", "", "case reference; only a commitment to it leaves this node")
	f.StringVar(&req.Learn, "learn", "", "who learns what the sets share: initiator, other or both (default: as policy says)")
	f.Uint64Var(&req.Items, "items", 0, "the most indicators that you will bring (default: what there are, with room to grow)")
	f.BoolVar(&req.Compact, "compact", false, "send fewer bytes for more processor time")
	f.BoolVar(&req.DryRun, "dry-run", false, "say what would be offered and charged, and stop")
	f.String("purpose", "", "declared purpose, one of the ledger's")
	setting(f.Lookup("purpose"), "purpose")
	return c
}

func (a *app) reconcileDecide(approve bool) *cobra.Command {
	var yes bool
	req := hub.ReconcileDecision{Approve: approve}
	verb, what := "deny", "Deny what another member offers to compare"
	if approve {
		verb, what = "approve", "Approve what another member offers to compare"
	}
	c := a.verb(&cobra.Command{
		Use: verb + " ID", Short: what, Args: cobra.ExactArgs(1),
		Example: "  crosslight reconcile " + verb + " 3f2a",
	}, short, func(ctx context.Context, args []string) error {
		req.ID = args[0]
		if approve && !req.DryRun {
			if err := a.confirm(yes, "Approve it? What the sets share cannot be taken back once it was compared."); err != nil {
				return err
			}
		}
		return a.reconciled(func(h hub.Hub) (hub.Reconcile, error) { return h.DecideReconcile(ctx, req) })
	})
	if approve {
		yesFlag(c, &yes)
	}
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "look and stop")
	return c
}

func (a *app) reconcileCancel() *cobra.Command {
	var req hub.ReconcileCancel
	c := a.verb(&cobra.Command{
		Use: "cancel ID", Short: "End a reconciliation at once, on either side", Args: cobra.ExactArgs(1),
		Example: "  crosslight reconcile cancel 3f2a --dry-run",
	}, short, func(ctx context.Context, args []string) error {
		req.ID = args[0]
		return a.reconciled(func(h hub.Hub) (hub.Reconcile, error) { return h.CancelReconcile(ctx, req) })
	})
	c.Flags().BoolVar(&req.DryRun, "dry-run", false, "look and stop")
	return c
}

// reconciled does one thing to a reconciliation and prints it.
func (a *app) reconciled(do func(hub.Hub) (hub.Reconcile, error)) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	r, err := do(h)
	if err != nil {
		return err
	}
	return a.print(r, func(t *table) { reconcileTable(t, r) })
}

func (a *app) reconcileShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show ID", Short: "Show a reconciliation, how far it is and what it found", Args: cobra.ExactArgs(1),
		Example: "  crosslight reconcile show 3f2a -o json",
	}, short, func(ctx context.Context, args []string) error {
		return a.reconciled(func(h hub.Hub) (hub.Reconcile, error) { return h.ReconcileByID(ctx, args[0]) })
	})
}

func (a *app) reconcileList() *cobra.Command {
	var page hub.PageRequest
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List what this member and others have offered to compare, newest first",
		Example: "  crosslight reconcile list --limit 20",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		list, err := h.Reconciles(ctx, page)
		if err != nil {
			return err
		}
		return a.print(list, func(t *table) {
			rows := [][]any{}
			for _, r := range list.Reconciles {
				rows = append(rows, []any{r.ID, r.Initiator, r.Other, r.Type, r.Purpose, r.Learn, r.State, r.MatchCount, r.ExpiresAt.Format(time.RFC3339)})
			}
			t.rows([]string{"id", "initiator", "other", "type", "purpose", "learns", "state", "matches", "expires"}, rows)
			t.more(list.Next)
		})
	})
	pageFlags(c, &page)
	return c
}

func (a *app) reconcileRun() *cobra.Command {
	var background, exitCode bool
	c := a.verb(&cobra.Command{
		Use: "run ID", Short: "Compare the sets, once the other side has approved it", Args: cobra.ExactArgs(1),
		Long: "Delivers the offer again and, where the other member has approved it, compares the sets. The node goes\n" +
			"on where this command is interrupted: `reconcile show` says how far it is, `reconcile cancel` ends it.\n" +
			"Exits 4 while the other side has not approved it, or where the comparison has to be run again.",
		Example: "  crosslight reconcile run 3f2a",
	}, endless, func(ctx context.Context, args []string) error {
		return a.runReconcile(ctx, args[0], background, exitCode)
	})
	c.Flags().BoolVar(&background, "background", false, "begin and return")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit 5 when nothing matched")
	return c
}

func (a *app) runReconcile(ctx context.Context, id string, background, exitCode bool) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	r, err := h.RunReconcile(ctx, id)
	if err != nil {
		return err
	}
	if !background {
		if r, err = a.followRun(ctx, h, r); err != nil {
			return err
		}
	}
	if err := a.print(r, func(t *table) { reconcileTable(t, r) }); err != nil {
		return err
	}
	switch r.State {
	case "done":
		if exitCode && r.MatchCount == 0 {
			return exitWith(exitNoMatch)
		}
		return nil
	case "running":
		return nil
	case "denied":
		return &codedError{exitDenied, fmt.Errorf("the other side denied it")}
	case "failed", "cancelled", "expired":
		return fmt.Errorf("it is %s: %s", r.State, deref(r.Detail))
	}
	return fmt.Errorf("%w: it is %s: %s", hub.ErrUnavailable, r.State, deref(r.Detail))
}

// followRun shows how far a run is until it is over or stands still.
func (a *app) followRun(ctx context.Context, h hub.Hub, r hub.Reconcile) (hub.Reconcile, error) {
	bar := newPassBar(a.err)
	defer bar.end()
	for r.State == "running" {
		bar.at(r.Progress)
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(pollEvery):
		}
		var err error
		if r, err = h.ReconcileByID(ctx, r.ID); err != nil {
			return r, err
		}
	}
	return r, nil
}

// passBar shows a person how far a pass is. It is nil off a terminal.
type passBar struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	pass int
}

func newPassBar(out io.Writer) *passBar {
	if !terminal(out) {
		return nil
	}
	return &passBar{bars: mpb.New(mpb.WithOutput(out))}
}

func (p *passBar) at(progress *hub.ReconcileProgress) {
	if p == nil || progress == nil {
		return
	}
	if p.bar == nil || p.pass != progress.Pass {
		if p.bar != nil {
			p.bar.Abort(true)
		}
		p.pass = progress.Pass
		p.bar = p.bars.AddBar(1, mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("comparing, pass %d ", p.pass))),
			mpb.AppendDecorators(decor.CountersNoUnit("%d / %d messages")))
	}
	p.bar.SetTotal(int64(max(progress.Total, progress.Done+1)), false)
	p.bar.SetCurrent(int64(progress.Done))
}

func (p *passBar) end() {
	if p == nil {
		return
	}
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.bars.Wait()
}

func reconcileTable(t *table, r hub.Reconcile) {
	t.dryRun(r.DryRun, "done")
	t.line("reconcile   %s", r.ID)
	t.line("between     %s (initiator) and %s", text(r.Initiator), text(r.Other))
	t.line("compares    %s for %s; learns: %s%s", text(r.Type), text(r.Purpose), text(r.Learn), map[bool]string{true: ", with labels"}[r.Labels])
	t.line("sizes       at most %d of the initiator's; own %s, theirs %s", r.Items, count(r.Own), count(r.Theirs))
	if r.Charge != nil {
		t.line("charged     %d evaluations to whoever learns from a set of %d", *r.Charge, r.Items)
	}
	t.line("state       %s %s", text(r.State), text(deref(r.Detail)))
	if r.Progress != nil {
		t.line("progress    pass %d of %d, %d of %d messages", r.Progress.Pass, r.Passes, r.Progress.Done, r.Progress.Total)
	}
	t.line("passes      %d of %d done, %d matches", r.PassesDone, r.Passes, r.MatchCount)
	t.line("expires     %s", r.ExpiresAt.Format(time.RFC3339))
	if len(r.Receipts) > 0 {
		rows := [][]any{}
		for _, x := range r.Receipts {
			rows = append(rows, []any{x.Pass, x.Receiver, x.Sender, x.ReceiverItems, x.SenderItems, x.Charged})
		}
		t.line("")
		t.rows([]string{"pass", "learnt", "sender", "receiver's items", "sender's items", "charged"}, rows)
	}
	if len(r.Matches) > 0 {
		t.line("")
		matchTable(t, r.Matches)
	}
}

// count is a number that may not be known yet.
func count(n *int64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}
