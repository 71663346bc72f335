package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Pauses of the outbox, and how much it takes on at once.
const (
	pauseFirst  = time.Second
	pauseLast   = time.Minute
	answerIn    = 30 * time.Second
	outboxBatch = 256
)

// tell begins to tell every member for whom something is due, each in its own goroutine: one that is
// away holds up no other.
func (n *Notify) tell(ctx context.Context, work *sync.WaitGroup) {
	if !n.cfg.Settled() {
		return
	}
	due, err := n.cfg.Store.DueSaid(ctx, outboxBatch)
	if err != nil {
		if ctx.Err() == nil {
			n.cfg.Log.Error("what waits to be told could not be read", "error", err)
		}
		return
	}
	to := map[string][]store.Said{}
	for _, s := range due {
		to[s.Member] = append(to[s.Member], s)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, list := range to {
		if n.busy[name] {
			continue
		}
		n.busy[name] = true
		work.Go(func() {
			n.tellMember(ctx, name, list)
			n.mu.Lock()
			defer n.mu.Unlock()
			delete(n.busy, name)
		})
	}
}

// tellMember tells one member what waits for it, in order, over one stream, until the first that cannot
// be told now.
func (n *Notify) tellMember(ctx context.Context, name string, list []store.Said) {
	var line *line
	defer func() {
		if line != nil {
			_ = line.stream.Close()
		}
	}()
	for _, said := range list {
		if ctx.Err() != nil {
			return
		}
		s, to, err := n.ready(ctx, said)
		if err == nil && line == nil {
			line, err = n.dial(ctx, to)
		}
		var receipt *session.ToldReceipt
		if err == nil {
			receipt, err = line.say(ctx, s)
		}
		if !n.settle(ctx, said, receipt, err) {
			return
		}
	}
	n.Kick() // there may be more than a batch
}

// settle enters how telling one statement ended, and says whether the next may be told.
func (n *Notify) settle(ctx context.Context, said store.Said, receipt *session.ToldReceipt, err error) bool {
	var declined *session.Declined
	keep := context.WithoutCancel(ctx) // the other side has heard it: that must not be lost
	switch {
	case err == nil:
		err = n.cfg.Store.Acknowledged(keep, said.Seq, "", receipt.Raw, receipt.Signature)
	case errors.As(err, &declined) && receipt != nil && final(declined.Code):
		n.cfg.Log.Warn("a member declined what it was told about a match", "member", said.Member, "reason", declined.Error())
		err = n.cfg.Store.Acknowledged(keep, said.Seq, declined.Error(), receipt.Raw, receipt.Signature)
	default:
		pause := min(pauseLast, pauseFirst<<min(said.Attempts, 10))
		if declined != nil {
			pause = max(pause, declined.RetryAfter)
		}
		n.cfg.Log.Debug("a member could not be told about a match; trying again", "member", said.Member, "error", err)
		if perr := n.cfg.Store.Postpone(keep, said.Seq, reason(err), n.cfg.Now().Add(pause)); perr != nil {
			n.cfg.Log.Error("the outbox could not be written", "error", perr)
		}
		return false
	}
	if err != nil {
		n.cfg.Log.Error("a receipt could not be kept; the statement will be told again", "error", err)
		return false
	}
	return true
}

// final says whether a refusal will be the same tomorrow. The others end when a member is reinstated, or
// catches up.
func final(code session.Code) bool {
	switch code {
	case session.NotPermitted, session.TooLarge, session.Malformed, session.WrongLedger, session.RequestReused, session.NotFound:
		return true
	}
	return false
}

// reason puts in words, for people, why a statement waits.
func reason(err error) string {
	var denial *ledger.Denial
	var declined *session.Declined
	switch {
	case errors.As(err, &denial), errors.As(err, &declined):
		return err.Error()
	case errors.Is(err, p2p.ErrTimeout):
		return "the member did not answer in time"
	}
	return "the member could not be reached"
}

// ready authorises a statement by this node's own ledger and signs it anew where a node key of the two
// was rotated since.
func (n *Notify) ready(ctx context.Context, said store.Said) (*session.Statement, state.Member, error) {
	var to state.Member
	var known bool
	n.cfg.View(func(s *state.State) { to, known = s.Member(said.Member) })
	if !known {
		return nil, to, &ledger.Denial{Err: ledger.ErrNotAMember, Reason: said.Member + " has left the ledger"}
	}
	s, err := session.ReadBody(kinds[said.Kind], said.Body)
	if err != nil {
		return nil, to, err
	}
	s.Signature = said.Signature
	if s, err = n.current(ctx, said, s, to); err != nil {
		return nil, to, err
	}
	stale := n.cfg.Authority(func(final, tip *state.State) {
		if s.Notice == nil {
			err = ledger.AuthorisedFeedback(final, tip, n.cfg.LedgerID, n.self, to.PeerID)
			return
		}
		err = ledger.AuthorisedNotice(final, tip, ledger.NoticeAsk{
			LedgerID: n.cfg.LedgerID, Sender: n.self, Holder: to.PeerID,
			Type: s.Notice.Type, Purpose: s.Notice.Purpose, HasCase: len(s.Notice.Case) > 0,
		})
	})
	if stale != nil {
		err = stale
	}
	return s, to, err
}

var kinds = map[string]session.StatementKind{"notice": session.NoticeKind, "feedback": session.FeedbackKind}

// current returns the statement between the two node keys that are in force. One that was signed before a
// rotation is signed anew, under another id: should the other side have it, and only its receipt was
// lost, it has it twice. A feedback follows its notice, which was told before and names it as it was told.
func (n *Notify) current(ctx context.Context, said store.Said, s *session.Statement, to state.Member) (*session.Statement, error) {
	key := n.cfg.Ring.Private(member.Node)
	about, err := n.about(ctx, said, s)
	if err != nil {
		return nil, err
	}
	var again *session.Statement
	switch {
	case s.Notice != nil && (s.Notice.Sender != n.self || s.Notice.Receiver != to.PeerID):
		m, merr := n.cfg.Store.Match(ctx, said.MatchID)
		if merr != nil || m.Place == nil {
			return nil, errors.Join(merr, errGone)
		}
		body := *s.Notice
		body.Receiver, body.ID = to.PeerID, NewID()
		again, err = session.SignNotice(body, key, m.Place.Proof)
	case s.Feedback != nil && (about != s.Feedback.About || s.Feedback.Sender != n.self || s.Feedback.Receiver != to.PeerID):
		body := *s.Feedback
		body.Receiver, body.ID, body.About = to.PeerID, NewID(), about
		again, err = session.SignFeedback(body, key)
	default:
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	return again, n.cfg.Store.Resay(ctx, said.Seq, again.Hash, again.Raw, again.Signature)
}

// about is the hash of the notice that a feedback is about: that of this member's own as it was told.
func (n *Notify) about(ctx context.Context, said store.Said, s *session.Statement) (hash [32]byte, err error) {
	if s.Feedback == nil {
		return hash, nil
	}
	hash = s.Feedback.About
	if said.MatchID == "" {
		return hash, nil
	}
	list, err := n.cfg.Store.SaidAbout(ctx, said.MatchID)
	for _, other := range list {
		if other.Kind == "notice" && other.State == store.SaidDelivered {
			hash = other.Hash
		}
	}
	return hash, err
}

var errGone = errors.New("the match is not known any more")

// NewID draws the id of a statement.
func NewID() (id session.StatementID) {
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	return id
}

// line is a stream to one member with its machine.
type line struct {
	stream  p2p.Stream
	machine *session.Notifier
}

func (n *Notify) dial(ctx context.Context, to state.Member) (*line, error) {
	stream, err := n.cfg.Host.Open(ctx, to.PeerID, session.MatchProtocol)
	if err != nil {
		return nil, err
	}
	return &line{stream, session.NewNotifier(session.NotifierConfig{
		Ledger: n.cfg.LedgerID, Key: n.cfg.Ring.Private(member.Node), Receiver: to.Keys.Node,
	})}, nil
}

// say sends one statement and reads its receipt.
func (l *line) say(ctx context.Context, s *session.Statement) (*session.ToldReceipt, error) {
	stop := context.AfterFunc(ctx, func() { _ = l.stream.Reset() })
	defer stop()
	msg, err := l.machine.Send(s)
	if err != nil {
		return nil, err
	}
	if err := l.stream.SetDeadline(time.Now().Add(answerIn)); err != nil {
		return nil, err
	}
	if err := wire.WriteFrame(l.stream, msg); err != nil {
		return nil, err
	}
	reply, err := wire.ReadFrame(l.stream, session.MaxTold)
	if err != nil {
		return nil, fmt.Errorf("read the receipt: %w", err)
	}
	return l.machine.Receive(reply)
}
