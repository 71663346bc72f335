// Package reconcile lets two members compare whole sets of one indicator type: crosslight/reconcile/v1
// (specs/reconcile.md) over privacy/bulk, on both sides of it.
//
//	initiator                                   other
//	  request: signed offer            ->       policy (ledger.AuthorisedBulk); its operator decides
//	  run: start of an attempt         ->       policy, sizes, and, if it sends, the budget
//	                                   <-       signed reply
//	  the engine's messages           <->       the engine's messages
//	  signed receipt                   ->       keep what was found and both receipts
//	  keep what was found, receipts    <-       signed receipt
//
// An attempt lives in memory alone, on both sides: a stream that breaks is taken up again where it broke, with
// the same bytes; after a restart of either node the attempt is over, and the next one has other randomness and
// is charged again. What is durable: offers, their state, what was found, receipts.
//
// What leaks to the other member: that this one wants to compare, the type, the purpose, whether there is a case
// reference, the sizes of the sets, and to the one who learns what both have with the labels. Not to it: values,
// digests of what is not shared, the case reference. Logs name members, types and sizes.
package reconcile

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/telemetry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Dialler opens streams to members.
type Dialler interface {
	Open(ctx context.Context, peer, protocol string) (p2p.Stream, error)
}

// Charger takes evaluations from a budget: the holder, whose meters questions are charged to, too.
type Charger interface {
	Charge(ctx context.Context, b ledger.Budget, s holder.Spend) (left uint64, err error)
}

// Config is what a service is made of. All fields are needed but the last two.
type Config struct {
	Name     string // the member's name on the ledger
	LedgerID [32]byte
	Ring     *keys.Ring
	Ledger   holder.Ledger
	Store    *store.Store
	Host     Dialler
	Holder   Charger
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
	Now      func() time.Time
	// Authority and Settled are those of the holder's.
	Authority func(read func(final, tip *state.State)) error
	Settled   func() bool
	// Automatic approves whatever policy allows; otherwise an operator decides each offer.
	Automatic bool
	// Patience is how long a peer may be silent in the middle of a pass; zero is a minute.
	Patience time.Duration
}

// Bounds of what is held for others.
const (
	maxAttempts  = 2 // in memory at once; one of them with any one member
	maxOpen      = 16
	maxDay       = 100              // offers of a member in 24 hours
	keepAttempt  = 10 * time.Minute // that nobody goes on with
	offerLasts   = 7 * 24 * time.Hour
	maxLasts     = offerLasts + time.Hour // of others' offers: clocks differ
	patience     = time.Minute
	tidyEvery    = 30 * time.Second
	callWithin   = 30 * time.Second // for one call and its reply
	cancelWithin = 5 * time.Second
)

// MaxStreams is how many streams of the protocol a peer may have open here.
const MaxStreams = 4

// Service runs the reconciliations of one member. It is safe for concurrent use.
type Service struct {
	cfg  Config
	self string // peer ID
	key  ed25519.PrivateKey

	mu       sync.Mutex
	attempts map[string]*attempt // by the id of the reconciliation
	running  map[string]bool     // that this member's own work goes on with
	stopped  bool

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup
}

var _ hub.Reconciling = (*Service)(nil)

// New returns the service of a running node, with what the last process left put right.
func New(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Patience == 0 {
		cfg.Patience = patience
	}
	s := &Service{
		cfg: cfg, key: cfg.Ring.Private(member.Node), attempts: map[string]*attempt{}, running: map[string]bool{},
	}
	s.self = member.PublicOf(s.key).PeerID()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, cfg.Store.ReconcileStopped(ctx, true)
}

// Close ends what runs and waits for it.
func (s *Service) Close() error {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
	return nil
}

// Tidy drops attempts that nobody goes on with and ends offers that have expired, until ctx ends.
func (s *Service) Tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.dropIdle(ctx, s.cfg.Now().Add(-keepAttempt))
			if err := s.cfg.Store.ReconcileStopped(ctx, false); err != nil {
				s.cfg.Log.Warn("expired reconciliations could not be ended", "error", err)
			}
		}
	}
}

// background runs f unless the service is closing.
func (s *Service) background(f func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.work.Go(func() { f(s.ctx) })
	}
}
