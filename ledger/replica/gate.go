package replica

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// ErrRefused reports an RPC that the gate kept from raft. The reasons below wrap it.
var (
	ErrRefused = errors.New("raft message refused")

	errNotVoter   = fmt.Errorf("%w: the sender is not a voter of the ledger", ErrRefused)
	errNotLeader  = fmt.Errorf("%w: the sender is not the leader", ErrRefused)
	errTransfers  = fmt.Errorf("%w: too many leadership transfers", ErrRefused)
	errUnsynced   = fmt.Errorf("%w: this replica is empty and votes only once it holds the log", ErrRefused)
	errWrongTerm  = fmt.Errorf("%w: a non-voter answered with a later term", ErrRefused)
	errBadMessage = fmt.Errorf("%w: the message does not decode", ErrRefused)
)

// gate decides, from the peer that the stream proved, whether an RPC may reach raft. It follows the
// voters of the *ledger's* state, never raft's own configuration, which a cheat changes on append.
//
//	AppendEntries, InstallSnapshot   a voter
//	RequestVote, PreVote             a voter; if this replica is empty, only one that is empty too
//	TimeoutNow                       the current leader
//	RequestVote with transfer flag   a voter, and not again within transferPause
type gate struct {
	self      string
	open      bool // by the test constructor alone: everything passes, as in bare raft
	now       func() time.Time
	pause     time.Duration // between transfer votes of one peer
	leader    func() string // raft's leader, as a peer ID
	lastIndex func() uint64 // of raft's log

	voters atomic.Pointer[map[string]bool]

	mu        sync.Mutex
	transfers map[string]time.Time
	refused   map[string]uint64 // reason to count
}

func newGate(self string, open bool, pause time.Duration) *gate {
	g := &gate{
		self: self, open: open, now: time.Now, pause: pause,
		transfers: map[string]time.Time{}, refused: map[string]uint64{},
	}
	g.leader = func() string { return "" }
	g.lastIndex = func() uint64 { return 0 }
	g.setVoters(nil)
	return g
}

// setVoters replaces the set of peers that may send.
func (g *gate) setVoters(ids []string) {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	g.voters.Store(&set)
}

func (g *gate) voter(peer string) bool { return (*g.voters.Load())[peer] }

// stream says whether a peer's stream is served at all.
func (g *gate) stream(peer string) error {
	if g.open || (g.voter(peer) && peer != g.self) {
		return nil
	}
	return g.refuse(errNotVoter)
}

// rpc says whether one request of a peer may reach raft.
func (g *gate) rpc(peer string, command any) error {
	if g.open {
		return nil
	}
	if err := g.stream(peer); err != nil {
		return err
	}
	switch c := command.(type) {
	case *raft.TimeoutNowRequest:
		if g.leader() != peer {
			return g.refuse(errNotLeader)
		}
	case *raft.RequestPreVoteRequest:
		return g.vote(c.LastLogIndex)
	case *raft.RequestVoteRequest:
		if c.LeadershipTransfer && !g.transfer(peer) {
			return g.refuse(errTransfers)
		}
		return g.vote(c.LastLogIndex)
	}
	return nil
}

// vote keeps a replica that lost its folder from voting away what it once acknowledged: while its
// log holds nothing but the founding configuration (index 1), it votes only for its equals, so the
// first election of a consortium works and every later one needs a replica that has the log.
func (g *gate) vote(candidate uint64) error {
	if candidate > 1 && g.lastIndex() <= 1 {
		return g.refuse(errUnsynced)
	}
	return nil
}

func (g *gate) transfer(peer string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if last, ok := g.transfers[peer]; ok && now.Sub(last) < g.pause {
		return false
	}
	g.transfers[peer] = now
	return true
}

// answer checks what a follower answers: a non-voter cannot depose the leader with a later term.
func (g *gate) answer(peer string, asked uint64, r reply) error {
	if g.open || r.Term <= asked || g.voter(peer) {
		return nil
	}
	return g.refuse(errWrongTerm)
}

func (g *gate) refuse(reason error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused[reason.Error()]++
	return reason
}

func (g *gate) counts() map[string]uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.refused)
}
