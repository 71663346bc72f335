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
	errBeyond     = fmt.Errorf("%w: a term or index above 2^48", ErrRefused)
	errFork       = fmt.Errorf("%w: the sender's ledger has another root at a size that this node has reached", ErrRefused)
	errBanned     = fmt.Errorf("%w: the sender was caught signing two proposals", ErrRefused)
	errStalled    = fmt.Errorf("%w: the sender led and let nothing become final", ErrRefused)
	errNotMember  = fmt.Errorf("%w: the sender is not a member of the ledger", ErrRefused)
	errTermJump   = fmt.Errorf("%w: a term far ahead that too few voters claim", ErrRefused)

	// What is not kept from raft, but counted and kept as evidence like what is.
	errEquivocation = errors.New("a voter signed two statements that contradict one another")
	errTwoFinals    = errors.New("two quorums of locks for different histories")
	errTwoEntries   = errors.New("a key signed two entries with one number, and two histories hold them")
	errBadFinality  = errors.New("finality messages that do not hold")
)

// banFor is how long a leader that was caught may not speak raft here. It is for an election to follow,
// and for the board to decide; raft goes on without it as long as at most b are caught.
const banFor = time.Hour

// maxJump is how far ahead of this replica's term one voter's word is enough. Terms grow by one an
// election: 2^20 of them are days of nothing but elections. Beyond, b+1 voters must say so, at least
// one of whom does not cheat.
const maxJump = 1 << 20

// gate decides, from the peer that the stream proved, whether an RPC may reach raft. It follows the
// voters of the *ledger's* state, never raft's own configuration, which a cheat changes on append. To
// them it adds the voters of the newest final checkpoint, so that a replica whose state lags cannot
// lock out a set of voters that has rotated since.
//
//	AppendEntries, InstallSnapshot   a voter
//	RequestVote, PreVote             a voter; if this replica is empty, only one that is empty too
//	TimeoutNow                       the current leader
//	RequestVote with transfer flag   a voter, and not again within a pause
//	any term                         at most 2^48, and within maxJump or claimed by b+1 voters
type gate struct {
	self      string
	open      bool // by the test constructor alone: everything passes, as in bare raft
	now       func() time.Time
	pause     time.Duration // between transfer votes of one peer
	leader    func() string // raft's leader, as a peer ID
	lastIndex func() uint64 // of raft's log
	term      func() uint64 // raft's current term

	voters      atomic.Pointer[map[string]bool] // of the ledger's state
	finalVoters atomic.Pointer[map[string]bool] // of the newest final checkpoint; empty before the first

	mu        sync.Mutex
	transfers map[string]time.Time
	claims    map[string]uint64 // voter to a term far ahead that it claimed
	refused   map[string]uint64 // reason to count
	banned    map[string]banned
}

// banned is until when a voter may not speak raft here, and why.
type banned struct {
	until  time.Time
	reason error
}

func newGate(self string, open bool, pause time.Duration) *gate {
	g := &gate{
		self: self, open: open, now: time.Now, pause: pause,
		transfers: map[string]time.Time{}, claims: map[string]uint64{}, refused: map[string]uint64{},
		banned: map[string]banned{},
	}
	g.leader = func() string { return "" }
	g.lastIndex = func() uint64 { return 0 }
	g.term = func() uint64 { return 0 }
	g.setVoters(nil)
	g.setFinalVoters(nil)
	return g
}

// setVoters replaces the voters of the ledger's state.
func (g *gate) setVoters(ids []string) { g.voters.Store(setOf(ids)) }

// setFinalVoters replaces the voters of the newest final checkpoint.
func (g *gate) setFinalVoters(ids []string) { g.finalVoters.Store(setOf(ids)) }

func setOf(ids []string) *map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return &set
}

func (g *gate) voter(peer string) bool {
	return (*g.voters.Load())[peer] || (*g.finalVoters.Load())[peer]
}

// tolerated is b, the number of voters that may cheat: of two sets, the larger's.
func (g *gate) tolerated() int {
	n := max(len(*g.voters.Load()), len(*g.finalVoters.Load()))
	return max(n-1, 0) / 3
}

// stream says whether a peer's stream is served at all.
func (g *gate) stream(peer string) error {
	switch {
	case g.open:
		return nil
	case !g.voter(peer) || peer == g.self:
		return g.refuse(errNotVoter)
	}
	if reason := g.isBanned(peer); reason != nil {
		return g.refuse(reason)
	}
	return nil
}

// ban keeps a voter from speaking raft for a while. Its votes on checkpoints count on. A longer ban stays.
func (g *gate) ban(peer string, span time.Duration, reason error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.now().Add(span); until.After(g.banned[peer].until) {
		g.banned[peer] = banned{until, reason}
	}
}

// isBanned says why a voter may not speak raft now; nil if it may.
func (g *gate) isBanned(peer string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b, ok := g.banned[peer]; ok && g.now().Before(b.until) {
		return b.reason
	}
	return nil
}

// bans is how many voters may not speak raft now.
func (g *gate) bans() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range g.banned {
		if g.now().Before(b.until) {
			n++
		}
	}
	return n
}

// rpc says whether one request of a peer may reach raft.
func (g *gate) rpc(peer string, command any) error {
	if g.open {
		return nil
	}
	if err := g.stream(peer); err != nil {
		return err
	}
	if err := g.claim(peer, termOf(command)); err != nil {
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

func termOf(command any) uint64 {
	switch c := command.(type) {
	case *raft.AppendEntriesRequest:
		return c.Term
	case *raft.RequestVoteRequest:
		return c.Term
	case *raft.RequestPreVoteRequest:
		return c.Term
	case *raft.InstallSnapshotRequest:
		return c.Term
	}
	return 0
}

// hear notes a voter's term from the comparison of ledgers, so that a replica that was away for longer
// than maxJump terms hears of it from more than the leader.
func (g *gate) hear(peer string, term uint64) {
	if term <= g.term()+maxJump || !g.voter(peer) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.claims[peer] = term
}

// claim notes that a voter says that term is reached, and refuses it while too few voters say so.
func (g *gate) claim(peer string, term uint64) error {
	if term > maxTerm {
		return g.refuse(errBeyond)
	}
	if term <= g.term()+maxJump {
		return nil
	}
	g.mu.Lock()
	g.claims[peer] = term
	claimed := 0
	for who, what := range g.claims {
		if g.voter(who) && what >= term {
			claimed++
		}
	}
	g.mu.Unlock()
	if claimed > g.tolerated() {
		return nil
	}
	return g.refuse(errTermJump)
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

// answer checks what a follower answers: a non-voter cannot depose the leader with a later term, nor
// a voter with one that nobody else claims.
func (g *gate) answer(peer string, asked uint64, r reply) error {
	if g.open || r.Term <= asked {
		return nil
	}
	if !g.voter(peer) {
		return g.refuse(errWrongTerm)
	}
	return g.claim(peer, r.Term)
}

// count enters a refusal of the guards, under its sentinel without the particulars.
func (g *gate) count(err error) {
	for _, reason := range []error{errRewrite, errFinal, errTwice, errConfig, errGap, errSnapshot, errBehind, errFork} {
		if errors.Is(err, reason) {
			_ = g.refuse(reason)
		}
	}
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
