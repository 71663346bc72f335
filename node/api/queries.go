package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crosslight/crosslight/node/hub"
)

// maxQueryRequest bounds the JSON part of a query with a feed, in bytes.
const maxQueryRequest = 1 << 20

// Names of the parts of a query with a feed, in the order in which they must come.
const (
	partRequest = "request"
	partFeed    = "feed"
	formType    = "multipart/form-data"
)

type pageInput struct {
	Cursor string `query:"cursor" doc:"The page before's next"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"Items a page; 0 for the default of 100"`
}

type idInput struct {
	ID string `path:"id"`
}

func (s *server) queryRoutes() {
	add(s, operation{"query", http.MethodPost, "/v1/queries", "queries", "Ask holders about values"},
		func(ctx context.Context, in *body[hub.QueryRequest]) (hub.QueryReport, error) {
			return s.hub.Query(ctx, in.Body, nil)
		})
	feed := operation{"query-feed", http.MethodPost, "/v1/queries/feed", "queries", "Ask holders about a feed of values"}
	register(s, feed, s.queryFeed, streamed(formType))
	// Only now: huma would read into memory any body whose schema is not plain bytes.
	s.api.OpenAPI().Paths[feed.path].Post.RequestBody.Content[formType].Schema = s.formSchema(reflect.TypeFor[hub.QueryRequest](), "QueryRequest")
	add(s, operation{"list-queries", http.MethodGet, "/v1/queries", "queries", "List past queries, newest first"},
		func(ctx context.Context, in *pageInput) (hub.QueryPage, error) {
			return s.hub.Queries(ctx, hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit})
		})
	add(s, operation{"get-query", http.MethodGet, "/v1/queries/{id}", "queries", "Show a past query with its matches"},
		func(ctx context.Context, in *idInput) (hub.QueryReport, error) {
			return s.hub.QueryByID(ctx, in.ID)
		})
}

// queryFeedInput is a form of two parts: request, the query as JSON, then feed. The second streams.
type queryFeedInput struct {
	contentType string
	raw         io.Reader
}

// Resolve takes the body before huma could read it into memory.
func (in *queryFeedInput) Resolve(c huma.Context) []error {
	in.contentType, in.raw = c.Header("Content-Type"), c.BodyReader()
	return nil
}

var _ huma.Resolver = (*queryFeedInput)(nil)

func (s *server) queryFeed(ctx context.Context, in *queryFeedInput) (*body[hub.QueryReport], error) {
	var req hub.QueryRequest
	feed, err := in.form(&req)
	if err != nil {
		return nil, s.fail(ctx, fmt.Errorf("%w: %w", hub.ErrInvalid, err))
	}
	report, err := s.hub.Query(ctx, req, feed)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	fillArrays(&report)
	return &body[hub.QueryReport]{report}, nil
}

// form reads the request into req and returns the feed unread.
func (in *queryFeedInput) form(req any) (io.Reader, error) {
	typ, params, err := mime.ParseMediaType(in.contentType)
	if err != nil || typ != formType || params["boundary"] == "" {
		return nil, fmt.Errorf("send %s with the parts %s and %s", formType, partRequest, partFeed)
	}
	form := multipart.NewReader(in.raw, params["boundary"])
	part, err := next(form, partRequest)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(io.LimitReader(part, maxQueryRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(req); err != nil {
		return nil, fmt.Errorf("part %s is not a request as JSON of at most %d bytes", partRequest, maxQueryRequest)
	}
	return next(form, partFeed)
}

func next(form *multipart.Reader, name string) (io.Reader, error) {
	part, err := form.NextPart()
	if err != nil || part.FormName() != name {
		return nil, fmt.Errorf("the part %s is missing: the form is %s, then %s", name, partRequest, partFeed)
	}
	return part, nil
}
