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
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// ErrNoEpoch reports that this member has no epoch on the ledger yet: nothing can be indexed.
var ErrNoEpoch = errors.New("this member has no open epoch yet: wait until the ledger has a leader")

// Indexer keeps the member's encoded index in step with its store. What was imported since the manifest
// before becomes an addition, what was withdrawn or has expired a withdrawal, at once; where they have
// become many, they are compacted beside that. What a crash leaves is the index before; the store
// remembers up to where the published one shows it, so the next start adds what is missing and no more.
type Indexer struct {
	h    *Holder
	kick chan struct{}

	mu    sync.Mutex  // held while building
	dirty atomic.Bool // something changed that is not published yet
	busy  atomic.Bool // a build is under way
	// compacting says that one goroutine compacts; it holds mu only while it publishes.
	compacting atomic.Bool
	built      atomic.Uint64 // the newest epoch whose index was published
	next       atomic.Uint64 // an epoch that is being prepared and not on the ledger yet, or 0

	onPublish func(*session.SignedManifest)

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
	var compaction sync.WaitGroup
	defer compaction.Wait()
	for {
		var again <-chan time.Time
		err := x.Publish(ctx)
		if err != nil && ctx.Err() == nil {
			if !errors.Is(err, ErrNoEpoch) {
				x.h.cfg.Log.Error("the index could not be built; trying again", "error", err)
			}
			again = time.After(retryBuild)
		}
		if err == nil && x.compacting.CompareAndSwap(false, true) {
			compaction.Go(func() {
				defer x.compacting.Store(false)
				x.compactAll(ctx)
			})
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
	var errs []error
	for _, epoch := range epochs {
		for _, typ := range indicator.Types() {
			did, err := x.bring(ctx, epoch, typ)
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
func (x *Indexer) bring(ctx context.Context, epoch keptEpoch, typ indicator.Type) (built bool, err error) {
	now, tally, err := x.h.cfg.Store.Position(ctx, typ)
	if err != nil {
		return false, err
	}
	x.h.cfg.Metrics.Indicators.WithLabelValues(string(typ)).Set(float64(tally.Held))
	last, err := x.h.cfg.Store.Published(ctx, epoch.number, typ)
	if err != nil {
		return false, err
	}
	current := x.current(epoch.number, typ, last)
	if current != nil && last.Revision == tally.Revision {
		return false, nil
	}
	start := time.Now()
	g, err := x.segments(epoch, typ)
	if err != nil {
		return false, err
	}
	defer g.close()
	if epoch.closed { // nothing that came since is taken in
		now.Indicator = min(now.Indicator, last.Shows.Indicator)
	}
	next := issue{epoch: epoch.number, typ: typ, last: last, revision: tally.Revision, shows: now}
	if err := next.grow(ctx, g, current); err != nil {
		return false, err
	}
	if err := x.publish(ctx, next); err != nil {
		return false, err
	}
	x.h.cfg.Metrics.IndexSeconds.Set(time.Since(start).Seconds())
	return true, nil
}

// current returns the manifest that was published last, or nil where the mirror does not hold it: its
// folder may have been lost or damaged, or the program ended before it was put in use.
func (x *Indexer) current(epoch uint64, typ indicator.Type, last store.Published) *session.SignedManifest {
	view, err := x.h.cfg.Mirror.Use(mirror.Ref{Holder: member.PublicOf(x.h.node), Epoch: epoch, Type: string(typ)})
	if err != nil {
		return nil
	}
	signed := view.Manifest()
	if view.Release() != nil || last.Version == 0 || signed.Hash != last.Manifest {
		return nil
	}
	return signed
}
