// Package submit brings this member's own entries to the ledger: it numbers and signs them, hands
// them to whichever node leads, here or over crosslight/ledger/v1, and returns when this node's own
// replica has applied them (Enter), or when they are final there (Submit). It also answers that exchange
// for others while this node leads.
//
// One entry is under way at a time, because each key's entries are numbered. A crash in the middle
// leaves nothing behind: an entry is on the ledger or it is not, and sending it again is harmless.
package submit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
)

var (
	// ErrUnavailable reports that no leader took the entry before the caller's deadline. It may still
	// reach the ledger; submitting it again is harmless.
	ErrUnavailable = errors.New("the ledger has no leader that could be reached")
	// ErrNotFinal reports an entry that stands on the ledger and was not final before the caller's
	// deadline. It becomes final by itself as soon as a quorum of voters' nodes is up.
	ErrNotFinal = errors.New("recorded but not final yet")
	// ErrWrongLedger reports that the leader is on another ledger.
	ErrWrongLedger = errors.New("the leader is on another ledger")
)

// retryEvery is how long to wait before asking again who leads. An election takes about a second.
const retryEvery = 50 * time.Millisecond

// Ledger is the replica as submitting needs it.
type Ledger interface {
	Submit(ctx context.Context, raw []byte) (replica.Result, error)
	Leader() (peer string, ok bool)
	View(read func(*state.State))
	WaitSize(ctx context.Context, size uint64) error
	// Decides says whether finality runs; without it WaitFinal is not asked.
	Decides() bool
	WaitFinal(ctx context.Context, size uint64) error
	Leaves(from, to uint64) ([][]byte, error)
	// Distrust has a leader that keeps entries off the ledger not listened to for a while.
	Distrust(leader string) bool
}

// Opener opens a stream to a peer; *p2p.Host is one.
type Opener interface {
	Open(ctx context.Context, peer, protocol string) (p2p.Stream, error)
}

// Submitter signs and submits the entries of one member.
type Submitter struct {
	ledger Ledger
	net    Opener
	id     [32]byte
	self   string // own peer ID
	log    *slog.Logger

	watch watcher
	turn  chan struct{} // held while an entry is under way: sequence numbers are per key
}

// New returns a submitter for the ledger with that id.
func New(ledger Ledger, net Opener, id [32]byte, self string, log *slog.Logger) *Submitter {
	return &Submitter{ledger: ledger, net: net, id: id, self: self, log: log, turn: make(chan struct{}, 1), watch: newWatcher()}
}

// Make builds the entry with the next sequence number of its key.
type Make func(s entry.Signer, seq uint64) (entry.Raw, error)

// finalWithin bounds the wait for a quorum of voters, where the caller's deadline does not.
const finalWithin = 20 * time.Second

// Submit puts an entry on the ledger, signed with key, and returns its index once it is final: what a
// board has decided must not be undone by a leader that cheats. Errors: those of Enter, [ErrNotFinal].
func (s *Submitter) Submit(ctx context.Context, key ed25519.PrivateKey, build Make) (index uint64, raw entry.Raw, err error) {
	index, raw, err = s.Enter(ctx, key, build)
	if err != nil || !s.ledger.Decides() {
		return index, raw, err
	}
	index, err = s.settle(ctx, index, raw)
	return index, raw, err
}

// settle waits until the entry is final. Another history may take the place of the one that held it:
// then the same bytes are brought again, which is harmless.
func (s *Submitter) settle(ctx context.Context, index uint64, raw entry.Raw) (uint64, error) {
	limited, cancel := context.WithTimeout(ctx, finalWithin)
	defer cancel()
	for {
		if err := s.ledger.WaitFinal(limited, index+1); err != nil {
			return index, fmt.Errorf("%w: entry %d; start more of the voters' nodes, `crosslight ledger status` shows how many are needed: %w", ErrNotFinal, index, err)
		}
		if leaf, err := s.ledger.Leaves(index, index+1); err == nil && bytes.Equal(leaf[0], raw) {
			return index, nil
		}
		var err error
		if index, err = s.bring(limited, raw); err != nil {
			return index, err
		}
	}
}

// Enter puts an entry on the ledger, signed with key, and returns its index once this node has
// applied it. It is for what a node says of itself. Errors: an *entry.Rejection, [ErrUnavailable],
// [ErrWrongLedger], or what build returned.
func (s *Submitter) Enter(ctx context.Context, key ed25519.PrivateKey, build Make) (index uint64, raw entry.Raw, err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return 0, nil, fmt.Errorf("%w: another entry of this member is under way: %w", ErrUnavailable, ctx.Err())
	}
	signer := entry.Signer{Key: key, LedgerID: s.id}
	for {
		var seq uint64
		s.ledger.View(func(st *state.State) {
			seq, signer.Incarnation = st.NextSeq(member.PublicOf(key).ID()), st.Incarnation()
		})
		if raw, err = build(signer, seq); err != nil {
			return 0, nil, err
		}
		index, err = s.bring(ctx, raw)
		if err == nil || !lagging(err) {
			return index, raw, err
		}
		// The ledger knows newer entries of this key than this replica has applied: let it catch up.
		if err := pause(ctx); err != nil {
			return 0, nil, err
		}
	}
}

