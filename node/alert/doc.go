// Package alert is what becomes of a watch's hits (specs/watch.md): each raises one alert, durable before
// anybody hears of it; a flood waits for an operator; followers and webhooks are told, and neither misses
// one.
//
//	hits -> known already? -> flood? --yes--> quarantine --operator--> release | drop
//	                            no                                        |
//	                            v                                         v
//	                  one transaction: match, alert, a line in each receiver's outbox
//	                            |
//	                            +--> followers, by number: what was missed is read from the store
//	                            +--> webhooks, in order, signed, again and again until taken
//
// What leaks: to a webhook's receiver, what an alert shows its analyst (see [Shown]), and nothing of the
// value, its digest or the case. To holders: nothing.
package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/crosslight/crosslight/node/store"
)

// Limits bound what may be raised without an operator. Zero is the default.
type Limits struct {
	FloodFactor int64 // times as many alerts as before, of one watch about one holder, within [FloodWindow]
	FloodFloor  int64 // alerts within the window that are never a flood
	PerValue    int64 // alerts of one value of one watch, over all holders
}

// The defaults of Limits.
const (
	DefaultFloodFactor = 10
	DefaultFloodFloor  = 1000
	DefaultPerValue    = 25
)

// FloodWindow is over how long a flood is measured, so that one which comes in slices is one.
const FloodWindow = 24 * time.Hour

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	if l.FloodFactor == 0 {
		l.FloodFactor = DefaultFloodFactor
	}
	if l.FloodFloor == 0 {
		l.FloodFloor = DefaultFloodFloor
	}
	if l.PerValue == 0 {
		l.PerValue = DefaultPerValue
	}
	return l
}

// Flood says whether fresh more alerts of one watch about one holder would be a flood, where before were
// raised before the window and recent within it: more than the floor, and more than lets all of them
// together be FloodFactor times what was there.
func (l Limits) Flood(before, recent, fresh int64) bool {
	n := recent + fresh
	return n > l.FloodFloor && before+n > l.FloodFactor*before
}

// Config is what a desk is made of.
type Config struct {
	Store     *store.Store
	Limits    Limits
	Receivers []Receiver
	Member    string // this member's name, for webhooks
	// Show puts an alert in words.
	Show func(store.Alert) Shown
	// Raised and Held are told how many alerts and hits, Posted whether a webhook was taken; nil for nobody.
	Raised func(holder string, n int)
	Held   func(holder string, n int)
	Posted func(taken bool)
	Log    *slog.Logger
	Now    func() time.Time
}

// Desk raises alerts and hands them out. It is safe for concurrent use.
type Desk struct {
	cfg Config
	ids []string // of the receivers

	raising sync.Mutex // one flood is judged at a time

	mu   sync.Mutex
	news chan struct{} // closed when something was raised
}

// New returns a desk. Webhooks are not sent before [Desk.Run].
func New(cfg Config) *Desk {
	cfg.Limits = cfg.Limits.WithDefaults()
	d := &Desk{cfg: cfg, news: make(chan struct{})}
	for _, r := range cfg.Receivers {
		d.ids = append(d.ids, r.ID())
	}
	return d
}

// perStep is how many hits are entered in one transaction, so that answers to other members do not wait.
const perStep = 500

// Raise takes hits of one watch at one holder, those that are known included. When it returns without an
// error each has its alert, is a match without one because its value had too many, or waits for an
// operator; all of that is durable. It may be called again with the same.
func (d *Desk) Raise(ctx context.Context, hits store.Hits) error {
	d.raising.Lock()
	defer d.raising.Unlock()
	fresh, err := d.cfg.Store.Unseen(ctx, hits.Watch, hits.Holder, hits.Found)
	if err != nil || len(fresh) == 0 {
		return err
	}
	before, recent, err := d.cfg.Store.AlertsSince(ctx, hits.Watch, hits.Holder, hits.At.Add(-FloodWindow))
	if err != nil {
		return err
	}
	if d.cfg.Limits.Flood(before, recent, int64(len(fresh))) {
		hits.Found = fresh
		return d.hold(ctx, hits)
	}
	for len(fresh) > 0 {
		n := min(perStep, len(fresh))
		hits.Found = fresh[:n]
		raised, err := d.cfg.Store.Raise(ctx, hits, d.cfg.Limits.PerValue, d.ids)
		if err != nil {
			return err
		}
		d.announce(hits.Holder, len(raised))
		fresh = fresh[n:]
	}
	return nil
}

