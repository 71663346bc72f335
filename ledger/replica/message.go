package replica

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of crosslight/raft/v1. A frame above its limit is refused before it is held.
const (
	// MaxRequest bounds a request frame in bytes: maxEntries entries of the largest envelope, twice.
	MaxRequest = 8 << 20
	// MaxReply bounds a reply frame in bytes.
	MaxReply = 1 << 10
	// MaxSnapshot bounds a snapshot that is accepted from a peer, in bytes.
	MaxSnapshot = 1 << 30
	// MaxCommand bounds one command, in bytes: an envelope of package entry is at most 60 KiB.
	MaxCommand = 60 << 10

	maxEntries   = 64
	maxServers   = 1024
	maxServerID  = 128
	maxErrorText = 256
	maxTerm      = 1 << 48 // raft adds one to what it is told; 2^64-1 would wrap and reuse terms
	version      = 1
)

// ErrMessage reports a message of a peer that is well-formed but says what none may say.
var ErrMessage = errors.New("raft message is not valid")

// errNumber is ErrMessage for a term or an index that no honest replica reaches.
var errNumber = fmt.Errorf("%w: a term or index above 2^48", ErrMessage)

// request is a frame towards a follower or voter: exactly one of the pointers is set. No field says
// who sends it, since the stream does.
type request struct {
	V        uint64           `cbor:"1,keyasint"`
	Append   *appendRequest   `cbor:"2,keyasint,omitempty"`
	Vote     *voteRequest     `cbor:"3,keyasint,omitempty"`
	PreVote  *voteRequest     `cbor:"4,keyasint,omitempty"`
	Timeout  *timeoutRequest  `cbor:"5,keyasint,omitempty"`
	Snapshot *snapshotRequest `cbor:"6,keyasint,omitempty"`
	Point    *point           `cbor:"7,keyasint,omitempty"`
}

// appendRequest carries the entries PrevIndex+1, PrevIndex+2, …; a heartbeat has all but Term zero.
type appendRequest struct {
	Term      uint64     `cbor:"1,keyasint"`
	PrevIndex uint64     `cbor:"2,keyasint"`
	PrevTerm  uint64     `cbor:"3,keyasint"`
	Commit    uint64     `cbor:"4,keyasint"`
	Entries   []logEntry `cbor:"5,keyasint"`
}

// logEntry is one raft log entry. Data is for a command, Servers for a configuration.
type logEntry struct {
	Term    uint64   `cbor:"1,keyasint"`
	Kind    uint64   `cbor:"2,keyasint"` // raft.LogType: 0 command, 1 noop, 4 barrier, 5 configuration
	At      int64    `cbor:"3,keyasint"` // Unix nanoseconds at the leader; shown in metrics, never used
	Data    []byte   `cbor:"4,keyasint"`
	Servers []server `cbor:"5,keyasint"`
}

// server is one replica of a configuration; its address is its peer ID.
type server struct {
	ID    string `cbor:"1,keyasint"`
	Voter bool   `cbor:"2,keyasint"`
}

// voteRequest asks for a vote, or, as PreVote, whether one would be given.
type voteRequest struct {
	Term      uint64 `cbor:"1,keyasint"`
	LastIndex uint64 `cbor:"2,keyasint"`
	LastTerm  uint64 `cbor:"3,keyasint"`
	Transfer  bool   `cbor:"4,keyasint"` // false in a PreVote
}

// timeoutRequest asks the receiver to stand for election at once.
type timeoutRequest struct {
	Now bool `cbor:"1,keyasint"` // always true
}

// snapshotRequest announces Size bytes of snapshot, which follow the frame.
type snapshotRequest struct {
	Term        uint64   `cbor:"1,keyasint"`
	LastIndex   uint64   `cbor:"2,keyasint"`
	LastTerm    uint64   `cbor:"3,keyasint"`
	Servers     []server `cbor:"4,keyasint"`
	ConfigIndex uint64   `cbor:"5,keyasint"`
	Size        uint64   `cbor:"6,keyasint"`
}

// reply answers one request, in order.
type reply struct {
	V         uint64 `cbor:"1,keyasint"`
	Term      uint64 `cbor:"2,keyasint"`
	OK        bool   `cbor:"3,keyasint"` // success, or vote granted
	LastIndex uint64 `cbor:"4,keyasint"` // of the follower's log, in the answer to Append
	NoBackoff bool   `cbor:"5,keyasint"`
	Error     string `cbor:"6,keyasint"`           // empty unless the request failed
	Point     *point `cbor:"7,keyasint,omitempty"` // in the answer to a point, and there alone
}

