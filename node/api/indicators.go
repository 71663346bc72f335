package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crosslight/crosslight/node/hub"
)

// feedInput is a feed as the request's body. The hub reads it straight from the connection.
type feedInput struct {
	Format string `query:"format" enum:"csv,jsonl,threatexchange," doc:"Format of the feed; detected where absent"`
	Region string `query:"region" doc:"Default region of national phone numbers, ISO 3166-1 alpha-2"`
	DryRun bool   `query:"dry_run" doc:"Report what would happen and keep nothing"`

	feed io.Reader
}

// Resolve takes the body before huma could read it into memory.
func (f *feedInput) Resolve(c huma.Context) []error {
	f.feed = c.BodyReader()
	return nil
}

var _ huma.Resolver = (*feedInput)(nil)

type indicatorsInput struct {
	Cursor    string `query:"cursor" doc:"The page before's next"`
	Limit     int    `query:"limit" minimum:"0" maximum:"1000" doc:"Items a page; 0 for the default of 100"`
	Type      string `query:"type" doc:"Only this indicator type"`
	Reference string `query:"reference" doc:"Only this reference"`
}

func (in *indicatorsInput) filter() hub.IndicatorFilter {
	page := hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit}
	return hub.IndicatorFilter{PageRequest: page, Type: in.Type, Reference: in.Reference}
}

type indicatorInput struct {
	Digest string `path:"digest" doc:"Digest in hex"`
}

func (s *server) indicatorRoutes() {
	imports := operation{"import", http.MethodPost, "/v1/imports", "indicators", "Import a feed of indicators, all or nothing"}
	register(s, imports, s.imports, streamed("application/octet-stream"))
	add(s, operation{"list-indicators", http.MethodGet, "/v1/indicators", "indicators", "List own indicators, newest first"},
		func(ctx context.Context, in *indicatorsInput) (hub.IndicatorPage, error) {
			return s.hub.Indicators(ctx, in.filter())
		})
	add(s, operation{"get-indicator", http.MethodGet, "/v1/indicators/{digest}", "indicators", "Show one of the own indicators"},
		func(ctx context.Context, in *indicatorInput) (hub.Indicator, error) {
			return s.hub.Indicator(ctx, in.Digest)
		})
	add(s, operation{"withdraw", http.MethodPost, "/v1/withdrawals", "indicators", "Withdraw indicators from store and index"},
		func(ctx context.Context, in *body[hub.WithdrawRequest]) (hub.WithdrawReport, error) {
			return s.hub.Withdraw(ctx, in.Body)
		})
}

func (s *server) imports(ctx context.Context, in *feedInput) (*body[hub.ImportReport], error) {
	opts := hub.FeedOptions{Format: in.Format, Region: in.Region, DryRun: in.DryRun}
	report, err := s.hub.Import(ctx, in.feed, opts)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	fillArrays(&report)
	return &body[hub.ImportReport]{report}, nil
}

// feedSchema describes a body of bytes.
func feedSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary"}
}

// streamed documents a body that the handler reads itself.
func streamed(contentType string) func(*huma.Operation) {
	return func(o *huma.Operation) {
		o.RequestBody = &huma.RequestBody{
			Required: true,
			Content:  map[string]*huma.MediaType{contentType: {Schema: feedSchema()}},
		}
	}
}
