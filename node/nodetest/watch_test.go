package nodetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/alert"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/session"
)

const caseOne = "case-1"

// allowing is a policy that lets everybody watch, with so many evaluations a day.
func allowing(evaluations uint64) hub.Policy {
	all := []string{"*"}
	return hub.Policy{Version: 1, Purposes: []string{"platform-safety"}, Rules: []hub.Rule{{
		ID: "open", FromSectors: all, FromMembers: []string{}, ToSectors: all, ToMembers: []string{}, Types: all,
		Purposes: all, Reveal: "label", EvaluationsPerDay: evaluations, RetentionDays: 1, WatchSize: 1000,
	}}}
}

func idsIn(t *testing.T, body []byte) (ids []string) {
	t.Helper()
	var p alert.Post
	if err := json.Unmarshal(body, &p); err != nil || p.Webhook != alert.Version || p.Member != "platform" {
		t.Errorf("a webhook that is none: %v", err)
	}
	for _, a := range p.Alerts {
		ids = append(ids, a.ID)
	}
	return ids
}

// addWatch watches values and waits until every holder has evaluated them.
func addWatch(t *testing.T, c *Consortium, org string, values ...hub.Value) hub.Watch {
	t.Helper()
	w, err := c.Hub(org).AddWatch(context.Background(), hub.WatchRequest{
		Name: "a watch", Values: values, Purpose: "child-protection-investigation", Case: caseOne,
	}, nil)
	if err != nil {
		t.Fatalf("watch by %s: %v", org, err)
	}
	return awaitEnrolled(t, c, org, w.ID)
}

