// Package client is the far side of a node's API: a [hub.Hub] whose methods travel over HTTP to the
// node that does the work. The command line is written against it, and outsiders may be; it holds no
// server code.
//
// Errors are those of package hub, with the node's own text: errors.Is tells a caller the same here
// as in the node. A node that cannot be reached is [hub.ErrUnavailable].
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/api/problem"
	"github.com/crosslight/crosslight/node/hub"
)

// maxProblem bounds a problem document, in bytes.
const maxProblem = 1 << 20

// Client is a node's hub over HTTP. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
}

var _ hub.Hub = (*Client)(nil)

// New returns a client of the node at base, such as http://127.0.0.1:7480, that shows token.
func New(base, token string) *Client {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     30 * time.Second,
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Transport: transport}}
}

// call is one request: what to send and where to put the answer.
type call struct {
	method, path string
	query        url.Values
	contentType  string
	body         io.Reader
	header       http.Header // beside what every call has
}

// get and post are the two shapes that nearly every call has.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	return do[T](ctx, c, call{method: http.MethodGet, path: path, query: query})
}

func post[T any](ctx context.Context, c *Client, path string, in any) (T, error) {
	b, err := json.Marshal(in)
	if err != nil {
		var zero T
		return zero, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	return do[T](ctx, c, call{method: http.MethodPost, path: path, contentType: "application/json", body: bytes.NewReader(b)})
}

func do[T any](ctx context.Context, c *Client, in call) (T, error) {
	var out T
	resp, err := c.send(ctx, in)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, cut(ctx, "the node's answer was cut off or is not JSON", err)
	}
	return out, nil
}

// send returns a response whose status is 200, or an error.
func (c *Client) send(ctx context.Context, in call) (*http.Response, error) {
	req, err := c.request(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, cut(ctx, "no node answers at "+c.base+": run `crosslight node start` on this home, then repeat the command, which is safe", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

func (c *Client) request(ctx context.Context, in call) (*http.Request, error) {
	target := c.base + in.path
	if len(in.query) > 0 {
		target += "?" + in.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, in.method, target, in.body)
	if err != nil {
		return nil, err
	}
	for name, values := range in.header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if in.contentType != "" {
		req.Header.Set("Content-Type", in.contentType)
	}
	if deadline, ok := ctx.Deadline(); ok {
		req.Header.Set(problem.TimeoutHeader, strconv.FormatFloat(time.Until(deadline).Seconds(), 'f', 3, 64))
	}
	return req, nil
}

// cut is an exchange that did not come to its end. The caller's own patience, and a feed that could
// not be read, are told apart from a node that is not there.
func cut(ctx context.Context, what string, err error) error {
	var read *feedError
	switch {
	case errors.As(err, &read):
		return fmt.Errorf("%w: %w", hub.ErrInvalid, read.err)
	case ctx.Err() != nil:
		return fmt.Errorf("%w: no answer in time: %w", hub.ErrUnavailable, ctx.Err())
	}
	return fmt.Errorf("%w: %s: %w", hub.ErrUnavailable, what, err)
}

// refusal reads a problem document. Anything else at this address is not a crosslight node.
func refusal(resp *http.Response) error {
	typ, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	p := &problem.Problem{}
	if typ == problem.ContentType && json.NewDecoder(io.LimitReader(resp.Body, maxProblem)).Decode(p) == nil {
		return explained(p)
	}
	return fmt.Errorf("%w: HTTP status %d without a problem document: is this address a crosslight node?",
		hub.ErrUnavailable, resp.StatusCode)
}

// explained adds the request's id where it is all that there is to go by.
func explained(p *problem.Problem) *problem.Problem {
	if p.Type == problem.Internal.URN {
		p.Detail += " (" + p.RequestID + ")"
	}
	return p
}
