package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// Views is the mirror as the matcher uses it; *mirror.Mirror is one.
type Views interface {
	Use(ref mirror.Ref) (*mirror.View, error)
}

// MatcherConfig is what a matcher is made of. All fields are needed.
type MatcherConfig struct {
	LedgerID [32]byte
	Ring     [32]byte // the ring's secret for watches
	Match    [32]byte // its secret for matches, for [store.MatchItem]
	Store    *store.Store
	Mirror   Views
	// Name is the holder of an index by its member's name; false where it is none in good standing.
	Name func(ref mirror.Ref) (string, bool)
	// Ref is the index of a holder by the member's name.
	Ref func(holder string, epoch uint64, t indicator.Type) (mirror.Ref, bool)
	// Permit says whether policy lets this member see a watch's hits at a holder, and their labels; the
	// error, that the ledger is too old to say.
	Permit func(w Watch, holder string, t indicator.Type) (hits, labels bool, err error)
	// Ready says whether the ledger is of the present.
	Ready func() bool
	// Raise takes hits, known ones included. What it has taken is durable.
	Raise func(ctx context.Context, h store.Hits) error
	Log   *slog.Logger
	Now   func() time.Time
}

// Matcher joins what is watched with what mirrors bring. One goroutine, [Matcher.Run], does all of it, in
// the order in which updates came; what fails is matched anew, whole, a little later, and so is
// everything when a node starts. That is safe because a hit that has been taken is not taken twice.
type Matcher struct {
	cfg  MatcherConfig
	kick chan struct{}
	came chan enrolled

	mu    sync.Mutex
	dirty map[mirror.Ref]*work
	gone  []int64 // watches that were removed

	// Of Run's goroutine alone:
	rolls  map[mirror.Ref]*roll // complete, once there
	books  map[int64]Watch
	stale  map[mirror.Ref]bool // to be matched whole again
	denied map[mirror.Ref]bool // had hits that policy does not let this member see
}

// work is what is new in an index.
type work struct {
	whole bool
	added [][32]byte
}

// enrolled is a span that has just been kept.
type enrolled struct {
	ref  mirror.Ref
	span store.Span
}

// NewMatcher returns a matcher. It does nothing until [Matcher.Run].
func NewMatcher(cfg MatcherConfig) *Matcher {
	return &Matcher{
		cfg: cfg, kick: make(chan struct{}, 1), came: make(chan enrolled, 16),
		dirty: map[mirror.Ref]*work{}, rolls: map[mirror.Ref]*roll{}, books: map[int64]Watch{},
		stale: map[mirror.Ref]bool{}, denied: map[mirror.Ref]bool{},
	}
}

// Updated notes a mirror's update and returns at once.
func (m *Matcher) Updated(u mirror.Update) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note(u.Ref, u.Rebased, u.Added)
}

// note is called with the mutex held.
func (m *Matcher) note(ref mirror.Ref, whole bool, added [][32]byte) {
	w := m.dirty[ref]
	if w == nil {
		w = &work{}
		m.dirty[ref] = w
	}
	w.whole = w.whole || whole
	w.added = append(w.added, added...)
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

// Enrolled hands over a span that the store keeps. It waits while the matcher is behind.
func (m *Matcher) Enrolled(ctx context.Context, ref mirror.Ref, s store.Span) {
	select {
	case m.came <- enrolled{ref, s}:
	case <-ctx.Done():
	}
}

// Removed forgets a watch.
func (m *Matcher) Removed(watch int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gone = append(m.gone, watch)
	select {
	case m.kick <- struct{}{}:
	default:
	}
}

// Pauses of Run.
const (
	settleEvery = 100 * time.Millisecond // while the ledger is not of the present
	againEvery  = 5 * time.Second        // for what failed
	allowEvery  = time.Minute            // for what policy may come to allow
)

// Run works until ctx ends.
func (m *Matcher) Run(ctx context.Context) {
	for !m.cfg.Ready() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(settleEvery):
		}
	}
	if err := m.survey(ctx); err != nil && ctx.Err() == nil {
		m.cfg.Log.Error("the watches could not be read: what came while this node was down raises no alert before the next start", "error", err)
	}
	again := time.NewTicker(againEvery)
	defer again.Stop()
	allow := time.NewTicker(allowEvery)
	defer allow.Stop()
	for {
		m.forget()
		m.work(ctx)
		select {
		case <-ctx.Done():
			return
		case <-m.kick:
		case e := <-m.came:
			m.take(ctx, e)
		case <-again.C:
			m.retry(m.stale)
		case <-allow.C:
			denied := m.denied
			m.denied = map[mirror.Ref]bool{}
			m.retry(denied)
		}
	}
}

// survey has every index matched whole of which something is enrolled.
func (m *Matcher) survey(ctx context.Context) error {
	all, err := m.cfg.Store.Enrolled(ctx, 0)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range all {
		if ref, ok := m.cfg.Ref(e.Holder, e.Epoch, e.Type); ok {
			m.note(ref, true, nil)
		}
	}
	return nil
}

func (m *Matcher) retry(refs map[mirror.Ref]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ref := range refs {
		m.note(ref, true, nil)
	}
}

func (m *Matcher) forget() {
	m.mu.Lock()
	gone := m.gone
	m.gone = nil
	m.mu.Unlock()
	for _, watch := range gone {
		delete(m.books, watch)
		for _, r := range m.rolls {
			r.drop(watch)
		}
	}
}

// work goes through what is new.
func (m *Matcher) work(ctx context.Context) {
	m.mu.Lock()
	dirty := m.dirty
	m.dirty = map[mirror.Ref]*work{}
	m.mu.Unlock()
	for ref, w := range dirty {
		w.whole = w.whole || m.stale[ref]
		m.ended(ref, m.index(ctx, ref, *w))
	}
}

func (m *Matcher) ended(ref mirror.Ref, err error) {
	if err == nil {
		delete(m.stale, ref)
		return
	}
	if !m.stale[ref] {
		m.cfg.Log.Warn("an index could not be matched with the watches; trying again", "type", ref.Type, "error", err)
	}
	m.stale[ref] = true
}

// index matches one index.
func (m *Matcher) index(ctx context.Context, ref mirror.Ref, w work) error {
	name, ok := m.cfg.Name(ref)
	if !ok {
		delete(m.rolls, ref) // left, suspended or another key: nothing of it may raise an alert
		return nil
	}
	r, err := m.roll(ctx, ref, name)
	if err != nil || r.len() == 0 {
		return err
	}
	return m.search(ctx, ref, name, r.parts, w)
}
