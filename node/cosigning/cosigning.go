// Package cosigning is a member's part in the cosignatures of final checkpoints beyond the voters': its node
// cosigns while it has no vote, passes on what it holds, gathers what other members' nodes and outside
// witnesses have cosigned, and fetches what it missed while it was away. It implements "Between members" of
// crosslight/checkpoints/v1 (specs/checkpoints.md) with the messages of ledger/cosign.
//
//	ledger grows ──▶ final? no vote? ──▶ held (disk) ──▶ own cosignature
//	other members ──▶ Serve ──▶ own cosignature, voters' cosignatures
//	ledger checkpoint ──▶ Gather ──▶ members without a vote, witnesses
//	hand-over without its cosignatures ──▶ fetchLate ──▶ members, one after the other
//
// What leaks: to a member, that this node holds a checkpoint; to a witness, size and root of the ledger and
// when they are asked about.
package cosigning

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
)

// Ledger is what this package needs of a replica.
type Ledger interface {
	Final() replica.FinalPoint
	View(func(*state.State))
	ViewFinal(func(*state.State, replica.FinalPoint))
	Cosignatures(tlog.Checkpoint) []tlog.Cosignature
	Leaves(from, to uint64) ([][]byte, error)
	Uncosigned() []tlog.Checkpoint
	AddCosignatures(tlog.Checkpoint, []tlog.Cosignature) int
}

// Opener opens a stream of a protocol to a member's node.
type Opener interface {
	Open(ctx context.Context, peer, protocol string) (p2p.Stream, error)
}

// Config is what the part is made of.
type Config struct {
	LedgerID  [32]byte
	Self      string // peer ID
	Name      string // of the member
	Ledger    Ledger
	Follower  *witness.Follower
	Witnesses []*witness.Client
	Host      Opener
	Log       *slog.Logger
}

// Cosigning is a member's part. It is safe for concurrent use.
type Cosigning struct {
	cfg Config

	mu     sync.Mutex
	own    ownCosignature
	failed string           // why this node does not cosign, as it was logged
	later  map[uint64]retry // Run's alone
}

// ownCosignature is the newest that this node made without a vote.
type ownCosignature struct {
	height     uint64
	checkpoint tlog.Checkpoint
	cosigned   tlog.Cosignature
}

// New returns a member's part.
func New(cfg Config) *Cosigning { return &Cosigning{cfg: cfg, later: map[uint64]retry{}} }

// look is how often the ledger is looked at. Each cosignature of a new size costs a write to the disk, so
// a busy ledger is not cosigned at each of its checkpoints.
const look = time.Second

// Run works until ctx ends.
func (c *Cosigning) Run(ctx context.Context) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		c.follow()
		c.fetchLate(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// others are the members' nodes beside this one, with the keys that they cosign with.
func (c *Cosigning) others() (peers []string, cosigners map[string]tlog.Key) {
	cosigners = map[string]tlog.Key{}
	c.cfg.Ledger.ViewFinal(func(s *state.State, _ replica.FinalPoint) {
		for _, m := range s.Members() {
			if m.PeerID == c.cfg.Self || m.PeerID == "" {
				continue
			}
			peers = append(peers, m.PeerID)
			if !m.Voter && m.Keys.Cosigner != (member.PublicKey{}) {
				cosigners[m.PeerID] = tlog.CosignerKey(m.Keys.Cosigner)
			}
		}
	})
	return peers, cosigners
}
