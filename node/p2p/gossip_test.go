package p2p

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// ear keeps what a host was asked to judge.
type ear struct {
	mu      sync.Mutex
	heard   []string
	verdict Verdict
}

func (e *ear) judge(msg []byte) Verdict {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, string(msg))
	return e.verdict
}

func (e *ear) count() int { e.mu.Lock(); defer e.mu.Unlock(); return len(e.heard) }

func joined(t *testing.T, h *Host, topic string) (*Gossip, *ear) {
	t.Helper()
	e := &ear{}
	g, err := h.Gossip(topic, 64, e.judge)
	if err != nil {
		t.Fatal(err)
	}
	return g, e
}

func connected(t *testing.T, a, b *Host) {
	t.Helper()
	introduce(a, b)
	s, err := a.Open(within(t, 10*time.Second), b.ID(), proto)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Reset()
}

// until waits for a condition, saying it again and again: gossip may be lost before neighbours know one
// another.
func until(t *testing.T, what string, again func(n int), ok func() bool) {
	t.Helper()
	for n := range 1200 {
		if ok() {
			return
		}
		again(n)
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

// TestGossip: what one says the others hear, also over one in between, once; what is of another topic or
// too large they do not.
func TestGossip(t *testing.T) {
	a, b, c := newHost(t, everyone), newHost(t, everyone), newHost(t, everyone)
	ga, _ := joined(t, a, "topic")
	_, eb := joined(t, b, "topic")
	_, ec := joined(t, c, "topic")
	connected(t, a, b)
	connected(t, b, c)
	until(t, "heard over another", func(n int) {
		if err := ga.Publish(t.Context(), fmt.Append(nil, "news ", n)); err != nil {
			t.Error(err)
		}
	}, func() bool { return ec.count() > 0 })
	seen := map[string]bool{}
	eb.mu.Lock()
	defer eb.mu.Unlock()
	for _, msg := range eb.heard {
		if seen[msg] {
			t.Errorf("%q was judged twice", msg)
		}
		seen[msg] = true
	}
}

// TestGossipIgnored: what a listener ignores goes no further.
func TestGossipIgnored(t *testing.T) {
	a, b, c := newHost(t, everyone), newHost(t, everyone), newHost(t, everyone)
	ga, _ := joined(t, a, "topic")
	gb, eb := joined(t, b, "topic")
	_, ec := joined(t, c, "topic")
	eb.verdict = Ignore
	connected(t, a, b)
	connected(t, b, c)
	until(t, "b hears a and c hears b", func(n int) {
		_ = ga.Publish(t.Context(), fmt.Append(nil, "ignored ", n))
		_ = gb.Publish(t.Context(), fmt.Append(nil, "own ", n))
	}, func() bool { return eb.count() > 3 && ec.count() > 3 })
	ec.mu.Lock()
	defer ec.mu.Unlock()
	for _, msg := range ec.heard {
		if msg[:3] != "own" {
			t.Errorf("%q went on", msg)
		}
	}
}

// TestGossipFlood: of a flood by one neighbour a node looks at no more than it may send; of others it hears
// all the same.
func TestGossipFlood(t *testing.T) {
	a, b, c := newHost(t, everyone), newHost(t, everyone), newHost(t, everyone)
	ga, _ := joined(t, a, "topic")
	_, eb := joined(t, b, "topic")
	gc, _ := joined(t, c, "topic")
	connected(t, a, b)
	connected(t, c, b)
	until(t, "b hears a", func(n int) { _ = ga.Publish(t.Context(), fmt.Append(nil, "first ", n)) },
		func() bool { return eb.count() > 0 })
	start := time.Now()
	for n := range 20_000 {
		_ = ga.Publish(context.Background(), fmt.Append(nil, "flood ", n))
	}
	until(t, "b hears c", func(n int) { _ = gc.Publish(t.Context(), fmt.Append(nil, "other ", n)) }, func() bool {
		eb.mu.Lock()
		defer eb.mu.Unlock()
		for _, msg := range eb.heard {
			if msg[:5] == "other" {
				return true
			}
		}
		return false
	})
	limit := gossipBurst + int(gossipRate*(time.Since(start).Seconds()+60)) + 1200
	if n := eb.count(); n > limit || n >= 20_000 {
		t.Errorf("%d of 20000 were judged, at most %d may be", n, limit)
	}
}

// TestGossipTooLarge: a message above the size is for nobody.
func TestGossipTooLarge(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	ga, _ := joined(t, a, "topic")
	_, eb := joined(t, b, "topic")
	connected(t, a, b)
	until(t, "b hears a", func(n int) {
		_ = ga.Publish(t.Context(), make([]byte, 65))
		_ = ga.Publish(t.Context(), fmt.Append(nil, "small ", n))
	}, func() bool { return eb.count() > 3 })
	eb.mu.Lock()
	defer eb.mu.Unlock()
	for _, msg := range eb.heard {
		if len(msg) > 64 {
			t.Errorf("%d bytes were judged", len(msg))
		}
	}
}

func TestBucket(t *testing.T) {
	b, now := NewBucket(10, 3), time.Unix(1000, 0)
	for i, c := range []struct {
		after time.Duration
		n     int
		want  bool
	}{
		{0, 3, true},
		{0, 1, false},
		{100 * time.Millisecond, 1, true},
		{-time.Hour, 1, false},
		{time.Hour, 4, false},
		{0, 3, true},
		{0, 1, false},
	} {
		now = now.Add(c.after)
		if got := b.Take(now, c.n); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}