func lagging(err error) bool {
	return errors.Is(err, entry.ErrReplayed) || errors.Is(err, entry.ErrSequenceGap)
}

// bring hands the entry to the leader until this node's own replica has applied it. What a leader says
// is only news: one that claims to have taken an entry which never comes is asked again, and so is
// the next one, and a refusal counts where this node's own state shares it. The other voters are told of an
// entry that a leader does not take (censored.go).
func (s *Submitter) bring(ctx context.Context, raw entry.Raw) (uint64, error) {
	var last error
	for told := time.Now(); ; {
		index, err := s.try(ctx, raw)
		if err == nil {
			index, err = s.confirm(ctx, index, raw)
		}
		var rejection *entry.Rejection
		switch {
		case err == nil:
			return index, nil
		case errors.As(err, &rejection):
			if own, ok := s.believes(raw); ok {
				return 0, own
			}
			err = fmt.Errorf("the leader refuses what this node's own ledger takes: %s", rejection.Name)
		case errors.Is(err, ErrWrongLedger):
			return 0, err
		}
		last = err
		if time.Since(told) >= tellAfter {
			s.tell(ctx, raw)
			told = time.Now()
		}
		if err := pause(ctx); err != nil {
			return 0, fmt.Errorf("%w: %w", err, last)
		}
	}
}

// try is once, for as long as a leader is waited for before the other voters are told.
func (s *Submitter) try(ctx context.Context, raw entry.Raw) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, tellAfter)
	defer cancel()
	return s.once(ctx, raw)
}

// confirmWithin is how long this node may be behind a leader that has taken an entry.
const confirmWithin = 10 * time.Second

// confirm waits until the own replica holds the entry where the leader says that it stands.
func (s *Submitter) confirm(ctx context.Context, index uint64, raw []byte) (uint64, error) {
	limited, cancel := context.WithTimeout(ctx, confirmWithin)
	defer cancel()
	if index == math.MaxUint64 {
		return 0, errNotThere
	}
	if err := s.ledger.WaitSize(limited, index+1); err != nil {
		return 0, fmt.Errorf("the leader says that it took the entry, but this node has not caught up: %w", err)
	}
	leaf, err := s.ledger.Leaves(index, index+1)
	if err != nil || !bytes.Equal(leaf[0], raw) {
		return 0, errNotThere
	}
	return index, nil
}

// errNotThere reports a leader that claims to have taken an entry which does not stand where it says.
var errNotThere = errors.New("the leader's answer does not hold: the entry is not on the ledger")

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w: run `crosslight ledger status` on the voters, and try again", ErrUnavailable)
	case <-time.After(retryEvery):
		return nil
	}
}

func (s *Submitter) once(ctx context.Context, raw entry.Raw) (uint64, error) {
	leader, ok := s.ledger.Leader()
	switch {
	case !ok:
		return 0, errors.New("no leader is known")
	case leader == s.self:
		return s.apply(ctx, raw)
	}
	ctx, cancel := s.whileLeads(ctx, leader)
	defer cancel()
	return s.forward(ctx, leader, raw)
}

// whileLeads ends with ctx, and as soon as this node hears that the leader leads no more: one that was cut off
// does not answer, and the next one is there long before the patience with it is at an end. Bringing the entry
// to both is harmless.
func (s *Submitter) whileLeads(ctx context.Context, leader string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(retryEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if now, ok := s.ledger.Leader(); !ok || now != leader {
					cancel()
					return
				}
			}
		}
	}()
	return ctx, cancel
}

// apply submits to the replica here. An entry that stands already gives its index.
func (s *Submitter) apply(ctx context.Context, raw []byte) (uint64, error) {
	result, err := s.ledger.Submit(ctx, raw)
	return result.Index, err
}

// forward brings the entry to the leader and reads its answer.
func (s *Submitter) forward(ctx context.Context, leader string, raw []byte) (uint64, error) {
	stream, err := s.net.Open(ctx, leader, forward.Protocol)
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	answer, err := exchange(ctx, stream, forward.Request{V: 1, LedgerID: s.id[:], Entry: raw})
	if err != nil {
		_ = stream.Reset() // the stream is of no further use; the error says why
		return 0, err
	}
	switch answer.Code {
	case forward.Accepted:
		return answer.Index, nil
	case forward.WrongLedger:
		return 0, ErrWrongLedger
	case forward.Rejected:
		if rejection := entry.RejectionByCode(answer.Rule); rejection != nil {
			return 0, fmt.Errorf("%w (%s)", rejection, answer.Reason)
		}
		return 0, fmt.Errorf("the leader gives rejection %d, which this version does not know", answer.Rule)
	}
	return 0, fmt.Errorf("the leader answers %s", answer.Code)
}
