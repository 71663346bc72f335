package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/hub/local"
)

func (a *app) policyCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "policy", Short: "The rules on the ledger: who may ask whom about what",
		Example: "  crosslight policy check --from 'Example Bank' --to 'Example Police' --type phone --purpose financial-crime-report",
	}, a.policyShow(), a.policyCheck())
}

func (a *app) policyShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show", Short: "Show the rules in force", Example: "  crosslight policy show -o yaml > policy.yaml",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		p, err := h.Policy(ctx)
		if err != nil {
			return err
		}
		return a.print(p, func(t *table) { policyTable(t, p) })
	})
}

func policyTable(t *table, p hub.Policy) {
	t.line("policy %d; purposes: %s", p.Version, text(p.Purposes))
	t.line("Whatever no rule allows is denied.")
	rows := [][]any{}
	for _, r := range p.Rules {
		rows = append(rows, []any{
			r.ID, append(r.FromSectors, r.FromMembers...), append(r.ToSectors, r.ToMembers...), r.Types, r.Purposes,
			r.Reveal, r.CaseRequired, r.EvaluationsPerDay, setWords(r.WatchSize), setWords(r.BulkSetSize), learnWords(r),
		})
	}
	t.line("")
	t.rows([]string{
		"rule", "from", "to", "types", "purposes", "reveals", "case required", "a day", "watch", "sets of", "learn",
	}, rows)
	t.line("")
	for _, line := range local.PolicyBounds(p) {
		t.line("%s", line)
	}
}

func setWords(size uint64) string {
	if size == 0 {
		return "no"
	}
	return strconv.FormatUint(size, 10)
}

// learnWords says what two sets are reconciled for.
func learnWords(r hub.Rule) string {
	var words []string
	if r.BulkLearn != "" {
		words = append(words, r.BulkLearn)
	}
	if r.CountAllowed {
		words = append(words, "count")
	}
	return strings.Join(words, ", ")
}

func (a *app) policyCheck() *cobra.Command {
	var ask hub.PolicyAsk
	c := a.verb(&cobra.Command{
		Use: "check", Short: "May one member ask another, and by which rule",
		Long:    "Says whether the rules in force allow a question. Exits 3 when they do not.",
		Example: "  crosslight policy check --from 'Example Bank' --to 'Example Police' --type phone --purpose financial-crime-report --case",
	}, short, func(ctx context.Context, _ []string) error { return a.checkPolicy(ctx, ask) })
	f := c.Flags()
	f.StringVar(&ask.From, "from", "", "member that asks")
	f.StringVar(&ask.To, "to", "", "member that is asked")
	f.StringVar(&ask.Type, "type", "", "indicator type")
	f.StringVar(&ask.Purpose, "purpose", "", "declared purpose")
	f.BoolVar(&ask.HasCase, "case", false, "a case reference is given")
	require(c, "from", "to", "type", "purpose")
	return c
}

func (a *app) checkPolicy(ctx context.Context, ask hub.PolicyAsk) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	d, err := h.CheckPolicy(ctx, ask)
	if err != nil {
		return err
	}
	err = a.print(d, func(t *table) {
		if d.Allowed {
			t.line("allowed by rule %s; the answer reveals: %s", text(d.Rule), d.Reveal)
			return
		}
		t.line("denied: %s", text(d.Reason))
	})
	if err == nil && !d.Allowed {
		return exitWith(exitDenied)
	}
	return err
}
