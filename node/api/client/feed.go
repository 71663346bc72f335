package client

import (
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/crosslight/crosslight/node/hub"
)

// feedError marks a failure to read the caller's own feed, which is not the node's.
type feedError struct{ err error }

func (e *feedError) Error() string { return e.err.Error() }
func (e *feedError) Unwrap() error { return e.err }

// feedReader streams a feed into a request and marks its errors. It hides the feed's own length and
// closer, so that the request is sent in chunks and the feed stays its owner's to close.
type feedReader struct{ r io.Reader }

func (f feedReader) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != nil && err != io.EOF {
		err = &feedError{err}
	}
	return n, err
}

// Import implements [hub.Hub].
func (c *Client) Import(ctx context.Context, feed io.Reader, opts hub.FeedOptions) (hub.ImportReport, error) {
	q := url.Values{}
	set(q, "format", opts.Format)
	set(q, "region", opts.Region)
	setBool(q, "dry_run", opts.DryRun)
	return do[hub.ImportReport](ctx, c, call{
		method: http.MethodPost, path: "/v1/imports", query: q,
		contentType: "application/octet-stream", body: feedReader{feed},
	})
}

// Query implements [hub.Hub].
func (c *Client) Query(ctx context.Context, req hub.QueryRequest, feed io.Reader) (hub.QueryReport, error) {
	return postWithFeed[hub.QueryReport](ctx, c, "/v1/queries", filled(req), feed)
}

// postWithFeed posts the request to path or, with a feed, a form of both to path/feed. The feed is read as it is sent.
func postWithFeed[T any](ctx context.Context, c *Client, path string, req any, feed io.Reader) (T, error) {
	if feed == nil {
		return post[T](ctx, c, path, req)
	}
	r, w := io.Pipe()
	defer r.Close() // ends the writer below, whatever became of the request
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(writeForm(form, req, feedReader{feed})) }()
	return do[T](ctx, c, call{
		method: http.MethodPost, path: path + "/feed",
		contentType: form.FormDataContentType(), body: r,
	})
}

// writeForm sends the request, then the feed as it is read.
func writeForm(form *multipart.Writer, req any, feed io.Reader) error {
	part, err := form.CreateFormField("request")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(part).Encode(req); err != nil {
		return err
	}
	if part, err = form.CreateFormFile("feed", "feed"); err != nil {
		return err
	}
	if _, err := io.Copy(part, feed); err != nil {
		return err
	}
	return form.Close()
}

// filled replaces absent lists by empty ones: an array is never null on the wire.
func filled(req hub.QueryRequest) hub.QueryRequest {
	req.Values = append([]hub.Value{}, req.Values...)
	req.Holders = append([]string{}, req.Holders...)
	req.Types = append([]string{}, req.Types...)
	return req
}

func set(q url.Values, key, value string) {
	if value != "" {
		q.Set(key, value)
	}
}

func setBool(q url.Values, key string, value bool) {
	if value {
		q.Set(key, "true")
	}
}
