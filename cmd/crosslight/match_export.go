package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

// exportPage is how many matches an export fetches at a time.
const exportPage = 1000

func (a *app) matchExport() *cobra.Command {
	var o matchFlags
	var format string
	c := a.verb(&cobra.Command{
		Use: "export", Short: "Write all matches as CSV or JSON lines", Args: cobra.NoArgs,
		Long: "Writes every match that the filters let through to standard output, newest first. Cells that a\n" +
			"spreadsheet would take for a formula begin with an apostrophe.",
		Example: "  crosslight match export --format csv --since 2026-03-01 > matches.csv\n  crosslight match export --format jsonl --case CASE-7",
	}, endless, func(ctx context.Context, _ []string) error {
		if err := o.times(); err != nil {
			return err
		}
		var w matchWriter
		switch format {
		case "csv":
			w = &csvMatches{w: csv.NewWriter(a.out)}
		case "jsonl":
			w = jsonMatches{a.out}
		default:
			return usageText("--format is csv or jsonl")
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		return exportMatches(ctx, h, o.MatchFilter, w)
	})
	o.bind(c)
	c.Flags().StringVar(&format, "format", "csv", "csv or jsonl")
	return c
}

type matchWriter interface {
	write(m hub.MatchRecord) error
	end() error
}

func exportMatches(ctx context.Context, h hub.Hub, f hub.MatchFilter, w matchWriter) error {
	f.Limit = exportPage
	for {
		page, err := h.Matches(ctx, f)
		if err != nil {
			return err
		}
		for _, m := range page.Matches {
			if err := w.write(m); err != nil {
				return err
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return w.end()
		}
	}
}

type jsonMatches struct{ w io.Writer }

func (j jsonMatches) write(m hub.MatchRecord) error { return json.NewEncoder(j.w).Encode(m) }
func (j jsonMatches) end() error                    { return nil }

// csvMatches writes a header first, also where nothing follows.
type csvMatches struct {
	w      *csv.Writer
	headed bool
}

func (c *csvMatches) head() error {
	if c.headed {
		return nil
	}
	c.headed = true
	return c.w.Write([]string{
		"id", "type", "reference", "holder", "category", "severity", "confidence", "holder_reference", "contact", "first_seen",
		"source", "state", "found_at", "last_found_at",
	})
}

func (c *csvMatches) write(m hub.MatchRecord) error {
	if err := c.head(); err != nil {
		return err
	}
	severity := ""
	if m.Severity != nil {
		severity = strconv.Itoa(*m.Severity)
	}
	return c.w.Write([]string{
		m.ID, m.Type, cell(deref(m.Reference)), cell(m.Holder), deref(m.Category), severity, deref(m.Confidence),
		cell(deref(m.HolderReference)), cell(deref(m.Contact)), deref(m.FirstSeen), m.Source, m.State,
		m.FoundAt.Format(time.RFC3339Nano), m.LastFoundAt.Format(time.RFC3339Nano),
	})
}

func (c *csvMatches) end() error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// cell keeps another member's text from being run as a formula by whoever opens the file.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
