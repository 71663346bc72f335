package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crosslight/crosslight/node/hub"
)

// maxFormRequest bounds the JSON part of a form, in bytes.
const maxFormRequest = 1 << 20

// Names of the parts of a form with a feed, in the order in which they must come.
const (
	partRequest = "request"
	partFeed    = "feed"
	formType    = "multipart/form-data"
)

// addForm adds an operation whose body is a form of two parts: request, an R as JSON, then the feed. The
// second streams.
func addForm[R, T any](s *server, op operation, handle func(context.Context, R, io.Reader) (T, error)) {
	register(s, op, func(ctx context.Context, in *formInput) (*body[T], error) {
		var req R
		feed, err := in.form(&req)
		if err != nil {
			return nil, s.fail(ctx, fmt.Errorf("%w: %w", hub.ErrInvalid, err))
		}
		out, err := handle(ctx, req, feed)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		fillArrays(&out)
		return &body[T]{out}, nil
	}, streamed(formType))
	// Only now: huma would read into memory any body whose schema is not plain bytes.
	s.api.OpenAPI().Paths[op.path].Post.RequestBody.Content[formType].Schema = s.formSchema(reflect.TypeFor[R]())
}

// formInput is such a form, unread.
type formInput struct {
	contentType string
	raw         io.Reader
}

// Resolve takes the body before huma could read it into memory.
func (in *formInput) Resolve(c huma.Context) []error {
	in.contentType, in.raw = c.Header("Content-Type"), c.BodyReader()
	return nil
}

var _ huma.Resolver = (*formInput)(nil)

// form reads the request into req and returns the feed unread.
func (in *formInput) form(req any) (io.Reader, error) {
	typ, params, err := mime.ParseMediaType(in.contentType)
	if err != nil || typ != formType || params["boundary"] == "" {
		return nil, fmt.Errorf("send %s with the parts %s and %s", formType, partRequest, partFeed)
	}
	form := multipart.NewReader(in.raw, params["boundary"])
	part, err := next(form, partRequest)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(io.LimitReader(part, maxFormRequest))
	dec.DisallowUnknownFields()
	if err := dec.Decode(req); err != nil {
		return nil, fmt.Errorf("part %s is not a request as JSON of at most %d bytes", partRequest, maxFormRequest)
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

// formSchema describes a form of a request of type t and a feed.
func (s *server) formSchema(t reflect.Type) *huma.Schema {
	return &huma.Schema{
		Type:     huma.TypeObject,
		Required: []string{partRequest, partFeed},
		Properties: map[string]*huma.Schema{
			partRequest: s.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name()),
			partFeed:    feedSchema(),
		},
	}
}
