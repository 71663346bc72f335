package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/api/problem"
	"github.com/crosslight/crosslight/node/hub"
)

// Bounds of a stream.
const (
	silence     = 45 * time.Second // without a sign of life it is taken for broken; the node gives one every 15
	comeBackFor = 30 * time.Second // how long a node that went away is tried again
	firstPause  = 250 * time.Millisecond
	lastPause   = 5 * time.Second
	maxEvent    = 1 << 20 // bytes of a line
)

// errBroken reports a stream that ended without saying so.
var errBroken = errors.New("the stream broke off")

// FollowAlerts implements [hub.Hub]. A stream that breaks is taken up after the last alert that each had;
// where the node does not come back, the error is hub.ErrUnavailable.
func (c *Client) FollowAlerts(ctx context.Context, after string, each func(hub.Alert) error) error {
	pause, since := firstPause, time.Time{} // since when the node has been away
	for {
		heard, err := c.follow(ctx, &after, each)
		switch {
		case !errors.Is(err, errBroken) && (since.IsZero() || !errors.Is(err, hub.ErrUnavailable)):
			return err // the end, the caller's own error, or a refusal
		case heard:
			pause, since = firstPause, time.Now()
		case time.Since(since) > comeBackFor:
			return fmt.Errorf("%w: the node has gone away: %w", hub.ErrUnavailable, err)
		}
		select {
		case <-ctx.Done():
			return cut(ctx, "", ctx.Err())
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
		pause = min(2*pause, lastPause)
	}
}

// follow reads one stream to its end. heard says that the node answered.
func (c *Client) follow(ctx context.Context, after *string, each func(hub.Alert) error) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := call{method: http.MethodGet, path: "/v1/alerts/stream", header: http.Header{"Accept": {"text/event-stream"}}}
	if *after != "" {
		in.header.Set("Last-Event-ID", *after)
	}
	resp, err := c.send(ctx, in)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	err = readEvents(resp.Body, func() { watchdog.Reset(silence) }, func(e event) error {
		if e.name != "alert" {
			return nil
		}
		var a hub.Alert
		if err := json.Unmarshal([]byte(e.data), &a); err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		if err := each(a); err != nil {
			return err
		}
		*after = e.id
		return nil
	})
	return true, err
}

// event is a server-sent event.
type event struct{ name, id, data string }

// readEvents calls each for every event (HTML Living Standard, 9.2.6). An event "end" ends it without an
// error, "problem" with the problem's; anything else that ends the stream is errBroken.
func readEvents(r io.Reader, alive func(), each func(event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4<<10), maxEvent)
	var e event
	for lines.Scan() {
		alive()
		line := lines.Text()
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && e.name == "end":
			return nil
		case line == "" && e.name == "problem":
			return problemOf(e.data)
		case line == "" && e.data != "":
			if err := each(e); err != nil {
				return err
			}
			e = event{}
		case line == "":
			e = event{}
		case field == "event":
			e.name = value
		case field == "id":
			e.id = value
		case field == "data":
			e.data += value
		}
	}
	return errors.Join(errBroken, lines.Err())
}

func problemOf(data string) error {
	p := &problem.Problem{}
	if err := json.Unmarshal([]byte(data), p); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	return explained(p)
}
