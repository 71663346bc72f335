// Package notify tells other members about matches and hears what they tell (crosslight/match/v1,
// specs/match.md). What a person decided to say waits in the store, signed, until the other side's
// receipt is there: through restarts, through the other's absence, once.
//
//	sender                                      holder
//	  notice {epoch, type, tag, seal}  ->       standing, policy, rate, room    (ledger.AuthorisedNotice)
//	                                            keep with the receipt           (store, one transaction)
//	                             <-             signed receipt
//	                                            look for the item by its tag, check the seal
//	                             <-             feedback {verdict}, the same way back
//
// What leaks. To the holder: that the sender has asked about this item of its index, for which purpose,
// whether under a case reference, and whom to call; not when it matched, nor by which question. To the
// sender of a feedback's notice: the verdict. To onlookers: that the two talk.
package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
)

// Config is what a Notify is made of. All fields are needed.
type Config struct {
	Name     string // the member's name on the ledger
	LedgerID [32]byte
	Ring     *keys.Ring
	Store    *store.Store
	Host     *p2p.Host
	View     func(read func(*state.State)) // the newest state
	// Authority shows what to decide by, as the holder's does.
	Authority func(read func(final, tip *state.State)) error
	Settled   func() bool
	// Outputs calls fn with every own indicator of a type and its OPRF output in an epoch, as the holder's
	// EachOutput does.
	Outputs func(ctx context.Context, epoch uint64, typ indicator.Type, fn func(d indicator.Digest, f *[index.OutputSize]byte)) error
	Log     *slog.Logger
	Now     func() time.Time
}

// Notify is a member's outbox and its letter box. It is safe for concurrent use.
type Notify struct {
	cfg    Config
	self   string // peer ID
	outbox chan struct{}
	inbox  chan struct{}
	rates  rates

	mu   sync.Mutex
	busy map[string]bool // members that are being told just now
}

// New returns a Notify that does nothing until [Notify.Run].
func New(cfg Config) *Notify {
	return &Notify{
		cfg: cfg, self: member.PublicOf(cfg.Ring.Private(member.Node)).PeerID(),
		outbox: make(chan struct{}, 1), inbox: make(chan struct{}, 1), busy: map[string]bool{},
	}
}

// Kick says that something waits to be told. It returns at once.
func (n *Notify) Kick() { nudge(n.outbox) }

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// lookEvery is how often the outbox is looked at: what was postponed has no other call.
const lookEvery = time.Second

// Run tells what waits and looks for the items of what came in, until ctx ends. It returns when all that
// it began has ended.
func (n *Notify) Run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { n.leadAll(ctx) })
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		n.tell(ctx, &work)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-n.outbox:
		}
	}
}

func (n *Notify) size() (size uint64) {
	n.cfg.View(func(s *state.State) { size = s.Size() })
	return size
}
