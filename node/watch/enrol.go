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

// Holder is a member that can be asked.
type Holder struct {
	Name  string
	Epoch uint64
}

// Question is what one exchange with a holder is to be about: elements of one watch and type.
type Question struct {
	Watch    Watch
	Holder   Holder
	Type     indicator.Type
	Elements []Element
	Batch    int // elements a message
}

// Allowance is what policy grants.
type Allowance struct {
	EvaluationsPerDay uint64
	WatchSize         uint64 // elements of one type, of all watches together
}

// Hindrance is why a holder does not evaluate the rest, in the words of the answers to queries. The empty
// Status is none.
type Hindrance struct {
	Status, Detail string
	Until          *time.Time // when it is over, where that is known
}

// Asker has holders evaluate elements, over crosslight/query/v1 and charged as every query is.
type Asker interface {
	// Holders lists the members that could be asked now; none while the ledger is not of the present.
	Holders() []Holder
	// Allowance says what policy grants for a watch at a holder, or why it grants nothing.
	Allowance(w Watch, h Holder, t indicator.Type) (Allowance, *Hindrance)
	// Ask asks, and calls take for each answer that is proved, in turn, with the holder's epoch that it is
	// of, which may end meanwhile, and the places of its elements in the question. What take has had is
	// paid for. The error of take ends the exchange.
	Ask(ctx context.Context, q Question, take func(epoch uint64, places []int, outputs []Output) error) *Hindrance
}

// The hindrance of a watch that is larger than policy grants.
const TooLarge = "too-large"

// EnrollerConfig is what an enroller is made of. All fields are needed.
type EnrollerConfig struct {
	Ring  [32]byte // the ring's secret for watches
	Store *store.Store
	Asker Asker
	Ref   func(holder string, epoch uint64, t indicator.Type) (mirror.Ref, bool)
	// Mirrored says whether an index of that epoch is here still.
	Mirrored func(holder string, epoch uint64) bool
	// Done is told of each span that is kept.
	Done func(ctx context.Context, ref mirror.Ref, s store.Span)
	Log  *slog.Logger
	Now  func() time.Time
}

// Enroller has every holder evaluate every element of every watch, once for each of the holder's epochs.
// What is done stands in the store, span by span, as soon as an answer is proved; a process that ends in
// between has at most the messages in flight to ask again.
type Enroller struct {
	cfg  EnrollerConfig
	kick chan struct{}

	mu      sync.Mutex
	working map[string]bool      // holders with a worker
	rest    map[string]time.Time // holders that are left alone until then
	pauses  map[string]time.Duration
}

// NewEnroller returns an enroller. It does nothing until [Enroller.Run].
func NewEnroller(cfg EnrollerConfig) *Enroller {
	return &Enroller{
		cfg: cfg, kick: make(chan struct{}, 1), working: map[string]bool{},
		rest: map[string]time.Time{}, pauses: map[string]time.Duration{},
	}
}

// Kick says that there may be something to do: a watch was added, a holder's epoch began.
func (e *Enroller) Kick() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// Pauses of the enroller.
const (
	lookEvery  = 2 * time.Second
	firstPause = 2 * time.Second // after a holder could not be reached
	lastPause  = 2 * time.Minute
)

// Run works until ctx ends, with one worker for each holder that is behind: one that is slow or away
// keeps no other waiting.
func (e *Enroller) Run(ctx context.Context) {
	var workers sync.WaitGroup
	defer workers.Wait()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		holders := e.cfg.Asker.Holders()
		for _, h := range holders {
			if !e.begin(h.Name) {
				continue
			}
			workers.Go(func() {
				defer e.end(h.Name)
				e.holder(ctx, h)
			})
		}
		e.retire(ctx, holders)
		select {
		case <-ctx.Done():
			return
		case <-e.kick:
		case <-tick.C:
		}
	}
}

func (e *Enroller) begin(holder string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.working[holder] || e.cfg.Now().Before(e.rest[holder]) {
		return false
	}
	e.working[holder] = true
	return true
}

func (e *Enroller) end(holder string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.working, holder)
}

// pause leaves a holder alone for a while, longer each time; well ends that.
func (e *Enroller) pause(holder string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := min(max(2*e.pauses[holder], firstPause), lastPause)
	e.pauses[holder], e.rest[holder] = p, e.cfg.Now().Add(p)
}

func (e *Enroller) well(holder string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.pauses, holder)
	delete(e.rest, holder)
}

// retire forgets what holders evaluated in epochs that are over and of which no index is here any more.
func (e *Enroller) retire(ctx context.Context, holders []Holder) {
	if len(holders) == 0 {
		return
	}
	all, err := e.cfg.Store.Enrolled(ctx, 0)
	if err != nil {
		return // tried again at the next look
	}
	now := map[string]uint64{}
	for _, h := range holders {
		now[h.Name] = h.Epoch
	}
	type ended struct {
		holder string
		epoch  uint64
	}
	gone := map[ended]bool{}
	for _, s := range all {
		if s.Epoch < now[s.Holder] && !gone[ended{s.Holder, s.Epoch}] && !e.cfg.Mirrored(s.Holder, s.Epoch) {
			gone[ended{s.Holder, s.Epoch}] = true
			if err := e.cfg.Store.DropSpans(ctx, s.Holder, s.Epoch); err != nil {
				e.cfg.Log.Warn("what was enrolled in an ended epoch could not be forgotten; trying again", "holder", s.Holder, "error", err)
			}
		}
	}
}
