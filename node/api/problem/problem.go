// Package problem is how an error crosses the HTTP API: the one table that gives each error of
// package hub its status and its stable problem type, and the problem document of RFC 9457 that
// carries it. Server and client read the same table, one in each direction.
//
// What leaks: the text of a hub error, which never holds an indicator's value or digest. Errors
// that are not the hub's (our own bugs) cross as [Internal] without their text.
package problem

import (
	"context"
	"errors"
	"net/http"

	"github.com/crosslight/crosslight/node/hub"
)

// urn is the prefix of every problem type.
const urn = "urn:crosslight:problem:"

// Header names that server and client agree on.
const (
	// RequestIDHeader carries the request's id in both directions.
	RequestIDHeader = "X-Request-Id"
	// TimeoutHeader carries the caller's patience in seconds, as a decimal number. The node answers
	// with what it has just before that, so that a slow holder costs its own answer only.
	TimeoutHeader = "Request-Timeout"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// Kind is one class of failure.
type Kind struct {
	URN    string // stable problem type
	Title  string
	Status int   // HTTP status
	Err    error // the hub's error that it stands for; nil for Internal
}

// Internal is an error of our own making. Its text stays in the node's log, under the request id.
var Internal = Kind{urn + "internal", "Internal error", http.StatusInternalServerError, nil}

// Unauthenticated is a request without the node's token.
var Unauthenticated = Kind{urn + "unauthenticated", "Token missing or wrong", http.StatusUnauthorized, hub.ErrDenied}

// kinds is searched in order, so that an error that wraps two finds the stronger one first.
var kinds = []Kind{
	{urn + "storage", "Storage failed", http.StatusInsufficientStorage, hub.ErrStorage},
	{urn + "denied", "Denied", http.StatusForbidden, hub.ErrDenied},
	{urn + "not-found", "Not found", http.StatusNotFound, hub.ErrNotFound},
	{urn + "conflict", "Conflict", http.StatusConflict, hub.ErrConflict},
	{urn + "invalid", "Invalid request", http.StatusUnprocessableEntity, hub.ErrInvalid},
	{urn + "unavailable", "Unavailable", http.StatusServiceUnavailable, hub.ErrUnavailable},
	{urn + "timeout", "Timed out", http.StatusGatewayTimeout, context.DeadlineExceeded},
}

// Of returns the kind of err.
func Of(err error) Kind {
	for _, k := range kinds {
		if errors.Is(err, k.Err) {
			return k
		}
	}
	return Internal
}

// OfStatus returns the kind for a status that the HTTP layer itself answered with, such as 415.
func OfStatus(status int) Kind {
	for _, k := range append([]Kind{Unauthenticated}, kinds...) {
		if k.Status == status {
			return k
		}
	}
	if status < http.StatusInternalServerError {
		return Kind{urn + "invalid", http.StatusText(status), status, hub.ErrInvalid}
	}
	return Internal
}

// Problem is a problem document (RFC 9457) with the request's id as an extension member.
type Problem struct {
	Type      string  `json:"type" doc:"Stable name of the class of failure" example:"urn:crosslight:problem:denied"`
	Title     string  `json:"title" doc:"The class in words"`
	Status    int     `json:"status" doc:"HTTP status"`
	Detail    string  `json:"detail" doc:"What went wrong here and what to do next"`
	RequestID string  `json:"request_id" doc:"Names the request in the node's log"`
	Errors    []Field `json:"errors,omitempty" doc:"Which fields of the request were refused"`
}

// Field is one refused field of a request. It never quotes what stood there.
type Field struct {
	Location string `json:"location" doc:"Path of the field, such as body.purpose"`
	Message  string `json:"message" doc:"What was expected"`
}

// New returns the problem document for a failure of kind k.
func New(k Kind, detail, requestID string) *Problem {
	return &Problem{Type: k.URN, Title: k.Title, Status: k.Status, Detail: detail, RequestID: requestID}
}

// Error returns the detail, with the refused fields.
func (p *Problem) Error() string {
	text := p.Detail
	for _, f := range p.Errors {
		text += "; " + f.Location + ": " + f.Message
	}
	return text
}

// Unwrap returns the hub's error that the problem stands for, so that errors.Is works on the far
// side of HTTP as it does on the near side.
func (p *Problem) Unwrap() error {
	for _, k := range append([]Kind{Unauthenticated}, kinds...) {
		if k.URN == p.Type {
			return far(k.Err)
		}
	}
	return nil
}

// far translates what only the near side can act on: a deadline that passed in the node is, to its
// caller, a node that did not answer.
func far(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return hub.ErrUnavailable
	}
	return err
}

// GetStatus returns the HTTP status; huma asks for it.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType names the document's media type; huma asks for it.
func (*Problem) ContentType(string) string { return ContentType }
