package holder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/telemetry"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// ErrNoEpoch reports that this member has no epoch on the ledger yet: nothing can be indexed.
var ErrNoEpoch = errors.New("this member has no open epoch yet: wait until the ledger has a leader")

// Indexer keeps the member's encoded index in step with its store: one base segment for each type,
// built anew when the type's indicators changed. What a crash leaves is the index before; the store
// remembers which revision was published, so the next start builds what is missing and no more.
type Indexer struct {
	h    *Holder
	kick chan struct{}

	mu    sync.Mutex    // held while building
	dirty atomic.Bool   // something changed that is not published yet
	busy  atomic.Bool   // a build is under way
	built atomic.Uint64 // the newest epoch whose index was published
	next  atomic.Uint64 // an epoch that is being prepared and not on the ledger yet, or 0

	failed func(error)     // notes how the last round ended
	check  telemetry.Check // says so
}

func newIndexer(h *Holder) *Indexer {
	x := &Indexer{h: h, kick: make(chan struct{}, 1)}
	x.failed, x.check = telemetry.Failing()
	x.dirty.Store(true) // until the first look says otherwise
	return x
}

// Kick says that indicators, or the epoch, changed. It returns at once.
func (x *Indexer) Kick() {
	x.dirty.Store(true)
	select {
	case x.kick <- struct{}{}:
	default:
	}
}

// Check says why the index is not what it should be, or nothing when it is.
func (x *Indexer) Check() string {
	if reason := x.check(); reason != "" {
		return "the index could not be built, and others see the one before: " + reason
	}
	return ""
}

// Pending says whether something is not published yet.
func (x *Indexer) Pending() bool {
	epochs := x.epochs()
	return x.dirty.Load() || x.busy.Load() || len(epochs) > 0 && epochs[0].number != x.built.Load()
}

// Periods of the indexer's own work.
const (
	expireEvery = time.Hour
	retryBuild  = 5 * time.Second
)

// Run builds when kicked, takes out what has expired, and tries again after failures, until ctx ends.
func (x *Indexer) Run(ctx context.Context) {
	expire := time.NewTicker(expireEvery)
	defer expire.Stop()
	x.expire(ctx)
	for {
		var again <-chan time.Time
		err := x.Publish(ctx)
		if err != nil && ctx.Err() == nil {
			if !errors.Is(err, ErrNoEpoch) {
				x.h.cfg.Log.Error("the index could not be built; trying again", "error", err)
			}
			again = time.After(retryBuild)
		}
		select {
		case <-ctx.Done():
			return
		case <-x.kick:
		case <-again:
		case <-expire.C:
			x.expire(ctx)
		}
	}
}

func (x *Indexer) expire(ctx context.Context) {
	gone, err := x.h.cfg.Store.Expire(ctx, x.h.cfg.Now())
	if err != nil {
		x.h.cfg.Log.Error("expired indicators could not be taken out", "error", err)
		return
	}
	if len(gone) > 0 {
		x.h.cfg.Log.Info("expired indicators were taken out", "count", len(gone))
		x.Kick()
	}
}

// Publish builds and publishes every type whose indicators changed, and returns when the index is in
// step with the store or cannot be.
func (x *Indexer) Publish(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.busy.Store(true) // before dirty is cleared, so that Pending never blinks
	defer x.busy.Store(false)
	for {
		epochs := x.epochs()
		if len(epochs) == 0 {
			return ErrNoEpoch
		}
		x.dirty.Store(false)
		built, err := x.round(ctx, epochs)
		x.failed(err)
		if err != nil {
			x.dirty.Store(true)
			return err
		}
		if built == 0 { // what came in during a build shows as another revision
			x.built.Store(epochs[0].number)
			return nil
		}
	}
}

// round brings every type up to date, in every epoch that serves or is prepared. Types without indicators get an empty index, so that a querier
// can tell "has nothing" from "has no index yet". One type that fails does not hold up the others.
func (x *Indexer) round(ctx context.Context, epochs []keptEpoch) (built int, err error) {
	tallies, err := x.h.cfg.Store.Count(ctx)
	if err != nil {
		return 0, err
	}
	byType := map[indicator.Type]store.Tally{}
	for _, t := range tallies {
		byType[t.Type] = t
	}
	var errs []error
	for _, epoch := range epochs {
		for _, typ := range indicator.Types() {
			t := byType[typ]
			t.Type = typ
			did, err := x.bring(ctx, epoch, t)
			if err != nil {
				errs = append(errs, fmt.Errorf("index %s: %w", typ, err))
			}
			if did {
				built++
			}
		}
	}
	return built, errors.Join(errs...)
}

// bring publishes one type unless its revision stands, here and whole.
func (x *Indexer) bring(ctx context.Context, epoch keptEpoch, t store.Tally) (built bool, err error) {
	x.h.cfg.Metrics.Indicators.WithLabelValues(string(t.Type)).Set(float64(t.Held))
	last, err := x.h.cfg.Store.Published(ctx, epoch.number, t.Type)
	if err != nil {
		return false, err
	}
	if last.Version > 0 && last.Revision == t.Revision && x.stands(epoch.number, t.Type, last) {
		return false, nil
	}
	start := time.Now()
	if err := x.build(ctx, epoch, t, last); err != nil {
		return false, err
	}
	x.h.cfg.Metrics.IndexSeconds.Set(time.Since(start).Seconds())
	return true, nil
}

// stands says whether the mirror holds what was published: its folder may have been lost or damaged.
func (x *Indexer) stands(epoch uint64, typ indicator.Type, last store.Published) bool {
	view, err := x.h.cfg.Mirror.Use(mirror.Ref{Holder: member.PublicOf(x.h.node), Epoch: epoch, Type: string(typ)})
	if err != nil {
		return false
	}
	same := view.Manifest().Hash == last.Manifest
	return view.Release() == nil && same
}

// build writes a new base segment and puts it in use with the next manifest of its chain.
func (x *Indexer) build(ctx context.Context, epoch keptEpoch, t store.Tally, last store.Published) error {
	self := member.PublicOf(x.h.node)
	build, err := x.h.cfg.Mirror.NewBuild(self, index.Context{
		Ledger: x.h.cfg.LedgerID, Holder: x.h.self, Epoch: epoch.number, Type: string(t.Type),
	}, index.Base)
	if err != nil {
		return err
	}
	defer build.Abort() //nolint:errcheck // after Finish it does nothing; before, its files go at the next build
	if err := x.fill(ctx, build, epoch, t.Type); err != nil {
		return err
	}
	segment, err := build.Finish()
	if err != nil {
		return err
	}
	signed, err := session.Manifest{
		Ledger: x.h.cfg.LedgerID, Holder: x.h.self, Epoch: epoch.number, Type: string(t.Type),
		Version: last.Version + 1, Previous: last.Manifest, Segments: []session.SegmentInfo{segment},
	}.Sign(x.h.node)
	if err != nil {
		return err
	}
	note := store.Published{Revision: t.Revision, Version: last.Version + 1, Manifest: signed.Hash}
	if err := x.h.cfg.Store.SetPublished(ctx, epoch.number, t.Type, note); err != nil {
		return err
	}
	return x.h.cfg.Mirror.Publish(self, signed)
}
