package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/indicator/feed"
)

// maxQuestions is how many distinct indicators one query may ask about: some 200 bytes of memory each,
// and 64 more for each holder until its exchange is over.
const maxQuestions = 2_000_000

// question is one distinct indicator to ask about.
type question struct {
	digest    indicator.Digest
	reference *string // the querier's own, of the first line that named it
	place     int     // in the question of a watch
}

// questions are the distinct indicators of a query, by type.
type questions struct {
	byType map[indicator.Type][]question
	seen   map[indicator.Digest]bool
	only   []string // types asked for; empty is all
}

func (q *questions) count() int64 { return int64(len(q.seen)) }

// types lists the types that occur, in order.
func (q *questions) types() []indicator.Type {
	var out []indicator.Type
	for t := range q.byType {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

func (q *questions) add(t indicator.Type, d indicator.Digest, reference *string) error {
	if q.seen[d] || len(q.only) > 0 && !slices.Contains(q.only, string(t)) {
		return nil
	}
	if len(q.seen) >= maxQuestions {
		return fmt.Errorf("%w: more than %d distinct indicators; split the query", hub.ErrInvalid, maxQuestions)
	}
	q.seen[d] = true
	q.byType[t] = append(q.byType[t], question{digest: d, reference: reference})
	return nil
}

// collect reads everything that a request asks about, from its values and from the feed.
func (h *Hub) collect(ctx context.Context, req hub.QueryRequest, in io.Reader, report *hub.QueryReport) (*questions, error) {
	q := &questions{byType: map[indicator.Type][]question{}, seen: map[indicator.Digest]bool{}, only: req.Types}
	for _, t := range req.Types {
		if _, err := indicator.ParseType(t); err != nil {
			return nil, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
		}
	}
	for i, v := range req.Values {
		if err := h.collectValue(ctx, q, int64(i)+1, v, req.Feed.Region, report); err != nil {
			return nil, err
		}
	}
	if in != nil {
		if err := h.collectFeed(ctx, q, req.Feed, in, report); err != nil {
			return nil, err
		}
	}
	report.Queried = q.count()
	return q, nil
}

// collectValue takes one value of the request. A value that is refused is reported, and the others
// are asked about all the same. One that this member holds itself goes under its own reference.
func (h *Hub) collectValue(ctx context.Context, q *questions, n int64, v hub.Value, region string, report *hub.QueryReport) error {
	c, err := h.resolve(v, region)
	if err != nil {
		reason := strings.TrimPrefix(err.Error(), hub.ErrInvalid.Error()+": ")
		refuse(report, hub.Refusal{Line: n, Type: v.Type, Reason: reason})
		return nil
	}
	if c.reason != "" {
		report.Suppressed++
		return nil
	}
	if err := q.add(c.typ, c.digest, h.reference(ctx, c.digest)); err != nil {
		return err
	}
	for _, d := range c.derived {
		if err := q.add(d.Type(), d.Digest(), h.reference(ctx, d.Digest())); err != nil {
			return err
		}
	}
	return nil
}

// reference is under which reference this member holds an indicator, or nil. A store that cannot say
// is no reason not to ask.
func (h *Hub) reference(ctx context.Context, d indicator.Digest) *string {
	own, err := h.cfg.Store.Indicator(ctx, d)
	if err != nil || own.Reference == "" {
		return nil
	}
	return &own.Reference
}

func (h *Hub) collectFeed(ctx context.Context, q *questions, o hub.FeedOptions, in io.Reader, report *hub.QueryReport) error {
	reader, err := feed.NewReader(in, h.feedOptions(o, true))
	if err != nil {
		return err
	}
	for {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("the feed broke off, nothing was asked: %w", err)
		}
		if err := q.addRow(row, report); err != nil {
			return err
		}
	}
}

func (q *questions) addRow(row feed.Row, report *hub.QueryReport) error {
	switch {
	case row.Refusal != "":
		refuse(report, hub.Refusal{Line: row.Line, Type: string(row.Type), Reason: row.Refusal})
		return nil
	case row.Suppressed:
		report.Suppressed++
		return nil
	}
	if err := q.add(row.Type, row.Digest, row.Label.Reference); err != nil {
		return err
	}
	for _, d := range row.Derived {
		if err := q.add(d.Type, d.Digest, row.Label.Reference); err != nil {
			return err
		}
	}
	return nil
}

func refuse(report *hub.QueryReport, r hub.Refusal) {
	report.Refused++
	if len(report.Refusals) < hub.MaxRefusals {
		report.Refusals = append(report.Refusals, r)
	}
}
