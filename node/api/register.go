package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crosslight/crosslight/node/api/problem"
)

// huma keeps the constructor of its error documents in package variables and offers no other way to
// set it. This package is the module's only user of huma, and sets them once, before any use.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return refused("", status, msg, errs)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return refused(requestID(c.Context()), status, msg, errs)
	}
}

// refused is the document for a request that did not reach the hub. huma's details carry the value
// that was refused, which may be an indicator: only place and reason are passed on.
func refused(id string, status int, msg string, errs []error) *problem.Problem {
	p := problem.New(problem.OfStatus(status), msg, id)
	p.Status = status
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok {
			e := d.ErrorDetail()
			p.Errors = append(p.Errors, problem.Field{Location: e.Location, Message: e.Message})
		}
	}
	return p
}

// body is a response whose body is T as JSON.
type body[T any] struct{ Body T }

// none is the input of an operation that takes nothing.
type none struct{}

// operation is what the handlers state of themselves; the rest follows from it.
type operation struct {
	id, method, path, tag, summary string
}

// add registers a handler. It is where every hub error becomes a problem and where every null array
// of an answer becomes an empty one.
func add[I, T any](s *server, op operation, handle func(context.Context, *I) (T, error)) {
	register(s, op, func(ctx context.Context, in *I) (*body[T], error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		fillArrays(&out)
		return &body[T]{out}, nil
	})
}

func register[I, O any](s *server, op operation, handle func(context.Context, *I) (*O, error), more ...func(*huma.Operation)) {
	o := huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag}, Summary: op.summary,
		Errors: []int{
			http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
			http.StatusInsufficientStorage,
		},
	}
	for _, f := range more {
		f(&o)
	}
	huma.Register(s.api, o, handle)
}

// fail turns an error of the hub into its problem. What is not the hub's is our own bug: the log has
// it, the caller gets the request id to find it by.
func (s *server) fail(ctx context.Context, err error) *problem.Problem {
	kind, id := problem.Of(err), requestID(ctx)
	detail := err.Error()
	if kind.Err == nil {
		s.cfg.Logger.ErrorContext(ctx, "request failed", "request_id", id, "error", detail)
		detail = "the node failed on this request; its log has the reason under this request id"
	}
	return problem.New(kind, detail, id)
}
