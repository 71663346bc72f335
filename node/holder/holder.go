// Package holder is the answering side of a member: it evaluates other members' questions
// (crosslight/query/v1), hands them the encoded index that policy entitles them to
// (crosslight/mirror/v1), and builds that index from the member's own indicators.
//
//	querier                                  holder
//	  signed request, blinded elements ->    member? suspended? epoch? policy?   (ledger.Authorised)
//	                                         charge the day's budget             (store, durable)
//	                                         evaluate, prove                     (privacy/voprf)
//	                               <-        signed receipt, evaluated elements, proof
//
// What the holder learns: who asks, when, how many elements, of which type, for which purpose, under
// which commitment. Never the values, and never whether they matched: the querier looks that up in
// its mirror.
package holder

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"runtime"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/telemetry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Ledger is the replica as a holder reads it.
type Ledger interface {
	View(read func(*state.State))
	// RootAt returns the ledger's root at an earlier size, 1 to the present one.
	RootAt(size uint64) (root [32]byte, ok bool)
}

// Config is what a holder is made of. All fields are needed.
type Config struct {
	Name     string // the member's name on the ledger
	LedgerID [32]byte
	Ring     *keys.Ring
	Ledger   Ledger
	Store    *store.Store
	Mirror   *mirror.Mirror
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
	Now      func() time.Time
	// Authority shows what to decide by: the state that is final and the newest. It is [ledger.ErrStale],
	// and read is not called, where what is final is too old.
	Authority func(read func(final, tip *state.State)) error
	// Admit makes room for a request of a member, which acts on the ledger at a size, in the log of its day; back
	// gives it back where the request is not charged. An error means that the day's log is full, or cannot be read.
	Admit func(ctx context.Context, querier string, size uint64) (back func(), err error)
	// Settled says whether this node's ledger is of the present: caught up with its leader since the
	// start and, for a newcomer, past the point that its invitation pins.
	Settled func() bool
}

// Holder answers for one member. It is safe for concurrent use.
type Holder struct {
	cfg   Config
	self  string // peer ID
	node  ed25519.PrivateKey
	oprf  *oprfKeys
	slots chan struct{} // one for each evaluation under way
	queue chan struct{} // one for each evaluation under way or waiting
	index *Indexer
	acked bell

	replays replays
}

// queueFactor bounds how many evaluations may wait for each that runs. Beyond it the holder answers
// overloaded: a short answer now is better than a long one too late.
const queueFactor = 32

// New returns a holder. Its indexer does nothing until [Indexer.Run].
func New(cfg Config) *Holder {
	node := cfg.Ring.Private(member.Node)
	cores := runtime.GOMAXPROCS(0)
	h := &Holder{
		cfg: cfg, node: node, self: member.PublicOf(node).PeerID(),
		oprf:  newOPRFKeys(cfg.Ring, cfg.LedgerID, cfg.Name),
		slots: make(chan struct{}, cores),
		queue: make(chan struct{}, cores*queueFactor),
	}
	h.index = newIndexer(h)
	return h
}

// Indexer returns the builder of this member's index.
func (h *Holder) Indexer() *Indexer { return h.index }
