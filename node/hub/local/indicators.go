package local

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// digestPrefix marks a value that is a digest already.
const digestPrefix = "digest:"

// Indicators implements [hub.Hub].
func (h *Hub) Indicators(ctx context.Context, f hub.IndicatorFilter) (hub.IndicatorPage, error) {
	filter := store.Filter{Reference: f.Reference}
	if f.Type != "" {
		t, err := indicator.ParseType(f.Type)
		if err != nil {
			return hub.IndicatorPage{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
		}
		filter.Type = t
	}
	rows, next, err := h.cfg.Store.Indicators(ctx, filter, f.Cursor, f.Limit)
	if err != nil {
		return hub.IndicatorPage{}, classed(err)
	}
	page := hub.IndicatorPage{Indicators: []hub.Indicator{}, Next: next}
	for _, row := range rows {
		page.Indicators = append(page.Indicators, indicatorOf(row))
	}
	return page, nil
}

// Indicator implements [hub.Hub].
func (h *Hub) Indicator(ctx context.Context, digest string) (hub.Indicator, error) {
	d, err := parseHexDigest(digest)
	if err != nil {
		return hub.Indicator{}, err
	}
	row, err := h.cfg.Store.Indicator(ctx, d)
	if errors.Is(err, store.ErrNotFound) {
		return hub.Indicator{}, fmt.Errorf("%w: this member holds no indicator with that digest", hub.ErrNotFound)
	}
	if err != nil {
		return hub.Indicator{}, classed(err)
	}
	return indicatorOf(row), nil
}

// Withdraw implements [hub.Hub]. When it returns, the indicators are out of the store and out of the
// index that this node serves, and those mirrors that can be reached have said so or had the time for it.
func (h *Hub) Withdraw(ctx context.Context, req hub.WithdrawRequest) (hub.WithdrawReport, error) {
	what := store.Withdrawal{Reference: req.Reference, DryRun: req.DryRun}
	for i, v := range req.Values {
		d, err := h.withdrawn(v, req.Region)
		if err != nil {
			return hub.WithdrawReport{}, fmt.Errorf("value %d: %w", i+1, err)
		}
		what.Digests = append(what.Digests, d...)
	}
	if len(what.Digests) == 0 && what.Reference == "" {
		return hub.WithdrawReport{}, fmt.Errorf("%w: name a value, a digest or a reference to withdraw", hub.ErrInvalid)
	}
	gone, unknown, removal, err := h.cfg.Store.Withdraw(ctx, what)
	if err != nil {
		return hub.WithdrawReport{}, classed(err)
	}
	report := hub.WithdrawReport{Withdrawn: int64(len(gone)), Unknown: unknown, Digests: []string{}}
	for _, g := range gone {
		report.Digests = append(report.Digests, hex.EncodeToString(g.Digest[:]))
	}
	sort.Strings(report.Digests)
	if req.DryRun || len(gone) == 0 {
		return report, nil
	}
	h.cfg.Log.Info("withdrawn", "count", len(gone))
	h.cfg.Indexer.Kick()
	if err := h.cfg.Indexer.Publish(ctx); err != nil && !errors.Is(err, holder.ErrNoEpoch) {
		return report, classed(fmt.Errorf("%d indicators are withdrawn from the store, but the index shows them until it is built, which the node goes on trying: %w", len(gone), err))
	}
	far, err := h.awaitRemoval(ctx, removal, time.Duration(min(req.WaitSeconds, maxWait))*time.Second)
	if err != nil {
		return report, err
	}
	report.Removal = &far
	return report, nil
}

// maxWait is how many seconds a withdrawal waits for mirrors at most.
const maxWait = 60

// withdrawn resolves a value to its digest. What was derived from it stays unless it is named too: it
// may have been imported for itself.
func (h *Hub) withdrawn(v hub.Value, region string) ([]indicator.Digest, error) {
	if v.Type == "" { // a digest alone names an indicator of any type
		d, err := parseHexDigest(strings.TrimPrefix(v.Raw, digestPrefix))
		return []indicator.Digest{d}, err
	}
	c, err := h.resolve(v, region)
	if err != nil {
		return nil, err
	}
	return []indicator.Digest{c.digest}, nil
}

// resolved is a value brought to its digest, with what follows from it.
type resolved struct {
	typ     indicator.Type
	digest  indicator.Digest
	derived []indicator.Canonical
	reason  string // why it is suppressed, or empty
}

// resolve canonicalises a raw value or reads a digest. The error is [hub.ErrInvalid] and does not
// quote the value.
func (h *Hub) resolve(v hub.Value, region string) (resolved, error) {
	t, err := indicator.ParseType(v.Type)
	if err != nil {
		return resolved{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	if strings.HasPrefix(v.Raw, digestPrefix) {
		d, err := indicator.ParseDigest(t, v.Raw)
		if err != nil {
			return resolved{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
		}
		reason, _ := indicator.SuppressedDigest(t, d)
		return resolved{typ: t, digest: d, reason: reason}, nil
	}
	if region == "" {
		region = h.cfg.Region
	}
	c, err := indicator.Canonicalise(t, v.Raw, indicator.Options{Region: region})
	if err != nil {
		return resolved{}, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	reason, _ := indicator.Suppressed(c)
	return resolved{typ: t, digest: c.Digest(), derived: c.Derived(), reason: reason}, nil
}

func parseHexDigest(s string) (d indicator.Digest, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(d) {
		return d, fmt.Errorf("%w: a digest is 64 hexadecimal digits", hub.ErrInvalid)
	}
	return indicator.Digest(b), nil
}

func indicatorOf(row store.Indicator) hub.Indicator {
	return hub.Indicator{
		Digest: hex.EncodeToString(row.Digest[:]), Type: string(row.Type),
		Label: labelOf(row.Label), Imported: row.Imported.UTC(),
	}
}

// labelOf shows an own label. One that does not decode was written by another version and shows empty.
func labelOf(raw []byte) hub.Label {
	l, err := indicator.DecodeLabel(raw)
	if err != nil {
		return hub.Label{}
	}
	return hub.Label{
		Category: string(l.Category), Severity: l.Severity, Reference: l.Reference, Contact: l.Contact,
		Confidence: text(l.Confidence), FirstSeen: text(l.FirstSeen), Expires: text(l.Expires),
	}
}

// text is an optional word as an optional string.
func text[T ~string](v *T) *string {
	if v == nil {
		return nil
	}
	s := string(*v)
	return &s
}
