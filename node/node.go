// Package node is one member's running node: it wires the rooms together and owns the order in which
// they start and stop. It decides nothing itself.
//
//	home lock -> keys -> store, mirror -> libp2p host -> ledger replica -> holder, hub -> HTTP API
//
// Start brings them up in this order and Close takes them down in the reverse one, so that nothing is
// called that is not there. After a crash every part recovers by itself: the store and the ledger from
// their logs, the mirror from its names, an unfinished import by being dropped.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/node/alert"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/cosigning"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/hub/local"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/node/notify"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/reconcile"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/submit"
	"github.com/crosslight/crosslight/node/telemetry"
	"github.com/crosslight/crosslight/protocol/member"
)

var (
	// ErrNotFounded reports a home without a genesis.
	ErrNotFounded = errors.New("this home belongs to no consortium yet: run `crosslight genesis join` or `crosslight member join` first")
	// ErrPortInUse reports an API address that another process holds.
	ErrPortInUse = errors.New("the API address is in use: stop the process that holds it, or choose another with --api")
)

// Config is what a node is started with.
type Config struct {
	Home         string
	Passphrase   []byte
	APIListen    string   // host:port on loopback; port 0 takes a free one
	P2PListen    []string // multiaddrs; empty takes the card's
	Announce     []string // multiaddrs for the ledger; empty keeps what stands there
	Region       string   // default region of national phone numbers
	Version      string
	Mirror       mirror.Options   // zero is the default; Log is Logger
	Retention    time.Duration    // of alerts, quarantines and reconciliations that are over; zero is DefaultRetention
	Alerts       alert.Limits     // zero is the default
	Webhooks     []alert.Receiver // checked
	Logger       *slog.Logger
	Timing       replica.Timing   // zero is the default
	AnswerAudits bool             // open what is drawn of this member's questions without asking a person
	Witnesses    []string         // URL#KEY of outside witnesses
	MaxAge       time.Duration    // of the newest final checkpoint, to go by it; zero is replica.DefaultMaxAge
	Now          func() time.Time // nil is the system's clock
	Tap          p2p.Tap          // nil; tests record what leaves the node

	ReconcileAutomatic bool          // approve every offer that policy allows; otherwise an operator decides
	ReconcilePatience  time.Duration // how long the other side may be silent in a pass; zero is a minute
}

// Node is a running node.
type Node struct {
	cfg Config
	log *slog.Logger

	unguarded replica.TB // nil but in a test: see StartUnguarded

	home home.Home
	lock *home.Lock
	card member.SignedCard
	pin  *pin

	genesis   entry.SignedGenesis
	ring      *keys.Ring
	store     *store.Store
	mirror    *mirror.Mirror
	host      *p2p.Host
	replica   *replica.Replica
	submit    *submit.Submitter
	cosigning *cosigning.Cosigning
	holder    *holder.Holder
	notify    *notify.Notify
	fetcher   *fetch.Fetcher
	hub       *local.Hub
	audit     *audit.Keeper
	reconcile *reconcile.Service
	metrics   *telemetry.Metrics
	health    *telemetry.Health
	keys      *keyWatch
	api       *http.Server
	listen    net.Listener

	admitted   atomic.Pointer[map[string]bool] // peer IDs that may connect
	announcer  *announcer
	unanchored chan struct{} // a manifest was published

	events   chan struct{}         // something changed on the ledger
	accused  chan replica.Evidence // waits to be written down
	pinned   atomic.Bool           // the invitation's point has been passed
	current  atomic.Bool           // the replica has caught up once since the start
	requests sync.WaitGroup        // API requests under way

	ctx    context.Context // ends when the node is to stop
	cancel context.CancelFunc
	work   sync.WaitGroup // background goroutines
	undo   []func() error // closes what has been opened, last first
	fatal  chan error     // the first failure that the node cannot live with
	once   sync.Once
	err    error
}

// Start brings a node up and returns when its API answers. It need not be ready then: Status and
// /readyz say what is missing. ctx bounds starting only; Close ends the node.
func Start(ctx context.Context, cfg Config) (*Node, error) { return start(ctx, cfg, nil) }

