package alert

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/node/store"
)

var secret = []byte("sixteen bytes at least")

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func show(a store.Alert) Shown {
	return Shown{ID: strconv.FormatInt(a.Seq, 10), Watch: a.Watch, Holder: a.Holder, Reference: a.Reference, LeftOut: a.LeftOut}
}

func newDesk(s *store.Store, l Limits, receivers ...Receiver) *Desk {
	return New(Config{
		Store: s, Limits: l, Receivers: receivers, Member: "platform", Show: show, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

// hits are those of items from to to (exclusive) at a holder.
func hits(holder string, from, to int, at time.Time) store.Hits {
	h := store.Hits{Watch: "w1", WatchName: "a watch", Holder: holder, At: at, Purpose: "p"}
	for i := from; i < to; i++ {
		f := store.Found{Type: "email", Holder: holder, Label: []byte{1}}
		binary.BigEndian.PutUint64(f.Item[:], uint64(i))
		h.Found = append(h.Found, f)
	}
	return h
}

func raised(t *testing.T, s *store.Store) []store.Alert {
	t.Helper()
	page, _, err := s.Alerts(t.Context(), store.AlertFilter{}, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestFloodRule(t *testing.T) {
	l := Limits{FloodFactor: 10, FloodFloor: 100}
	for _, c := range []struct {
		before, recent, fresh int64
		flood                 bool
	}{
		{0, 0, 100, false},
		{0, 0, 101, true},
		{0, 60, 41, true},
		{1000, 0, 9000, false},
		{1000, 0, 9001, true},
		{5, 0, 90, false},
		{12, 0, 101, false},
		{11, 0, 101, true},
	} {
		if got := l.Flood(c.before, c.recent, c.fresh); got != c.flood {
			t.Errorf("%d before, %d lately, %d more: flood %v", c.before, c.recent, c.fresh, got)
		}
	}
}

// TestRaisedOnce: the same hits again, from another desk, raise nothing, nor do those that wait or were
// dropped.
func TestRaisedOnce(t *testing.T) {
	s := openStore(t)
	now := time.Now()
	limits := Limits{FloodFactor: 10, FloodFloor: 10}
	for range 2 {
		if err := newDesk(s, limits).Raise(t.Context(), hits("bank", 0, 5, now)); err != nil {
			t.Fatal(err)
		}
	}
	if got := raised(t, s); len(got) != 5 {
		t.Fatalf("%d alerts", len(got))
	}
	d := newDesk(s, limits)
	for range 2 {
		if err := d.Raise(t.Context(), hits("bank", 0, 60, now)); err != nil {
			t.Fatal(err)
		}
	}
	waiting, err := s.Quarantines(t.Context(), store.QuarantineWaiting)
	if err != nil || len(waiting) != 1 || waiting[0].Hits != 55 || len(raised(t, s)) != 5 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	matches, _, err := s.Matches(t.Context(), store.MatchFilter{}, "", 100)
	if err != nil || len(matches) != 5 {
		t.Errorf("a flood entered matches: %d, %v", len(matches), err)
	}
	if err := d.Drop(t.Context(), waiting[0].Seq); err != nil {
		t.Fatal(err)
	}
	if err := d.Drop(t.Context(), waiting[0].Seq); !errors.Is(err, store.ErrSettled) {
		t.Errorf("dropped twice: %v", err)
	}
	if err := d.Raise(t.Context(), hits("bank", 0, 60, now.AddDate(0, 0, 2))); err != nil {
		t.Fatal(err)
	}
	if got := raised(t, s); len(got) != 5 {
		t.Errorf("what was dropped was raised: %d", len(got))
	}
}

// TestAFloodInSlices: a holder that publishes slice by slice makes a flood all the same.
func TestAFloodInSlices(t *testing.T) {
	s := openStore(t)
	d := newDesk(s, Limits{FloodFactor: 10, FloodFloor: 20})
	for i := range 10 {
		if err := d.Raise(t.Context(), hits("bank", 5*i, 5*i+5, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	waiting, err := s.Quarantines(t.Context(), store.QuarantineWaiting)
	if err != nil || len(waiting) != 1 || waiting[0].Hits != 30 || len(raised(t, s)) != 20 {
		t.Fatalf("%d alerts, waiting %+v, %v", len(raised(t, s)), waiting, err)
	}
}

// TestReleaseGoesOn: a release that broke off is finished when the desk runs again, each hit once.
func TestReleaseGoesOn(t *testing.T) {
	s := openStore(t)
	d := newDesk(s, Limits{FloodFactor: 10, FloodFloor: 10})
	if err := d.Raise(t.Context(), hits("bank", 0, 700, time.Now())); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context(), 1, store.QuarantineReleasing); err != nil {
		t.Fatal(err)
	}
	if _, done, err := s.Release(t.Context(), 1, 100, 25, nil); err != nil || done {
		t.Fatal(done, err)
	}
	newDesk(s, Limits{}).resume(t.Context())
	if got := raised(t, s); len(got) != 700 {
		t.Errorf("%d alerts", len(got))
	}
	q, err := s.Quarantine(t.Context(), 1)
	if err != nil || q.State != store.QuarantineReleased || q.Hits != 0 {
		t.Errorf("%+v, %v", q, err)
	}
}

// TestHitsOfAValueAreCapped: the rest are matches, and the alerts say how many.
func TestHitsOfAValueAreCapped(t *testing.T) {
	s := openStore(t)
	d := newDesk(s, Limits{PerValue: 3})
	for range 2 {
		for i := range 8 {
			if err := d.Raise(t.Context(), hits("member "+strconv.Itoa(i), 0, 1, time.Now())); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := raised(t, s)
	if len(got) != 3 || got[0].LeftOut != 5 {
		t.Fatalf("%d alerts, %+v", len(got), got)
	}
	matches, _, err := s.Matches(t.Context(), store.MatchFilter{}, "", 100)
	if err != nil || len(matches) != 8 {
		t.Errorf("%d matches, %v", len(matches), err)
	}
}

// TestFollowersMissNothing: alerts raised before, while and after a follower reads come in order, once.
func TestFollowersMissNothing(t *testing.T) {
	s := openStore(t)
	d := newDesk(s, Limits{})
	const n = 30
	if err := d.Raise(t.Context(), hits("bank", 0, 10, time.Now())); err != nil {
		t.Fatal(err)
	}
	var raising sync.WaitGroup
	raising.Go(func() {
		for i := 10; i < n; i++ {
			if err := d.Raise(context.Background(), hits("bank", i, i+1, time.Now())); err != nil {
				t.Error(err)
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []int64
	err := d.Follow(ctx, 3, func(a store.Alert) error {
		if got = append(got, a.Seq); a.Seq == n {
			return io.EOF
		}
		return nil
	})
	raising.Wait()
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	var want []int64
	for i := int64(4); i <= n; i++ {
		want = append(want, i)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// inbox is a receiver that refuses some posts first.
type inbox struct {
	t      *testing.T
	mu     sync.Mutex
	refuse int
	got    []string
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = Verify(secret, body, r.Header.Get(SignatureHeader), time.Now(), time.Minute)
	}
	if err != nil {
		b.t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse > 0 {
		b.refuse--
		http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusFound)
		return
	}
	var p Post
	if err := json.Unmarshal(body, &p); err != nil {
		b.t.Error(err)
	}
	for _, a := range p.Alerts {
		b.got = append(b.got, a.ID)
	}
}

// TestWebhooksArePostedUntilTaken: in order, once, after a refusal and after a restart; a receiver that
// hangs keeps no other waiting; one that is gone from the configuration gets no more.
func TestWebhooksArePostedUntilTaken(t *testing.T) {
	box := &inbox{t: t, refuse: 1}
	taking := httptest.NewServer(box)
	defer taking.Close()
	hang := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer hanging.Close()
	defer close(hang)
	s := openStore(t)
	a, b := Receiver{hanging.URL, secret}, Receiver{taking.URL, secret}
	if err := newDesk(s, Limits{}, a, b).Raise(t.Context(), hits("bank", 0, 120, time.Now())); err != nil { // and dies before it posts
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { newDesk(s, Limits{}, a, b).Run(ctx) })
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		waits, err := s.CountOutbox(t.Context())
		if err != nil || time.Now().After(end) {
			t.Fatal("not taken", err)
		}
		if waits[b.ID()] == 0 {
			break
		}
	}
	cancel()
	running.Wait()
	var want []string
	for i := 1; i <= 120; i++ {
		want = append(want, strconv.Itoa(i))
	}
	if diff := cmp.Diff(want, box.got); diff != "" {
		t.Error(diff)
	}
	waits, err := s.CountOutbox(t.Context())
	if err != nil || waits[a.ID()] != 120 {
		t.Errorf("what the hanging receiver did not take: %v, %v", waits, err)
	}
	newDesk(s, Limits{}, b).resume(t.Context())
	if waits, err := s.CountOutbox(t.Context()); err != nil || len(waits) != 0 {
		t.Errorf("a receiver that is gone: %v, %v", waits, err)
	}
}

// TestSignature holds the header to its form: a vector computed with openssl, and what must not pass.
func TestSignature(t *testing.T) {
	body := []byte(`{"webhook":"crosslight/webhook/v1"}`)
	at := time.Unix(1_790_000_000, 0)
	header := Sign(secret, body, at)
	if want := "t=1790000000,v1=d3647b469a14e393cabfa75ef9a894ec2259426d8fa3f935e1acf0e784d36456"; header != want {
		t.Errorf("signature %s, want %s", header, want)
	}
	if err := Verify(secret, body, header, at.Add(4*time.Minute), 5*time.Minute); err != nil {
		t.Error(err)
	}
	for name, check := range map[string]func() error{
		"another body":   func() error { return Verify(secret, []byte("{}"), header, at, time.Hour) },
		"another secret": func() error { return Verify([]byte("another"), body, header, at, time.Hour) },
		"another time":   func() error { return Verify(secret, body, "t=1790000001"+header[12:], at, time.Hour) },
		"too old":        func() error { return Verify(secret, body, header, at.Add(6*time.Minute), 5*time.Minute) },
		"no header":      func() error { return Verify(secret, body, "", at, time.Hour) },
		"no time":        func() error { return Verify(secret, body, header[2:], at, time.Hour) },
		"no hex":         func() error { return Verify(secret, body, header+"g", at, time.Hour) },
	} {
		if err := check(); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReceiversAreChecked(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://soc.example/hook": true, "http://127.0.0.1:8080/x": true, "http://localhost/x": true, "http://[::1]/": true,
		"http://soc.example/hook": false, "ftp://soc.example": false, "https://user:pass@soc.example": false, "https://": false, "": false, "::": false,
	} {
		if err := (Receiver{url, secret}).Check(); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	if err := (Receiver{"https://soc.example", []byte("short")}).Check(); !errors.Is(err, ErrReceiver) {
		t.Errorf("a short secret: %v", err)
	}
}

func TestPauses(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 11: lastPause, 1000: lastPause} {
		for _, random := range []float64{0, 0.5, 0.999999} {
			if got := pauseAfter(failures, random); got < want/2 || got > want {
				t.Errorf("after %d failures %v, want %v to %v", failures, got, want/2, want)
			}
		}
	}
}
