package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// Errors of a client, beside those that a witness answers with.
var (
	// ErrAnswer reports a witness that answers what it should not.
	ErrAnswer = errors.New("the witness gave no valid answer")
	// ErrAhead reports a witness that holds a larger tree than the checkpoint's: this node is behind, or
	// there is another history.
	ErrAhead = errors.New("the witness has seen a larger tree")
)

// tries is how often a witness is asked with one checkpoint: with what it held last time, with what it
// says that it holds, and once more in case another node came between.
const tries = 3

// Prove returns the path from a smaller size to that of the checkpoint, [tlog.Tree.Consistency].
type Prove func(old uint64) ([]tlog.Hash, error)

// Client asks one witness. It is safe for concurrent use.
type Client struct {
	url  string
	key  tlog.Key
	http *http.Client

	mu   sync.Mutex
	held map[string]uint64 // by origin: what the witness held last time
}

// NewClient returns a client of the witness with that submission prefix and key. h bounds time, and says
// which addresses may be reached.
func NewClient(url string, key tlog.Key, h *http.Client) *Client {
	return &Client{url: strings.TrimSuffix(url, "/"), key: key, http: h, held: map[string]uint64{}}
}

// Key is the witness's key.
func (c *Client) Key() tlog.Key { return c.key }

// Ask has a checkpoint cosigned. Errors: those that a witness answers with, [ErrAnswer], [ErrAhead],
// those of prove and of the network.
func (c *Client) Ask(ctx context.Context, n tlog.Note, prove Prove) (tlog.Cosignature, error) {
	old := c.last(n.Origin)
	if old > n.Size { // it held more of another checkpoint; what it holds it says itself
		old = 0
	}
	for range tries {
		s, err := c.ask(ctx, old, n, prove)
		var held *HeldError
		switch {
		case err == nil:
			c.remember(n.Origin, n.Size)
			return s, nil
		case !errors.As(err, &held), errors.Is(err, ErrFork):
			return tlog.Cosignature{}, err
		case held.Size > n.Size:
			c.remember(n.Origin, held.Size)
			return tlog.Cosignature{}, fmt.Errorf("%w: %d entries", ErrAhead, held.Size)
		case held.Size == old && old == n.Size:
			return tlog.Cosignature{}, &HeldError{held.Size, ErrFork}
		}
		old = held.Size
		c.remember(n.Origin, old)
	}
	return tlog.Cosignature{}, fmt.Errorf("%w: what it holds changes with every question", ErrAnswer)
}

func (c *Client) last(origin string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held[origin]
}

func (c *Client) remember(origin string, size uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[origin] = size
}

// ask is one request.
func (c *Client) ask(ctx context.Context, old uint64, n tlog.Note, prove Prove) (tlog.Cosignature, error) {
	g := tlog.Growth{Old: old, Note: n}
	if old > 0 && old < n.Size {
		path, err := prove(old)
		if err != nil {
			return tlog.Cosignature{}, fmt.Errorf("prove growth from %d: %w", old, err)
		}
		g.Path = path
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/add-checkpoint", bytes.NewReader(g.Bytes()))
	if err != nil {
		return tlog.Cosignature{}, fmt.Errorf("ask witness: %w", err)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return tlog.Cosignature{}, fmt.Errorf("ask witness: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // nothing was written
	body, err := io.ReadAll(io.LimitReader(resp.Body, tlog.MaxCheckpoint+1))
	if err != nil {
		return tlog.Cosignature{}, fmt.Errorf("read the witness's answer: %w", err)
	}
	return c.answer(resp, body, n)
}

func (c *Client) answer(resp *http.Response, body []byte, n tlog.Note) (tlog.Cosignature, error) {
	none := tlog.Cosignature{}
	switch resp.StatusCode {
	case http.StatusOK:
		return c.find(body, n)
	case http.StatusConflict:
		return none, conflict(resp, body)
	case http.StatusNotFound:
		return none, ErrUnknown
	case http.StatusForbidden:
		return none, ErrUntrusted
	case http.StatusUnprocessableEntity:
		return none, ErrPath
	case http.StatusBadRequest:
		return none, ErrRequest
	}
	return none, fmt.Errorf("%w: status %d", ErrAnswer, resp.StatusCode)
}

// conflict reads the size that the witness holds.
func conflict(resp *http.Response, body []byte) error {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != sizeType {
		return &HeldError{0, ErrFork} // C2SP asks for a size only where the old one did not match
	}
	digits := strings.TrimSuffix(string(body), "\n")
	size, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || strconv.FormatUint(size, 10)+"\n" != string(body) {
		return fmt.Errorf("%w: a size that is none", ErrAnswer)
	}
	return &HeldError{size, ErrHeld}
}

// find looks for the cosignature by the witness's key among the lines; others are ignored.
func (c *Client) find(body []byte, n tlog.Note) (tlog.Cosignature, error) {
	lines, err := tlog.ParseLines(body)
	if err != nil {
		return tlog.Cosignature{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	for _, l := range lines {
		if l.Name != c.key.Name || l.ID != c.key.ID() {
			continue
		}
		s, err := tlog.CosignatureOf(l)
		if err == nil {
			err = s.Verify(n.Checkpoint, c.key)
		}
		if err != nil {
			return tlog.Cosignature{}, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		return s, nil
	}
	return tlog.Cosignature{}, fmt.Errorf("%w: no cosignature by its key", ErrAnswer)
}
