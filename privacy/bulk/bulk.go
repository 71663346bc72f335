// Package bulk compares two whole sets of digests: crosslight/bulk/v1 (specs/bulk-psi.md). It is a
// two-party private set intersection with security against parties that cheat, from oblivious transfer,
// a pseudo-random generator and a random oracle: an oblivious key-value store (Raghuraman and Rindal,
// CCS 2022) over a subspace vector-OLE (Roy, "SoftSpokenOT", Crypto 2022), in the manner of Pinkas,
// Rosulek, Trieu and Yanai (Eurocrypt 2020). Digests are 32 bytes each.
//
//	Receiver (set X, learns)                              Sender (set Y, labels)
//	=============================================================================
//	hello: sizes, commitment to r,
//	       128 base OTs, receiving side
//	                          ----------------------->
//	                                        hello: sizes, base OTs' sending side,
//	                                        980 OTs extended from them
//	                          <-----------------------
//	coin                      ----------------------->
//	                                        answer: the extension's check
//	                          <-----------------------
//	check, or the end
//	trees: r, one punctured PRF to a column of the code, proof of it
//	                          ----------------------->
//	                                        check, or the end
//	P = key-value store with row(x)·P = H(x) for x in X
//	block, block, …: P, encoded and masked; then a salt
//	                          ----------------------->
//	                                        coin
//	                          <-----------------------
//	answer: what the coin draws from P's encoding
//	                          ----------------------->
//	                                        check, or the end
//	                                        F(y) for each y in Y
//	                                        tags, tags, …: sorted, with sealed labels
//	                          <-----------------------
//	F(x) for each x in X, looked up among the tags
//
// What leaks. The receiver learns which of its digests the sender has, their labels, and how many the
// sender has. The sender learns how many digests the receiver has, nothing else: not even how many match.
// A receiver that cheats can have more than its announced n digests looked up at once, namely up to
// [Overfit] of them; budgets charge that number. A sender that cheats can leave digests out or have labels
// lie, as in any such protocol; it cannot learn. Nobody can be made to answer (no fairness): whoever
// breaks off keeps what it has. Digests that somebody can guess can be tried, at most [Overfit] of them a
// session: that is what budgets and policy bound. Both sides' time and memory traffic depend on their own
// digests (solving the store, look-ups by a digest's hash), which shows to whoever shares the processor's caches.
// The correlation's secret, leaves and slots are handled in constant time on every processor.
//
// A [Receiver] and a [Sender] are machines without I/O, each for one session and one goroutine: Next gives
// messages to send, Receive takes the peer's. Either can be rewound to where a connection broke; it then
// gives the same bytes again. After an error other than [ErrOrder] a machine is over and keeps returning
// it. Secrets are in memory while the machine is referenced.
package bulk

import (
	"errors"
	"io"
	"math"

	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
)

// Sizes in bytes.
const (
	DigestSize = 32
	TagSize    = 16
	SealExtra  = 16      // a sealed label is that much longer than a label
	MaxMessage = 1 << 18 // no message is longer
)

// Limits.
const (
	MaxItems = 1 << 25 // digests of one party
	MaxLabel = 1 << 10 // bytes of a label
)

// Mode chooses between processor time and bytes. Both have 128-bit security.
type Mode uint8

// The modes. Fast sends about 54 bytes an element, Compact about 45 for some four times the processor time.
const (
	Fast    Mode = 1 // k = 4, code [245,128,32]
	Compact Mode = 2 // k = 8, code [185,128,16]
)

// Config is what both parties agree on beforehand, beside their own limits.
type Config struct {
	// Context binds the session: ledger, members, type, run. Both must give the same, of any length.
	Context []byte
	Mode    Mode // zero is Fast
	// LabelSize is the length of each of the sender's labels in bytes, at most MaxLabel, 0 for none. Both
	// must give the same.
	LabelSize int
	// MaxPeer is the most digests that the peer may announce; zero is MaxItems. It is checked before any
	// memory is taken for them.
	MaxPeer int
	// Rand is where secrets come from; nil is crypto/rand. Tests give a stream of their own.
	Rand io.Reader
}

var (
	// ErrConfig reports a Config, digests or labels that make no session.
	ErrConfig = errors.New("bulk: not a valid configuration")
	// ErrTooMany reports more digests than MaxItems, or a peer that announces more than allowed.
	ErrTooMany = errors.New("bulk: too many digests")
	// ErrVersion reports a peer that speaks another version, or another mode, label size or context.
	ErrVersion = errors.New("bulk: the peer means another session")
	// ErrMessage reports a message that is not the valid encoding of what was due.
	ErrMessage = errors.New("bulk: message is not valid")
	// ErrOrder reports a message that is not the next one. The machine is as before.
	ErrOrder = errors.New("bulk: message out of order")
	// ErrCheat reports a check that an honest peer cannot fail. The session's secrets must not be used
	// again, and are not.
	ErrCheat = errors.New("bulk: the peer's correlation does not hold")
	// ErrEncode reports digests that the key-value store cannot hold, which happens by chance for one set
	// in 2^45. A new session has new randomness.
	ErrEncode = errors.New("bulk: set could not be encoded")
	// ErrRewind reports a message number that was not sent yet, or labels that changed since it was.
	ErrRewind = errors.New("bulk: cannot go on from there")
)

// Machine is one party of a session.
type Machine interface {
	// Next returns the next message to send, or nil if a message of the peer is due or the session is
	// done. The bytes are the caller's.
	Next() ([]byte, error)
	// Release gives the memory of a message from Next back once it was sent, for one of the next; a session
	// takes less then. Whoever keeps messages does not call it.
	Release(message []byte)
	// Receive takes the peer's next message, which it does not keep.
	Receive(message []byte) error
	// Done says that this party has sent and received everything.
	Done() bool
	// Progress says how far the session is.
	Progress() Progress
	// Position returns how many messages were sent and received: what two parties compare, with
	// Transcript, when they connect again.
	Position() (sent, received uint32)
	// Transcript returns the hash of both hellos, or zeros before they were exchanged.
	Transcript() [32]byte
	// Rewind makes Next begin again with message number sent, counted from zero. The error is ErrRewind.
	Rewind(sent uint32) error
}

// Progress counts in messages, own and peer's. Totals are zero until sizes are known.
type Progress struct {
	Sent, SendTotal        uint32
	Received, ReceiveTotal uint32
}

// Match is a digest that both have.
type Match struct {
	Index int // of the receiver's digests
	// Label has LabelSize bytes; nil without labels, or if what was sealed does not open. Do nothing then that
	// the sender can see: sealed wrongly on purpose, it would tell the sender of the match.
	Label []byte
}

// Overfit bounds how many digests a receiver that announced n and cheats can look up in one session, but
// for a chance of 2^-40, if it evaluates random oracles at most 2^work times. Budgets charge it: about 1.9n
// for large sets, and 96 for an empty one, since the store has room. (specs/bulk-psi.md, "Why it is safe", step 5.)
func Overfit(n int, work float64) int {
	slots := float64(okvs.ShapeOf(n).Slots())
	at := slots
	for range 64 { // a contraction: the bound is where both sides are equal
		q := max(work, math.Log2(at)) // it has to evaluate as many as it looks up
		at = (128*slots + 40) / (128 - q - math.Log2(math.E) + math.Log2(at))
	}
	return int(math.Ceil(at))
}