func (d *Desk) hold(ctx context.Context, hits store.Hits) error {
	all := hits.Found
	for len(all) > 0 {
		n := min(perStep, len(all))
		hits.Found = all[:n]
		quarantine, held, err := d.cfg.Store.Hold(ctx, hits)
		if err != nil {
			return err
		}
		d.cfg.Log.Warn("hits of a watch wait for an operator: `crosslight alert quarantine list`",
			"watch", hits.Watch, "holder", hits.Holder, "quarantine", quarantine, "hits", held)
		if d.cfg.Held != nil {
			d.cfg.Held(hits.Holder, int(held))
		}
		all = all[n:]
	}
	return nil
}

// announce wakes followers and webhooks.
func (d *Desk) announce(holder string, n int) {
	if n == 0 {
		return
	}
	if d.cfg.Raised != nil {
		d.cfg.Raised(holder, n)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.news)
	d.news = make(chan struct{})
}

// next is closed when something is raised after this call.
func (d *Desk) next() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.news
}

// followPage is how many alerts a follower is handed from one reading.
const followPage = 500

// Follow calls each with every alert raised after the one numbered after, in order, and goes on with new
// ones until ctx ends or each fails; the error is theirs.
func (d *Desk) Follow(ctx context.Context, after int64, each func(store.Alert) error) error {
	for {
		news := d.next() // before reading, so that nothing falls between
		for {
			page, err := d.cfg.Store.AlertsAfter(ctx, after, followPage)
			if err != nil {
				return err
			}
			for _, a := range page {
				if err := each(a); err != nil {
					return err
				}
				after = a.Seq
			}
			if len(page) < followPage {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		}
	}
}

// Release raises what a quarantine holds. A crash in between is made good by [Desk.Run].
func (d *Desk) Release(ctx context.Context, quarantine int64) error {
	if err := d.cfg.Store.Settle(ctx, quarantine, store.QuarantineReleasing); err != nil {
		return err
	}
	return d.release(context.WithoutCancel(ctx), quarantine)
}

func (d *Desk) release(ctx context.Context, quarantine int64) error {
	d.raising.Lock()
	defer d.raising.Unlock()
	q, err := d.cfg.Store.Quarantine(ctx, quarantine)
	if err != nil {
		return err
	}
	for {
		raised, done, err := d.cfg.Store.Release(ctx, quarantine, perStep, d.cfg.Limits.PerValue, d.ids)
		if errors.Is(err, store.ErrNotFound) {
			return nil // released in full already
		}
		if err != nil {
			return fmt.Errorf("part of the quarantine is released, the node goes on when it starts next: %w", err)
		}
		d.announce(q.Holder, len(raised))
		if done {
			return nil
		}
	}
}

// Drop has what a quarantine holds never raise an alert.
func (d *Desk) Drop(ctx context.Context, quarantine int64) error {
	return d.cfg.Store.Settle(ctx, quarantine, store.QuarantineDropped)
}

// Run sends webhooks until ctx ends, after it has finished what a crash interrupted.
func (d *Desk) Run(ctx context.Context) {
	d.resume(ctx)
	var senders sync.WaitGroup
	for _, r := range d.cfg.Receivers {
		senders.Go(func() { newSender(d, r).run(ctx) })
	}
	senders.Wait()
}

func (d *Desk) resume(ctx context.Context) {
	half, err := d.cfg.Store.Quarantines(ctx, store.QuarantineReleasing)
	for _, q := range half {
		err = errors.Join(err, d.release(ctx, q.Seq))
	}
	dropped, kerr := d.cfg.Store.KeepOutbox(ctx, d.ids)
	if err = errors.Join(err, kerr); err != nil && ctx.Err() == nil {
		d.cfg.Log.Error("what an earlier run left of alerts could not be finished", "error", err)
	}
	if dropped > 0 {
		d.cfg.Log.Warn("alerts waited for webhooks that the configuration does not name any more; they are shown by `crosslight alert list`", "alerts", dropped)
	}
}
