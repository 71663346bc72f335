package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxStreams is how many streams of crosslight/audit/v1 one member has here at a time.
const MaxStreams = 2

const exchangeWithin = time.Minute

// exchange sends one message and reads the reply.
func (k *Keeper) exchange(ctx context.Context, peer string, ask session.AuditAsk) (r session.AuditReply, err error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeWithin)
	defer cancel()
	ask.Ledger = k.cfg.LedgerID
	msg, err := ask.Bytes()
	if err != nil {
		return r, err
	}
	stream, err := k.cfg.Net.Open(ctx, peer, session.AuditProtocol)
	if err != nil {
		return r, err
	}
	defer stream.Close()
	if err = stream.SetDeadline(time.Now().Add(exchangeWithin)); err == nil {
		err = wire.WriteFrame(stream, msg)
	}
	var reply []byte
	if err == nil {
		reply, err = wire.ReadFrame(stream, session.MaxAuditReply)
	}
	if err == nil {
		r, err = session.ParseAuditReply(reply)
	}
	if err != nil {
		_ = stream.Reset()
		return r, err
	}
	if r.Code != session.AuditOK {
		return r, fmt.Errorf("the other member answers %s", r.Code)
	}
	return r, nil
}

// holderLog asks a holder which requests of this member it answered on a day, and keeps what it signed.
func (k *Keeper) holderLog(ctx context.Context, day uint64, holder string) ([][32]byte, error) {
	var m state.Member
	var ok bool
	k.cfg.Ledger.View(func(s *state.State) { m, ok = s.Member(holder) })
	if !ok || m.PeerID == "" {
		return nil, errors.New("it has no node any more")
	}
	reply, err := k.exchange(ctx, m.PeerID, session.AuditAsk{Log: &session.AuditAskLog{Day: day}})
	if err != nil {
		return nil, err
	}
	_, hashes, err := reply.Log(session.LogSummary{Ledger: k.cfg.LedgerID, Querier: k.self, Day: day}, m.Keys.Node)
	if err != nil {
		return nil, err
	}
	return hashes, k.cfg.Store.SaveDayLog(ctx, day, m.PeerID, reply.Summary, reply.Signature)
}

// Serve answers one message on a stream.
func (k *Keeper) Serve(ctx context.Context, stream p2p.Stream) {
	defer stream.Close()
	if stream.SetDeadline(time.Now().Add(exchangeWithin)) != nil {
		return
	}
	msg, err := wire.ReadFrame(stream, session.MaxAuditAsk)
	if err != nil {
		_ = stream.Reset()
		return
	}
	reply := k.reply(ctx, stream.Peer(), msg)
	b, err := reply.Bytes()
	if err != nil || stream.SetDeadline(time.Now().Add(exchangeWithin)) != nil || wire.WriteFrame(stream, b) != nil {
		_ = stream.Reset()
	}
}

func (k *Keeper) reply(ctx context.Context, peer string, msg []byte) session.AuditReply {
	ask, err := session.ParseAuditAsk(msg)
	if err != nil || ask.Ledger != k.cfg.LedgerID {
		return session.AuditReply{Code: session.AuditMalformed}
	}
	var r session.AuditReply
	if ask.Log != nil {
		r, err = k.replyLog(ctx, peer, ask.Log.Day)
	} else {
		r, err = k.take(peer, *ask.Deliver)
	}
	if err != nil {
		k.cfg.Log.Warn("an audit's message could not be answered", "peer", peer, "error", err)
		return session.AuditReply{Code: session.AuditTooMany}
	}
	return r
}

// replyLog says what this member answered a querier on a day, once the day takes no more questions.
func (k *Keeper) replyLog(ctx context.Context, peer string, day uint64) (session.AuditReply, error) {
	over := false
	k.cfg.Ledger.View(func(s *state.State) {
		due, ok := s.DueDay()
		over = ok && day <= due
	})
	if !over || !k.cfg.Settled() {
		return session.AuditReply{Code: session.AuditNotDue}, nil
	}
	if err := k.date(ctx); err != nil {
		return session.AuditReply{}, err
	}
	log, err := k.answeredTo(ctx, day, k.nameOf(peer))
	if err != nil {
		return session.AuditReply{}, err
	}
	return session.SignLog(session.LogSummary{Ledger: k.cfg.LedgerID, Querier: peer, Holder: k.self, Day: day}, log, k.cfg.Ring.Private(member.Node))
}

// take keeps an answer that is for this member as an auditor. A later one of the same querier takes its
// place until the verdict is on the ledger.
func (k *Keeper) take(peer string, d session.AuditDeliver) (session.AuditReply, error) {
	code := session.AuditNotOurs
	k.cfg.Ledger.View(func(s *state.State) {
		a, ok := s.Audit(entry.Hash(d.Audit))
		if !ok || memberOf(s, peer) != a.Content.Querier || !names(a, k.cfg.Name) {
			return
		}
		code = session.AuditNotDue
		judged := slices.ContainsFunc(a.Verdicts, func(v state.AuditVerdict) bool { return v.Member == k.cfg.Name })
		if a.Phase == state.AuditDrawn && !judged {
			code = session.AuditOK
		}
	})
	if code != session.AuditOK {
		return session.AuditReply{Code: code}, nil
	}
	if err := os.MkdirAll(k.cfg.Dir, 0o700); err != nil {
		return session.AuditReply{}, err
	}
	if err := home.WriteFile(k.answerPath(entry.Hash(d.Audit)), d.Answer, 0o600); err != nil {
		return session.AuditReply{}, err
	}
	k.cfg.Log.Info("an answer to an audit has arrived", "audit", entry.Hash(d.Audit).String()[:16], "member", k.nameOf(peer))
	return session.AuditReply{Code: session.AuditOK}, nil
}

func names(a state.Audit, auditor string) bool {
	return slices.ContainsFunc(a.Content.Auditors, func(x entry.Auditor) bool { return x.Member == auditor })
}

func (k *Keeper) answerPath(id entry.Hash) string {
	return filepath.Join(k.cfg.Dir, id.String()+".age")
}

// ErrNoAnswer reports an audit whose answer has not arrived here.
var ErrNoAnswer = errors.New("no answer to this audit has arrived at this node")

// Received returns the answer that a querier has brought to this node, encrypted as it came. The error is
// [ErrNoAnswer].
func (k *Keeper) Received(id entry.Hash) ([]byte, error) {
	b, err := os.ReadFile(k.answerPath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoAnswer
	}
	return b, err
}
