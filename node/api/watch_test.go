package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/node/api"
	"github.com/crosslight/crosslight/node/api/client"
	"github.com/crosslight/crosslight/node/hub"
)

var (
	standing = hub.Watch{
		ID: "w1", Name: "n", At: at, Purpose: "p", Elements: 3, Refusals: []hub.Refusal{}, Alerts: 2,
		Holders: []hub.WatchHolder{{Member: "B", Status: "budget-spent", Detail: &word, Epoch: 1 << 63, ResumesAt: &at}},
	}
	raised = hub.Alert{ID: "7", Watch: "w1", Match: "m", Type: "email", Reference: &word, Holder: "B", Severity: &three, RaisedAt: at}
	held   = hub.Quarantine{ID: "3", Watch: "w1", Holder: "B", At: at, LastAt: at, Hits: 9, State: "waiting"}
)

func (f *fake) AddWatch(ctx context.Context, req hub.WatchRequest, feed io.Reader) (hub.Watch, error) {
	return standing, f.record(ctx, "AddWatch", req, drain(feed))
}

func (f *fake) Watches(ctx context.Context, page hub.PageRequest) (hub.WatchPage, error) {
	return hub.WatchPage{Watches: []hub.Watch{standing}, Next: "n"}, f.record(ctx, "Watches", page)
}

func (f *fake) WatchByID(ctx context.Context, id string) (hub.Watch, error) {
	return standing, f.record(ctx, "WatchByID", id)
}

func (f *fake) RemoveWatch(ctx context.Context, req hub.RemoveWatchRequest) (hub.Watch, error) {
	return standing, f.record(ctx, "RemoveWatch", req)
}

func (f *fake) Alerts(ctx context.Context, filter hub.AlertFilter) (hub.AlertPage, error) {
	return hub.AlertPage{Alerts: []hub.Alert{raised}, Next: "n"}, f.record(ctx, "Alerts", filter)
}

func (f *fake) Alert(ctx context.Context, id string) (hub.Alert, error) {
	return raised, f.record(ctx, "Alert", id)
}

func (f *fake) AckAlerts(ctx context.Context, req hub.AckRequest) (hub.AckReport, error) {
	return hub.AckReport{Acked: 2, Unknown: 1}, f.record(ctx, "AckAlerts", req)
}

func (f *fake) FollowAlerts(ctx context.Context, after string, each func(hub.Alert) error) error {
	if err := f.record(ctx, "FollowAlerts", after); err != nil {
		return err
	}
	return each(raised)
}

func (f *fake) Quarantines(ctx context.Context, all bool) ([]hub.Quarantine, error) {
	return []hub.Quarantine{held}, f.record(ctx, "Quarantines", all)
}

func (f *fake) SettleQuarantine(ctx context.Context, req hub.SettleRequest) (hub.Quarantine, error) {
	return held, f.record(ctx, "SettleQuarantine", req)
}

// numbers is a hub whose alerts are numbered 1 to n, of which a stream gets at most some before it breaks.
type numbers struct {
	*fake
	n   int
	cut func() // breaks all connections

	mu   sync.Mutex
	seen []string // where streams began
}

func (h *numbers) FollowAlerts(ctx context.Context, after string, each func(hub.Alert) error) error {
	h.mu.Lock()
	h.seen = append(h.seen, after)
	first := len(h.seen) < 4
	h.mu.Unlock()
	from, err := strconv.Atoi(after)
	if after != "" && err != nil {
		return hub.ErrInvalid
	}
	for i := from + 1; i <= h.n; i++ {
		if err := each(hub.Alert{ID: strconv.Itoa(i)}); err != nil {
			return err
		}
		if first && i == from+3 {
			h.cut()
			<-ctx.Done()
			return ctx.Err()
		}
	}
	return nil
}

// TestABrokenStreamMissesNothing breaks the connection three times on the way.
func TestABrokenStreamMissesNothing(t *testing.T) {
	h := &numbers{fake: &fake{}, n: 20}
	remote, server := serve(t, h)
	h.cut = server.CloseClientConnections
	var got []string
	err := remote.FollowAlerts(t.Context(), "0", func(a hub.Alert) error {
		got = append(got, a.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := 1; i <= 20; i++ {
		want = append(want, strconv.Itoa(i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	if len(h.seen) != 4 || h.seen[0] != "0" {
		t.Errorf("streams began after %v", h.seen)
	}
}

// TestAStreamEndsWithItsReader: the reader's own error comes back, and the node is left.
func TestAStreamEndsWithItsReader(t *testing.T) {
	h := &numbers{fake: &fake{}, n: 20}
	remote, _ := serve(t, h)
	h.cut = func() {}
	enough := errors.New("enough")
	err := remote.FollowAlerts(t.Context(), "5", func(a hub.Alert) error {
		if a.ID == "6" {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// TestLastEventIDWins: an event source that comes back sends the header, whatever its URL says.
func TestLastEventIDWins(t *testing.T) {
	far := &fake{}
	_, server := serve(t, far)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/alerts/stream?after=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Last-Event-ID", "41")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v, %s", err, resp.Header.Get("Content-Type"))
	}
	if diff := cmp.Diff([]recorded{{"FollowAlerts", []any{"41"}}}, far.take()); diff != "" {
		t.Error(diff)
	}
}

// TestStreamsEndWhenTheNodeCloses: a follower must not hold up the end of the node.
func TestStreamsEndWhenTheNodeCloses(t *testing.T) {
	closing, end := context.WithCancel(t.Context())
	server := httptest.NewServer(api.New(&fake{wait: true}, api.Config{Token: token, Version: "test", Closing: closing}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/alerts/stream", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		close(began)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		done <- err
	}()
	<-began
	end()
	if err := <-done; err != nil {
		t.Errorf("the stream did not end by itself: %v", err)
	}
}

// TestAStreamOfNoNode: where no node ever answered there is nothing to come back to.
func TestAStreamOfNoNode(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	err := client.New(closed.URL, token).FollowAlerts(t.Context(), "", func(hub.Alert) error { return nil })
	if !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
