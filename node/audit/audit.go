// Package audit is a member's part in audits by opening: crosslight/audit/v1 (specs/audit.md).
//
//	asking    Asked: digest and blind of every element, sealed, on disk before the request leaves
//	every day Run: both query logs of a day compared with the counterparts', committed to on the ledger;
//	          what was kept long enough erased, by destroying the day's key
//	an audit  Nonce, Reveal: a seat's part in the draw; Answer: what was drawn, opened to the auditors;
//	          Verify: an auditor's check, which needs the ledger and no node
//
// What leaks. On the ledger: how many requests and elements each pair of members exchanged a day. To an
// auditor: digest, type, purpose and case reference of the questions that were drawn. On this disk, to
// whoever has the keys: what was asked within the retention period; to whoever has not, when and how much.
// No log, metric or error of this package holds a digest.
package audit

import (
	"context"
	"crypto/cipher"
	"log/slog"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/submit"
	"github.com/crosslight/crosslight/protocol/member"
)

// Ledger is the replica as audits read it.
type Ledger interface {
	View(read func(*state.State))
}

// Opener opens a stream to a peer; *p2p.Host is one.
type Opener interface {
	Open(ctx context.Context, peer, protocol string) (p2p.Stream, error)
}

// Config is what a keeper is made of. All fields are needed.
type Config struct {
	Name     string // the member's name on the ledger
	LedgerID [32]byte
	Ring     *keys.Ring
	Store    *store.Store
	Ledger   Ledger
	Submit   *submit.Submitter
	Net      Opener
	Dir      string // takes the answers that others bring
	Log      *slog.Logger
	Now      func() time.Time
	// Settled says whether this node's ledger is of the present.
	Settled func() bool
	// Final shows what is final: a nonce is revealed only once the commitments to both are.
	Final func(read func(*state.State))
	// Automatic has what is drawn of this member's questions opened without asking a person.
	Automatic bool
}

// Keeper keeps what audits need, for one member. It is safe for concurrent use.
type Keeper struct {
	cfg  Config
	self string // peer id

	mu      sync.Mutex
	seals   map[keys.Day]cipher.AEAD // of days whose key has been opened
	pending []*kept                  // waits for the disk
	writing bool

	answering answering // for Run alone
	room      *room
}

// New returns a keeper. It commits to nothing until [Keeper.Run].
func New(cfg Config) *Keeper {
	return &Keeper{
		cfg: cfg, self: member.PublicOf(cfg.Ring.Private(member.Node)).PeerID(), seals: map[keys.Day]cipher.AEAD{},
		room: newRoom(),
	}
}
