package replica

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/member"
)

// FinalityConfig says with which keys and over which streams this replica takes part in deciding what
// is final (specs/finality.md).
type FinalityConfig struct {
	// Log signs this member's votes, Cosigner its cosignatures. A member that is no voter needs them too:
	// its replica follows what is final.
	Log, Cosigner ed25519.PrivateKey
	// Dial opens a stream of crosslight/finality/v1 to a member, whose AcceptFinality serves it.
	Dial DialFunc
	// DialHistory opens a stream of crosslight/history/v1 to a member, whose AcceptHistory serves it.
	DialHistory DialFunc
	// Now is the clock of cosignatures; nil is the system's.
	Now func() time.Time
	// MaxAge is how old the newest final checkpoint may be for those who go by it; the leader has an idle
	// ledger cosigned again at half of it. Zero is [DefaultMaxAge].
	MaxAge time.Duration
	// OnFinal, if set, hears of each newer final point that this replica has reached, and again when
	// cosignatures of it arrive, from one goroutine. It must not block.
	OnFinal func(FinalPoint)
}

// DefaultMaxAge bounds how long a member is believed to be one after it was removed, where the nodes
// cannot hear one another.
const DefaultMaxAge = time.Hour

// ErrFork is finality's: more than b voters cheat, and the evidence proves it. It is fatal.
var ErrFork = finality.ErrFork

// keyFinality is where the stable store holds what this voter must not forget, keyMuted the height at which
// it does not vote: one of each for an incarnation of the ledger and a log key, since both vote anew.
func keyFinality(incarnation uint64, logKey member.KeyID) []byte {
	return fmt.Appendf(nil, "CrosslightFinality/%d/%s", incarnation, logKey)
}

func (d *decider) keyFinality() []byte { return keyFinality(d.incarnation, d.self) }

func (d *decider) keyMuted() []byte {
	return fmt.Appendf(nil, "CrosslightFinalityMuted/%d/%s", d.incarnation, d.self)
}

// decider runs the finality machine: one goroutine owns it and everything here that has no lock.
//
//	raft: term, leader ─┐            ┌─▶ disk, before anything else
//	history grew ───────┼─▶ machine ─┼─▶ post (streams to the members)
//	streams of members ─┤            ├─▶ finals: API, gate, log guard
//	clock ──────────────┘            └─▶ evidence; another history (finality_rebuild.go)
type decider struct {
	r       *Replica
	cfg     FinalityConfig
	log     *slog.Logger
	self    member.KeyID
	ledger  [32]byte
	machine *finality.Machine
	finals  *finals
	// incarnation is the machine's; the ledger's, but for the moment in which a recovery is executed.
	incarnation uint64
	post        *post

	inbox   chan letter
	rebuilt chan rebuilt
	wake    chan struct{} // raft has another leader
	done    chan struct{}
	work    sync.WaitGroup // a rebuild, a transfer of leadership

	newest   *finality.Certificate  // final, perhaps not executed here yet
	early    []finality.Cosignature // of newest, while it is not executed here
	own      *finality.Cosignature  // the newest that this node made
	kept     []finality.Value       // echoed since the last final
	active   bool                   // this voter has signed something since the last final
	seen     progress               // at the last tick
	quiet    int                    // ticks since something was sent again
	renewed  time.Time              // when the newest final came, by the clock of cosignatures
	fresh    bool                   // began without any state
	muted    uint64                 // height at which it does not vote; 0: none
	busy     bool                   // a rebuild is under way
	rest     time.Time              // no rebuild before
	told     stand                  // what the machine was told of last
	stood    stand                  // what was executed at the last tick
	still    int                    // ticks since that changed
	stall    stall                  // of the leader, see finality_stall.go
	transfer chan struct{}          // held while leadership is handed over
	crossed  uint64                 // height at which the next turn became final, once the ledger shows it
	aside    aside                  // see finality_kept.go
	dir      string
}

// newDecider reads what this voter has signed before. Errors: those of the stores, [finality.ErrState].
// files is what a simulator puts around the writing of a file, or nil.
func (r *Replica) newDecider(cfg FinalityConfig, dir string, genesis entry.SignedGenesis, files func(Op, func() error) error) (*decider, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = DefaultMaxAge
	}
	d := &decider{
		r: r, cfg: cfg, dir: dir, log: r.log, self: member.PublicOf(cfg.Log).ID(), ledger: genesis.ID(),
		inbox: make(chan letter), rebuilt: make(chan rebuilt, 1), wake: make(chan struct{}, 1),
		quiet: resendPause, // whoever was away asks at once, by sending what it has
		done:  make(chan struct{}), transfer: make(chan struct{}, 1),
	}
	d.post = newPost(cfg.Dial, r.log)
	d.aside.around = files
	var err error
	if d.finals, err = openFinals(dir, genesis, r.history); err != nil {
		return nil, err
	}
	d.finals.files.around = files
	if err := d.aside.read(keptPath(dir)); err != nil {
		return nil, err
	}
	return d, d.incarnate(entry.FirstIncarnation)
}

// incarnate makes the machine of an incarnation from what this voter has signed in it.
func (d *decider) incarnate(incarnation uint64) error {
	d.incarnation, d.newest, d.crossed = incarnation, nil, 0
	kept, err := optional(d.r.store.Get(d.keyFinality()))
	if err != nil {
		return err
	}
	d.fresh, d.muted = kept == nil, 0
	if muted, err := optional(d.r.store.Get(d.keyMuted())); err != nil {
		return err
	} else if len(muted) == 8 {
		d.muted = binary.BigEndian.Uint64(muted)
	}
	d.machine, err = finality.New(finality.Config{
		Ledger: d.ledger, Incarnation: incarnation, Key: d.cfg.Log, Roster: d, History: d,
	}, kept)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if c, ok := d.machine.Final(); ok {
		d.newest = &c
	}
	return nil
}

// optional makes nothing of a key that is not there.
func optional(b []byte, err error) ([]byte, error) {
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return nil, nil
	}
	return b, err
}
