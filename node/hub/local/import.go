package local

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/indicator/feed"
)

// Import implements [hub.Hub]. It returns when the rows are stored and, if this member has an epoch
// yet, others can find them in its index.
func (h *Hub) Import(ctx context.Context, in io.Reader, opts hub.FeedOptions) (hub.ImportReport, error) {
	report, err := h.stage(ctx, in, opts)
	if err != nil {
		return hub.ImportReport{}, classed(err)
	}
	if opts.DryRun {
		return report, nil
	}
	h.countImport(report)
	h.cfg.Log.Info("imported", "lines", report.Lines, "imported", report.Imported, "refused", report.Refused,
		"duplicates", report.Duplicates, "suppressed", report.Suppressed, "derived", report.Derived)
	h.cfg.Indexer.Kick()
	err = h.cfg.Indexer.Publish(ctx)
	if err != nil && !errors.Is(err, holder.ErrNoEpoch) {
		return report, classed(fmt.Errorf("%d indicators are imported and safe, but others cannot find them before the index is built, which the node goes on trying: %w", report.Imported, err))
	}
	return report, nil
}

// stage reads the feed into a staged import and commits it, all or nothing.
func (h *Hub) stage(ctx context.Context, in io.Reader, opts hub.FeedOptions) (hub.ImportReport, error) {
	report := hub.ImportReport{Refusals: []hub.Refusal{}}
	reader, err := feed.NewReader(in, h.feedOptions(opts, false))
	if err != nil {
		return report, err
	}
	staged, err := h.cfg.Store.Begin(ctx)
	if err != nil {
		return report, err
	}
	defer staged.Abort() //nolint:errcheck // after Commit it does nothing; what it cannot remove, the next start does
	for {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return report, fmt.Errorf("the feed broke off, nothing of it was kept: %w", err)
		}
		if err := takeRow(staged, row, &report); err != nil {
			return report, err
		}
	}
	commit := staged.Commit
	if opts.DryRun {
		commit = staged.Preview
	}
	counts, err := commit(ctx)
	if err != nil {
		return report, err
	}
	report.Imported, report.Duplicates, report.Derived = counts.Imported, counts.Duplicates, counts.Derived
	return report, nil
}

func (h *Hub) feedOptions(o hub.FeedOptions, query bool) feed.Options {
	region := o.Region
	if region == "" {
		region = h.cfg.Region
	}
	return feed.Options{Format: feed.Format(o.Format), Region: region, Now: h.cfg.Now(), Query: query}
}

// takeRow counts one row and stages what it brings.
func takeRow(staged *store.Import, row feed.Row, report *hub.ImportReport) error {
	report.Lines++
	switch {
	case row.Refusal != "":
		report.Refused++
		report.Refusals = appendRefusal(report.Refusals, row)
		return nil
	case row.Suppressed:
		report.Suppressed++
		return nil
	}
	if err := stageItem(staged, row.Type, row.Digest, row.Label, false); err != nil {
		return err
	}
	for _, d := range row.Derived {
		if err := stageItem(staged, d.Type, d.Digest, d.Label, true); err != nil {
			return err
		}
	}
	return nil
}

func appendRefusal(list []hub.Refusal, row feed.Row) []hub.Refusal {
	if len(list) >= hub.MaxRefusals {
		return list
	}
	return append(list, hub.Refusal{Line: row.Line, Type: string(row.Type), Reason: row.Refusal})
}

func stageItem(staged *store.Import, t indicator.Type, d indicator.Digest, l indicator.Label, derived bool) error {
	label, err := l.Encode()
	if err != nil {
		return err
	}
	row := store.Row{Type: t, Digest: d, Label: label, Derived: derived}
	if l.Reference != nil {
		row.Reference = *l.Reference
	}
	if l.Expires != nil {
		row.Expires = string(*l.Expires)
	}
	return staged.Add(row)
}

func (h *Hub) countImport(r hub.ImportReport) {
	for outcome, n := range map[string]int64{
		"imported": r.Imported, "refused": r.Refused, "duplicate": r.Duplicates,
		"suppressed": r.Suppressed, "derived": r.Derived,
	} {
		h.cfg.Metrics.Imports.WithLabelValues(outcome).Add(float64(n))
	}
}