func awaitEnrolled(t *testing.T, c *Consortium, org, id string) (w hub.Watch) {
	t.Helper()
	c.Until("the watch is enrolled", func() bool {
		var err error
		w, err = c.Hub(org).WatchByID(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		return w.Enrolled
	})
	return w
}

func alerts(t *testing.T, c *Consortium, org string) []hub.Alert {
	t.Helper()
	page, err := c.Hub(org).Alerts(context.Background(), hub.AlertFilter{PageRequest: hub.PageRequest{Limit: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Alerts
}

// awaitAlerts waits until so many were raised.
func awaitAlerts(t *testing.T, c *Consortium, org string, n int) (list []hub.Alert) {
	t.Helper()
	c.Until(fmt.Sprintf("%d alerts were raised", n), func() bool {
		list = alerts(t, c, org)
		return len(list) >= n
	})
	if len(list) != n {
		t.Fatalf("%d alerts, want %d: %+v", len(list), n, list)
	}
	return list
}

// hook is a webhook's receiver.
type hook struct {
	t      *testing.T
	secret []byte

	mu     sync.Mutex
	refuse bool
	calls  int
	got    map[string]int // alerts by id
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = alert.Verify(h.secret, body, r.Header.Get(alert.SignatureHeader), time.Now(), time.Hour)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	if err != nil {
		h.t.Errorf("a webhook that does not verify: %v", err)
	}
	if strings.Contains(string(body), "example.com") || strings.Contains(string(body), caseOne) {
		h.t.Error("a webhook names a value or a case")
	}
	if h.refuse {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for _, id := range idsIn(h.t, body) {
		h.got[id]++
	}
}

func (h *hook) state() (calls int, got map[string]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]int{}
	for id, n := range h.got {
		out[id] = n
	}
	return h.calls, out
}

// TestAlertsAreRaisedOnce watches two values: one that a holder has already, and one that comes later. It
// goes through a restart with a webhook pending, and through the end of the watch.
func TestAlertsAreRaisedOnce(t *testing.T) {
	t.Parallel()
	secret := []byte("a secret of a webhook")
	receiver := &hook{t: t, secret: secret, refuse: true, got: map[string]int{}}
	taking := httptest.NewServer(receiver)
	defer taking.Close()
	released := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-released }))
	defer hanging.Close()
	defer close(released)
	r := newRecorder()
	c := New(t, Trio(), Options{Tap: r.tap, Config: func(org string, cfg *node.Config) {
		if org == "platform" {
			cfg.Webhooks = []alert.Receiver{{URL: hanging.URL, Secret: secret}, {URL: taking.URL, Secret: secret}}
		}
	}})
	importCSV(t, c, "bank", "email,known@example.com,livestream,3,BANK-1,,\n")
	w := addWatch(t, c, "platform",
		hub.Value{Type: "email", Raw: "known@example.com"}, hub.Value{Type: "email", Raw: "later@example.com"},
		hub.Value{Type: "email", Raw: "never@example.com"})
	first := awaitAlerts(t, c, "platform", 1)[0]
	if first.Watch != w.ID || first.Holder != "bank" || *first.HolderReference != "BANK-1" || *first.Severity != 3 {
		t.Fatalf("alert %+v", first)
	}

	// What comes later is matched here: no question goes to the holder.
	sent := r.outbound("platform", session.QueryProtocol)
	followed := make(chan hub.Alert, 10)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_ = c.Hub("platform").FollowAlerts(ctx, first.ID, func(a hub.Alert) error { followed <- a; return nil })
	}()
	importCSV(t, c, "bank", "email,later@example.com,livestream,4,BANK-2,,\n")
	select {
	case a := <-followed:
		if *a.HolderReference != "BANK-2" {
			t.Fatalf("followed %+v", a)
		}
	case <-time.After(readyWithin):
		t.Fatal("the alert was not followed")
	}
	if now := r.outbound("platform", session.QueryProtocol); now != sent {
		t.Errorf("%d bytes were sent to holders for an alert", now-sent)
	}

	// The same again, at the holder and after a restart, raises none. What webhooks did not take is not lost.
	importCSV(t, c, "bank", "email,other@example.com,livestream,4,BANK-3,,\n")
	c.Until("the webhook was tried", func() bool { calls, _ := receiver.state(); return calls > 0 })
	cancel()
	c.Stop("platform")
	receiver.mu.Lock()
	receiver.refuse = false
	receiver.mu.Unlock()
	c.Start("platform")
	c.Ready()
	c.Until("the webhook has both alerts", func() bool { _, got := receiver.state(); return len(got) == 2 })
	for id, n := range map[string]int{"1": 1, "2": 1} {
		if _, got := receiver.state(); got[id] != n {
			t.Errorf("alert %s was taken %d times", id, got[id])
		}
	}
	awaitAlerts(t, c, "platform", 2)

	report, err := c.Hub("platform").AckAlerts(context.Background(), hub.AckRequest{IDs: []string{"1", "77", "x"}})
	if err != nil || report.Acked != 1 || report.Unknown != 2 {
		t.Errorf("acknowledged %+v, %v", report, err)
	}
	if _, err := c.Hub("platform").RemoveWatch(context.Background(), hub.RemoveWatchRequest{ID: w.ID}); err != nil {
		t.Fatal(err)
	}
	importCSV(t, c, "police", "email,known@example.com,livestream,4,POL-1,,\n")
	again := addWatch(t, c, "platform", hub.Value{Type: "email", Raw: "known@example.com"}) // after it: at both holders
	c.Until("the new watch alerts", func() bool { return len(alerts(t, c, "platform")) >= 4 })
	for _, a := range alerts(t, c, "platform")[:2] {
		if a.Watch != again.ID {
			t.Errorf("a removed watch raised %+v", a)
		}
	}
}

