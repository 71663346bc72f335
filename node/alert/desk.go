package alert

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/crosslight/crosslight/node/store"
)

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
