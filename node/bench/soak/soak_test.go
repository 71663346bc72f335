package soak_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/bench/soak"
	"github.com/crosslight/crosslight/node/hub"
)

// consortium is a consortium in memory that can be told to go wrong.
type consortium struct {
	mu    sync.Mutex
	nodes []*node
	level soak.Level
	planted
}

// planted is what goes wrong.
type planted struct {
	forgets  bool // a killed node forgets its last import
	tears    bool // a killed node keeps half of its last import
	blind    bool // answers leave out a match now and then
	lingers  bool // what was withdrawn stays in answers
	restores bool // a killed node has again what it withdrew
	deaf     bool // alerts are left out now and then
	repeats  bool // alerts are raised again with the next import
	leaks    bool // goroutines
	swells   bool // memory
}

// node is one member's node; it keeps what it holds by value, with the reference.
type node struct {
	hub.Hub // what the soak does not use
	c       *consortium
	name    string
	down    bool
	held    map[string]string
	gone    map[string]string
	last    []string
	asked   int
	watch   map[string]string // a value, its line's reference
	raised  []hub.Alert
	known   map[line]bool // what was alerted: value and holder
}

var errDown = errors.New("down")

func (n *node) locked(f func() error) error {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	if n.down {
		return errDown
	}
	return f()
}

type line struct{ value, reference string }

func lines(r io.Reader) (out []line) {
	in := bufio.NewScanner(r)
	in.Scan() // the header
	for in.Scan() {
		f := strings.Split(in.Text(), ",")
		out = append(out, line{f[1], f[3]})
	}
	return out
}

func (n *node) Import(_ context.Context, feed io.Reader, _ hub.FeedOptions) (report hub.ImportReport, err error) {
	err = n.locked(func() error {
		n.last = nil
		for _, l := range lines(feed) {
			n.held[l.value] = l.reference
			n.last = append(n.last, l.value)
			report.Imported++
		}
		n.c.alert(n)
		return nil
	})
	return report, err
}

func (n *node) AddWatch(_ context.Context, _ hub.WatchRequest, feed io.Reader) (hub.Watch, error) {
	return hub.Watch{ID: "w"}, n.locked(func() error {
		for _, l := range lines(feed) {
			n.watch[l.value] = l.reference
		}
		return nil
	})
}

func (n *node) Alerts(context.Context, hub.AlertFilter) (page hub.AlertPage, err error) {
	err = n.locked(func() error {
		page.Alerts = n.raised
		return nil
	})
	return page, err
}

// alert tells everybody who watches of what a holder has. A node that is down looks when it is up.
func (c *consortium) alert(h *node) {
	for _, n := range c.nodes {
		if n == h || n.down {
			continue
		}
		for v := range h.held {
			at := line{v, h.name}
			if reference, ok := n.watch[v]; ok && (!n.known[at] || c.repeats) {
				n.known[at] = true
				if n.asked++; c.deaf && n.asked%7 == 0 {
					continue
				}
				n.raised = append(n.raised, hub.Alert{Holder: h.name, Reference: &reference})
			}
		}
	}
}

func (n *node) Withdraw(_ context.Context, req hub.WithdrawRequest) (report hub.WithdrawReport, err error) {
	err = n.locked(func() error {
		for v, r := range n.held {
			if r == req.Reference {
				delete(n.held, v)
				n.gone[v] = r
				report.Withdrawn++
			}
		}
		return nil
	})
	return report, err
}

func (n *node) Indicators(_ context.Context, f hub.IndicatorFilter) (page hub.IndicatorPage, err error) {
	err = n.locked(func() error {
		for _, r := range n.held {
			if f.Reference == "" || f.Reference == r {
				page.Indicators = append(page.Indicators, hub.Indicator{Label: hub.Label{Reference: &r}})
			}
		}
		return nil
	})
	return page, err
}

func (n *node) Query(_ context.Context, _ hub.QueryRequest, feed io.Reader) (report hub.QueryReport, err error) {
	err = n.locked(func() error {
		asked := lines(feed)
		for _, h := range n.c.nodes {
			if h == n {
				continue
			}
			if h.down {
				report.Partial = true
				report.Asked = append(report.Asked, hub.Asked{Member: h.name, Status: "unreachable"})
				continue
			}
			report.Asked = append(report.Asked, hub.Asked{Member: h.name, Status: "ok"})
			report.Matches = append(report.Matches, n.found(h, asked)...)
		}
		return nil
	})
	return report, err
}