// TestAFloodWaits has a holder import more than the floor, and a watch spend its budget.
func TestAFloodWaits(t *testing.T) {
	t.Parallel()
	policy := allowing(64)
	c := New(t, Trio(), Options{Policy: &policy, Config: func(_ string, cfg *node.Config) {
		cfg.Alerts = alert.Limits{FloodFloor: 5}
	}})
	var values []hub.Value
	var rows strings.Builder
	for i := range 100 {
		values = append(values, hub.Value{Type: "email", Raw: fmt.Sprintf("flood-%d@example.com", i)})
		fmt.Fprintf(&rows, "email,flood-%d@example.com,livestream,3,BANK-%d,,\n", i, i)
	}
	if _, err := c.Hub("platform").AddWatch(context.Background(), hub.WatchRequest{Values: values, Purpose: "curiosity"}, nil); !errors.Is(err, hub.ErrInvalid) {
		t.Errorf("a purpose that is not on the ledger: %v", err)
	}
	w, err := c.Hub("platform").AddWatch(context.Background(), hub.WatchRequest{
		Values: values, Purpose: "platform-safety", Holders: []string{"bank"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Until("the budget is spent", func() bool {
		w, err = c.Hub("platform").WatchByID(context.Background(), w.ID)
		return err == nil && len(w.Holders) == 1 && w.Holders[0].Status == "budget-spent"
	})
	x := w.Holders[0]
	if x.Enrolled <= 56 || x.Enrolled > 64 || x.Elements != 100 || x.ResumesAt == nil || !x.ResumesAt.After(time.Now()) || w.Enrolled {
		t.Fatalf("holder %+v", x)
	}
	importCSV(t, c, "bank", rows.String())
	var waiting []hub.Quarantine
	c.Until("the flood waits", func() bool {
		waiting, err = c.Hub("platform").Quarantines(context.Background(), false)
		return err == nil && len(waiting) == 1 && waiting[0].Hits == x.Enrolled
	})
	if got := alerts(t, c, "platform"); len(got) != 0 {
		t.Fatalf("a flood raised %d alerts", len(got))
	}
	q, err := c.Hub("platform").SettleQuarantine(context.Background(), hub.SettleRequest{ID: waiting[0].ID, Act: "release"})
	if err != nil || q.State != "released" {
		t.Fatalf("release: %+v, %v", q, err)
	}
	awaitAlerts(t, c, "platform", int(x.Enrolled))
	_, err = c.Hub("platform").SettleQuarantine(context.Background(), hub.SettleRequest{ID: waiting[0].ID, Act: "drop"})
	if !errors.Is(err, hub.ErrConflict) {
		t.Errorf("a settled quarantine was settled again: %v", err)
	}
}

// TestEnrolmentGoesOn stops the node in the middle of an enrolment.
func TestEnrolmentGoesOn(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,resume-5999@example.com,livestream,3,BANK-1,,\n")
	var feed strings.Builder
	feed.WriteString(header)
	for i := range 6000 {
		fmt.Fprintf(&feed, "email,resume-%d@example.com,,,REF-%d,,\n", i, i)
	}
	w, err := c.Hub("platform").AddWatch(context.Background(), hub.WatchRequest{
		Purpose: "child-protection-investigation", Case: caseOne,
	}, strings.NewReader(feed.String()))
	if err != nil || w.Elements != 6000 {
		t.Fatalf("%+v, %v", w, err)
	}
	enrolled := func() (n int64) {
		now, err := c.Hub("platform").WatchByID(context.Background(), w.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range now.Holders {
			n += x.Enrolled
		}
		return n
	}
	c.Until("the enrolment has begun", func() bool { return enrolled() > 0 })
	before := enrolled()
	c.Stop("platform")
	c.Start("platform")
	c.Ready()
	if after := enrolled(); after < before {
		t.Fatalf("%d were enrolled, and after a restart %d", before, after)
	}
	awaitEnrolled(t, c, "platform", w.ID)
	if a := awaitAlerts(t, c, "platform", 1)[0]; *a.Reference != "REF-5999" {
		t.Errorf("alert %+v", a)
	}
}

// TestANewEpochIsEnrolledByItself: the board ends the holder's epoch; the watch goes on in the next, and
// what was alerted of is not alerted of again under the new key.
func TestANewEpochIsEnrolledByItself(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,known@example.com,livestream,3,BANK-1,,\n")
	w := addWatch(t, c, "platform", hub.Value{Type: "email", Raw: "known@example.com"}, hub.Value{Type: "email", Raw: "later@example.com"})
	awaitAlerts(t, c, "platform", 1)
	endEpoch(t, c, "bank")
	opens(c, "bank", 2, trio...)
	c.Until("the watch is enrolled in epoch 2", func() bool {
		now, err := c.Hub("platform").WatchByID(context.Background(), w.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range now.Holders {
			if x.Member == "bank" {
				return x.Epoch == 2 && x.Status == "enrolled" && x.Enrolled == 2
			}
		}
		return false
	})
	importCSV(t, c, "bank", "email,later@example.com,livestream,3,BANK-2,,\n")
	if list := awaitAlerts(t, c, "platform", 2); *list[0].HolderReference != "BANK-2" {
		t.Errorf("alerts %+v", list)
	}
}
