package main

import (
	"bytes"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

// logFilter says which entries `ledger log` lists.
type logFilter struct {
	from         uint64
	limit        int
	kind, member string
}

// defaultLogPage is how many entries `ledger log` lists at a time.
const defaultLogPage = 100

func (a *app) ledgerLog() *cobra.Command {
	var o logFilter
	c := a.verb(&cobra.Command{
		Use: "log", Short: "List ledger entries",
		Example: "  crosslight ledger log --from 10 --limit 20\n  crosslight ledger log --kind vote --member 'Example Bank'",
	}, short, func(ctx context.Context, _ []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		page, err := o.list(ctx, h)
		if err != nil {
			return err
		}
		return a.print(page, func(t *table) { logTable(t, page) })
	})
	c.Flags().Uint64Var(&o.from, "from", 0, "first ledger index")
	c.Flags().IntVar(&o.limit, "limit", defaultLogPage, "entries a page")
	c.Flags().StringVar(&o.kind, "kind", "", "only entries of this kind, such as vote")
	c.Flags().StringVar(&o.member, "member", "", "only entries that this member signed")
	return c
}

// list reads pages until limit entries have passed the filter, or the ledger ends.
func (o logFilter) list(ctx context.Context, h hub.Hub) (hub.LedgerPage, error) {
	if o.limit <= 0 {
		return hub.LedgerPage{}, usage(errors.New("--limit: at least 1"))
	}
	out := hub.LedgerPage{Entries: []hub.LedgerEntry{}}
	for from := o.from; ; {
		page, err := h.LedgerLog(ctx, from, 0)
		if err != nil {
			return out, err
		}
		for _, e := range page.Entries {
			if o.kind != "" && e.Kind != o.kind || o.member != "" && e.Member != o.member {
				continue
			}
			if len(out.Entries) == o.limit {
				out.Next = e.Index
				return out, nil
			}
			out.Entries = append(out.Entries, e)
		}
		if from = page.Next; from == 0 {
			return out, nil
		}
	}
}

func logTable(t *table, page hub.LedgerPage) {
	rows := [][]any{}
	for _, e := range page.Entries {
		rows = append(rows, []any{e.Index, e.Kind, e.Member, e.Summary, e.Hash})
	}
	t.rows([]string{"index", "kind", "member", "summary", "leaf hash"}, rows)
	if page.Next > 0 {
		t.line("More: --from %d", page.Next)
	}
}

func (a *app) ledgerShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show INDEX|HASH", Short: "Show one ledger entry in full, decoded", Args: cobra.ExactArgs(1),
		Example: "  crosslight ledger show 12\n" +
			"  crosslight ledger show 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 -o json",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		e, err := h.LedgerEntry(ctx, args[0])
		if err != nil {
			return err
		}
		return a.print(e, func(t *table) { entryTable(t, e) })
	})
}

func entryTable(t *table, e hub.LedgerDetail) {
	t.line("index      %d", e.Index)
	t.line("kind       %s", text(e.Kind))
	t.line("summary    %s", text(e.Summary))
	if e.SignerKey != "" {
		t.line("signed by  %s, %s key %s, its entry %d", text(e.Member), e.Role, e.SignerKey, e.Seq)
	}
	t.line("ledger     %s, incarnation %d", e.LedgerID, e.Incarnation)
	t.line("leaf hash  %s", e.Hash)
	t.line("size       %d bytes", len(e.Raw))
	t.line("")
	var body bytes.Buffer
	if t.err == nil {
		t.err = writeYAML(&body, e.Body)
	}
	for line := range bytes.Lines(body.Bytes()) {
		t.line("  %s", text(string(bytes.TrimRight(line, "\n"))))
	}
}