// parseRequest decodes and checks a request frame. Errors wrap those of package wire or [ErrMessage].
func parseRequest(b []byte) (request, error) {
	var r request
	if err := wire.Decode(b, &r, MaxRequest); err != nil {
		return request{}, err
	}
	if r.V != version {
		return request{}, fmt.Errorf("%w: version %d is unknown", ErrMessage, r.V)
	}
	return r, r.check()
}

// parseReply decodes and checks a reply frame.
func parseReply(b []byte) (reply, error) {
	var r reply
	if err := wire.Decode(b, &r, MaxReply); err != nil {
		return reply{}, err
	}
	if r.V != version {
		return reply{}, fmt.Errorf("%w: version %d is unknown", ErrMessage, r.V)
	}
	if len(r.Error) > maxErrorText {
		return reply{}, fmt.Errorf("%w: error text too long", ErrMessage)
	}
	if r.Point != nil {
		if err := r.Point.check(); err != nil {
			return reply{}, err
		}
	}
	return r, bounded(r.Term, r.LastIndex)
}

func (r request) check() error {
	var checks []func() error
	if r.Append != nil {
		checks = append(checks, r.Append.check)
	}
	if r.Vote != nil {
		checks = append(checks, func() error { return r.Vote.check(true) })
	}
	if r.PreVote != nil {
		checks = append(checks, func() error { return r.PreVote.check(false) })
	}
	if r.Timeout != nil {
		checks = append(checks, r.Timeout.check)
	}
	if r.Snapshot != nil {
		checks = append(checks, r.Snapshot.check)
	}
	if r.Point != nil {
		checks = append(checks, r.Point.check)
	}
	if len(checks) != 1 {
		return fmt.Errorf("%w: %d requests in one frame", ErrMessage, len(checks))
	}
	return checks[0]()
}

func (r *appendRequest) check() error {
	if len(r.Entries) > maxEntries {
		return fmt.Errorf("%w: %d entries", ErrMessage, len(r.Entries))
	}
	if r.Term == 0 {
		return fmt.Errorf("%w: term 0", ErrMessage)
	}
	for i := range r.Entries {
		if err := r.Entries[i].check(); err != nil {
			return err
		}
		if r.Entries[i].Term > r.Term {
			return fmt.Errorf("%w: an entry of a later term than its leader's", ErrMessage)
		}
	}
	return bounded(r.Term, r.PrevIndex, r.PrevTerm, r.Commit)
}

func (r *voteRequest) check(mayTransfer bool) error {
	if r.Transfer && !mayTransfer {
		return fmt.Errorf("%w: a pre-vote has no transfer flag", ErrMessage)
	}
	return bounded(r.Term, r.LastIndex, r.LastTerm)
}

func (r *timeoutRequest) check() error {
	if !r.Now {
		return fmt.Errorf("%w: a timeout that is none", ErrMessage)
	}
	return nil
}

func (r *snapshotRequest) check() error {
	if r.Size > MaxSnapshot {
		return fmt.Errorf("%w: snapshot of %d bytes", wire.ErrTooLarge, r.Size)
	}
	if err := checkServers(r.Servers); err != nil {
		return err
	}
	return bounded(r.Term, r.LastIndex, r.LastTerm, r.ConfigIndex)
}

// checkServers accepts 1 to 1024 distinct servers.
func checkServers(servers []server) error {
	if len(servers) == 0 || len(servers) > maxServers {
		return fmt.Errorf("%w: %d servers", ErrMessage, len(servers))
	}
	seen := make(map[string]bool, len(servers))
	for _, s := range servers {
		if s.ID == "" || len(s.ID) > maxServerID || seen[s.ID] {
			return fmt.Errorf("%w: server identifiers", ErrMessage)
		}
		seen[s.ID] = true
	}
	return nil
}

// bounded refuses terms and indexes that no honest replica reaches (attack P7 of specs/ledger.md).
func bounded(numbers ...uint64) error {
	for _, n := range numbers {
		if n > maxTerm {
			return errNumber
		}
	}
	return nil
}

func clip(s string) string {
	if len(s) > maxErrorText {
		return "the error is too long to pass on"
	}
	return s
}