func (n *node) found(h *node, asked []line) (out []hub.Match) {
	for _, l := range asked {
		_, there := h.held[l.value]
		if _, gone := h.gone[l.value]; gone && n.c.lingers {
			there = true
		}
		if n.asked++; there && n.c.blind && n.asked%7 == 0 {
			continue
		}
		if there {
			out = append(out, hub.Match{Holder: h.name, Reference: &l.reference})
		}
	}
	return out
}

func (n *node) kill() error {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.down = true
	for i, v := range n.last {
		if n.c.forgets || n.c.tears && i%2 == 0 {
			delete(n.held, v)
		}
	}
	if n.c.restores {
		for v, r := range n.gone {
			n.held[v] = r
		}
	}
	return nil
}

func (n *node) start(context.Context) error {
	n.c.mu.Lock()
	defer n.c.mu.Unlock()
	n.down = false
	for _, h := range n.c.nodes {
		if h != n {
			n.c.alert(h)
		}
	}
	return nil
}

func (c *consortium) read(context.Context) (soak.Level, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaks {
		c.level.Goroutines += 50
	}
	if c.swells {
		c.level.Resident += 50 << 20
	}
	return c.level, nil
}

func run(t *testing.T, wrong planted) soak.Report {
	t.Helper()
	c := &consortium{planted: wrong, level: soak.Level{Goroutines: 100, Resident: 100 << 20}}
	var members []soak.Member
	for i, name := range []string{"A", "B", "C"} {
		n := &node{c: c, name: name, held: map[string]string{}, gone: map[string]string{}, watch: map[string]string{}, known: map[line]bool{}}
		c.nodes = append(c.nodes, n)
		m := soak.Member{Name: name, Hub: func() (hub.Hub, error) { return n, nil }, Start: n.start, Level: c.read}
		if i > 0 {
			m.Kill = n.kill
		}
		members = append(members, m)
	}
	report, err := soak.Run(t.Context(), soak.Options{
		For: 1500 * time.Millisecond, Pool: 200, Batch: 10, Pause: 4 * time.Millisecond, Outage: 20 * time.Millisecond,
		Settle: 50 * time.Millisecond, Seed: 1, LevelEvery: 20 * time.Millisecond, Say: func(string) {},
	}, members)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestSound soaks a consortium that does nothing wrong.
func TestSound(t *testing.T) {
	t.Parallel()
	r := run(t, planted{})
	if r.Imports == 0 || r.Withdrawals == 0 || r.Matches == 0 || r.Alerts == 0 || r.Kills == 0 {
		t.Fatalf("it did not do everything: %+v", r)
	}
	if r.Missed+r.Spurious+r.Repeated+r.Torn+r.Lost+r.Extra != 0 || r.GoroutinesGrowth != 1 || r.ResidentGrowth != 1 {
		t.Fatalf("%+v", r)
	}
}

// TestPlanted shows that what can go wrong is found.
func TestPlanted(t *testing.T) {
	for _, c := range []struct {
		name  string
		wrong planted
		found func(soak.Report) bool
	}{
		{"forgotten import", planted{forgets: true}, func(r soak.Report) bool { return r.Lost > 0 && r.Missed > 0 }},
		{"torn import", planted{tears: true}, func(r soak.Report) bool { return r.Lost > 0 || r.Torn > 0 }},
		{"missing matches", planted{blind: true}, func(r soak.Report) bool { return r.Missed > 0 }},
		{"withdrawn, and still found", planted{lingers: true}, func(r soak.Report) bool { return r.Spurious > 0 }},
		{"withdrawn, and back", planted{restores: true}, func(r soak.Report) bool { return r.Extra > 0 && r.Spurious > 0 }},
		{"missing alerts", planted{deaf: true}, func(r soak.Report) bool { return r.Missed > 0 }},
		{"alerts again", planted{repeats: true}, func(r soak.Report) bool { return r.Repeated > 0 }},
		{"goroutines", planted{leaks: true}, func(r soak.Report) bool { return r.GoroutinesGrowth > 1.2 }},
		{"memory", planted{swells: true}, func(r soak.Report) bool { return r.ResidentGrowth > 1.25 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if r := run(t, c.wrong); !c.found(r) {
				t.Errorf("not found: %+v", r)
			}
		})
	}
}

// TestOptions refuses what would soak nothing.
func TestOptions(t *testing.T) {
	if _, err := soak.Run(t.Context(), soak.Options{}, nil); !errors.Is(err, soak.ErrOptions) {
		t.Error(err)
	}
}
