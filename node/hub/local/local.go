// Package local is the hub that does the work: it joins the sessions, the engines, the store, the
// mirror and the ledger of one running node. It is the asking side; node/holder is the answering one.
//
// What leaves the node from here: signed requests with blinded elements, mirror requests, and, where a
// person decides so, signed notices about matches and verdicts on them, which node/notify delivers. A
// value, its digest, its reference and the case reference stay.
package local

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/node/alert"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/node/notify"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/submit"
	"github.com/crosslight/crosslight/node/telemetry"
)

// Config is what a hub is made of. All fields but Region, Alerts and Webhooks are needed.
type Config struct {
	Name     string // the member's name on the ledger
	LedgerID [32]byte
	Region   string // default region of national phone numbers
	Version  string
	Ring     *keys.Ring
	Store    *store.Store
	Mirror   *mirror.Mirror
	Fetcher  *fetch.Fetcher
	Replica  *replica.Replica
	Submit   *submit.Submitter
	Indexer  *holder.Indexer
	Holder   *holder.Holder
	Notify   *notify.Notify
	Host     *p2p.Host
	Metrics  *telemetry.Metrics
	Health   *telemetry.Health
	Audit    *audit.Keeper // keeps what opens questions, and takes part in audits
	Evidence string        // the folder that takes proofs of others' faults
	Log      *slog.Logger
	Now      func() time.Time
	// Gather asks members without a vote, and outside witnesses, for their cosignatures.
	Gather   func(context.Context, tlog.CosignedCheckpoint) []tlog.Cosignature
	Settled  func() bool // whether this node's ledger is of the present
	Alerts   alert.Limits
	Webhooks []alert.Receiver
	// Authority shows what to decide by, as the holder's does.
	Authority func(read func(final, tip *state.State)) error
	// Reconcile compares whole sets with other members.
	Reconcile hub.Reconciling
}

// Hub implements [hub.Hub] on this node.
type Hub struct {
	hub.Reconciling
	cfg     Config
	started time.Time
	follow  *followers
	crypto  chan struct{} // one token for each batch blinded or finalised at a time: one a core

	watching watching
}

var _ hub.Hub = (*Hub)(nil)

// New returns the hub of a running node.
func New(cfg Config) *Hub {
	h := &Hub{
		Reconciling: cfg.Reconcile, cfg: cfg, started: cfg.Now(), follow: newFollowers(),
		crypto: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	h.watching = h.newWatching()
	cfg.Mirror.OnUpdate(h.changed)
	return h
}

// nameOf is the name of the member behind a peer ID, or empty.
func (h *Hub) nameOf(peer string) (name string) {
	h.cfg.Replica.View(func(s *state.State) {
		if m, ok := s.MemberByPeer(peer); ok {
			name = m.Name
		}
	})
	return name
}