func start(ctx context.Context, cfg Config, unguarded replica.TB) (*Node, error) {
	n := &Node{
		cfg: cfg, log: cfg.Logger, unguarded: unguarded,
		events: make(chan struct{}, 1), unanchored: make(chan struct{}, 1), accused: make(chan replica.Evidence, accusations), fatal: make(chan error, 1),
		metrics: telemetry.NewMetrics(), health: telemetry.NewHealth(), keys: newKeyWatch(),
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.cfg.Now == nil {
		n.cfg.Now = time.Now
	}
	if n.cfg.Retention == 0 {
		n.cfg.Retention = DefaultRetention
	}
	if n.cfg.MaxAge == 0 {
		n.cfg.MaxAge = replica.DefaultMaxAge
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	for _, step := range []func() error{n.openHome, n.openData, n.openNetwork, n.openLedger, n.openCosigning, n.openHub, n.openAPI} {
		err := ctx.Err()
		if err == nil {
			err = step()
		}
		if err != nil {
			return nil, errors.Join(err, n.shutdown(context.Background()))
		}
	}
	n.background()
	return n, nil
}

// openHome takes the folder for this process and reads who we are.
func (n *Node) openHome() (err error) {
	if n.home, err = home.Open(n.cfg.Home); err != nil {
		return err
	}
	if n.lock, err = n.home.Lock(); err != nil {
		return err
	}
	n.defers(n.lock.Release)
	if n.card, err = ownCard(n.home); err != nil {
		return err
	}
	raw, err := os.ReadFile(n.home.Genesis())
	if errors.Is(err, os.ErrNotExist) {
		return ErrNotFounded
	}
	if err != nil {
		return fmt.Errorf("read the genesis: %w", err)
	}
	if n.genesis, err = entry.ParseGenesis(raw); err != nil {
		return fmt.Errorf("the home's genesis is damaged: restore %s from another member: %w", n.home.Genesis(), err)
	}
	n.pin, err = readPin(n.home)
	return err
}

// openData opens the keys, which takes a second by design, and the member's own data.
func (n *Node) openData() (err error) {
	if n.ring, err = keys.Open(n.home.Keys(), n.cfg.Passphrase); err != nil {
		return err
	}
	if n.ring.First() != n.card.Card.Keys {
		return fmt.Errorf("%w: they are not those of member.card", keys.ErrDamaged)
	}
	if n.store, err = store.Open(n.home.Store()); err != nil {
		return err
	}
	n.defers(n.store.Close)
	if err := n.store.BindLedger(n.ctx, n.genesis.ID()); err != nil {
		return err
	}
	limits := n.cfg.Mirror
	limits.Log = n.log
	if n.mirror, err = mirror.Open(n.home.Mirror(), limits); err != nil {
		return err
	}
	n.defers(n.mirror.Close)
	return nil
}

// APIAddr is the host:port at which the API answers.
func (n *Node) APIAddr() string { return n.listen.Addr().String() }

// Hub is the node's hub, for a caller in the same process.
func (n *Node) Hub() hub.Hub { return n.hub }

// Wait blocks until the node cannot go on, and says why, or until it is closed.
func (n *Node) Wait() error {
	select {
	case err := <-n.fatal:
		return err
	case <-n.replica.Failed():
		return n.replica.Err()
	case <-n.ctx.Done():
		return nil
	}
}

// fail ends the node: state may be inconsistent, or the ledger is not the one it should be.
func (n *Node) fail(err error) {
	select {
	case n.fatal <- err:
	default:
	}
}

// Close stops the node: the API first, then what works in the background, then what it works on. ctx
// bounds how long requests under way may take to end.
func (n *Node) Close(ctx context.Context) error {
	n.once.Do(func() { n.err = n.shutdown(ctx) })
	return n.err
}

func (n *Node) shutdown(ctx context.Context) error {
	var err error
	if n.api != nil {
		if err = n.api.Shutdown(ctx); err != nil {
			err = n.api.Close() // requests that did not end in time are cut off
		}
	}
	n.cancel()
	n.requests.Wait() // their context has just ended
	n.work.Wait()
	for i := len(n.undo) - 1; i >= 0; i-- {
		err = errors.Join(err, n.undo[i]())
	}
	return err
}

func (n *Node) defers(f func() error) { n.undo = append(n.undo, f) }
