package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

var (
	// ErrNotAudited reports an audit of another member's questions.
	ErrNotAudited = errors.New("the audit is of another member's questions")
	// ErrNotDrawn reports an audit in which nothing is drawn, or no longer to be answered.
	ErrNotDrawn = errors.New("the audit does not wait for an answer: `crosslight audit show` says where it stands")
)

// Answer is what this member would open of an audit.
type Answer struct {
	File   []byte   // encrypted to the auditors
	Drawn  int      // positions
	Opened int      // of those
	Lost   []string // why others cannot be opened, in words, each once
}

// Answer opens what was drawn of this member's questions and encrypts it to the auditors; with refuse it
// signs that it opens nothing, which counts as false. Whoever calls it has asked a person, or a setting:
// it shows digests to the auditors. Errors are [entry.ErrUnknownAudit], [ErrNotAudited] and [ErrNotDrawn];
// what cannot be opened is left out and named.
func (k *Keeper) Answer(ctx context.Context, id entry.Hash, refuse bool) (out Answer, err error) {
	var a state.Audit
	var ok bool
	k.cfg.Ledger.View(func(s *state.State) { a, ok = s.Audit(id) })
	switch {
	case !ok:
		return out, entry.ErrUnknownAudit
	case a.Content.Querier != k.cfg.Name:
		return out, ErrNotAudited
	case a.Phase != state.AuditDrawn:
		return out, ErrNotDrawn
	}
	positions := a.Positions()
	answer := session.AuditAnswer{Ledger: k.cfg.LedgerID, Audit: id, Openings: []session.Opening{}}
	out.Drawn = len(positions)
	if !refuse {
		o := opener{keeper: k, audit: a, lost: map[string]bool{}}
		for _, p := range positions {
			if opening, ok := o.open(ctx, p); ok {
				answer.Openings = append(answer.Openings, opening)
			}
			if err := ctx.Err(); err != nil {
				return out, err
			}
		}
		out.Lost = o.reasons
	}
	out.Opened = len(answer.Openings)
	signed, err := session.SignAnswer(answer, k.cfg.Ring.Private(member.Node))
	if err != nil {
		return out, err
	}
	out.File, err = encrypt(signed, a.Content.Auditors)
	return out, err
}

func encrypt(plain []byte, auditors []entry.Auditor) ([]byte, error) {
	var to []string
	for _, a := range auditors {
		to = append(to, a.Recipient)
	}
	return keys.SealTo(plain, to...)
}

// opener opens positions of one audit. Logs, and requests with several positions, are read once: positions
// ascend.
type opener struct {
	keeper *Keeper
	audit  state.Audit

	day      uint64
	log      *session.QueryLog // of day
	hash     [32]byte
	req      store.Opening // of hash
	plain    secrets
	elements []byte

	lost    map[string]bool
	reasons []string
}

func (o *opener) fail(why string) {
	if !o.lost[why] {
		o.lost[why] = true
		o.reasons = append(o.reasons, why)
	}
}

func (o *opener) open(ctx context.Context, position uint64) (session.Opening, bool) {
	i, offset, ok := draw.Locate(o.audit.Segments, position)
	if !ok {
		return session.Opening{}, false
	}
	segment := o.audit.Segments[i]
	if err := o.toDay(ctx, segment); err != nil {
		o.fail(err.Error())
		return session.Opening{}, false
	}
	r, index, start, ok := o.log.Find(offset)
	if !ok {
		return session.Opening{}, false
	}
	if err := o.toRequest(ctx, r.Hash); err != nil {
		o.fail(fmt.Sprintf("%s: %v", entry.Day(segment.Day), err))
		return session.Opening{}, false
	}
	at := offset - start
	return session.Opening{
		Position: position, Day: segment.Day, Header: o.req.Header, Signature: o.req.Signature,
		Start: start, Request: index, LogPath: o.log.Path(index), Index: at,
		Element: [32]byte(o.elements[at*32:]), ElementPath: session.ElementPath(o.elements, int(at)),
		Digest: [32]byte(o.plain.Digests[at*32:]), Blind: [32]byte(o.plain.Blinds[at*32:]),
		CaseNonce: o.plain.CaseNonce, Case: o.plain.Case,
	}, true
}

// toDay reads the log of a segment's day, which must be the one that was committed to.
func (o *opener) toDay(ctx context.Context, segment draw.Segment) error {
	if o.log != nil && o.day == segment.Day {
		return nil
	}
	log, err := o.keeper.askedLog(ctx, segment.Day, o.audit.Content.Holder)
	if err != nil {
		return err
	}
	if log.Root() != segment.Root || log.Elements() != segment.Elements {
		return fmt.Errorf("the log of %s is no longer what was committed to: requests are lost", entry.Day(segment.Day))
	}
	o.day, o.log = segment.Day, log
	return nil
}

// toRequest opens what is kept of a request and computes its elements again.
func (o *opener) toRequest(ctx context.Context, hash [32]byte) error {
	if o.elements != nil && o.hash == hash {
		return nil
	}
	req, err := o.keeper.cfg.Store.OpeningByHash(ctx, hash)
	if err != nil {
		return err
	}
	plain, err := o.keeper.unseal(req)
	if err != nil {
		return err
	}
	elements := make([]byte, 0, 32*req.Count)
	for i := range req.Count {
		e, err := voprf.Element(plain.Digests[32*i:32*i+32], plain.Blinds[32*i:32*i+32])
		if err != nil {
			return store.ErrDamaged
		}
		elements = append(elements, e[:]...)
	}
	o.hash, o.req, o.plain, o.elements = hash, req, plain, elements
	return nil
}

// Delivery says whether an answer reached an auditor.
type Delivery struct {
	Auditor string
	Err     error
}

// Deliver brings an encrypted answer to the auditors' nodes, all of them or as many as can be reached.
func (k *Keeper) Deliver(ctx context.Context, id entry.Hash, file []byte) []Delivery {
	var auditors []entry.Auditor
	peers := map[string]string{}
	k.cfg.Ledger.View(func(s *state.State) {
		a, _ := s.Audit(id)
		auditors = a.Content.Auditors
		for _, x := range auditors {
			m, _ := s.Member(x.Member)
			peers[x.Member] = m.PeerID
		}
	})
	var out []Delivery
	for _, x := range auditors {
		_, err := k.exchange(ctx, peers[x.Member], session.AuditAsk{Deliver: &session.AuditDeliver{Audit: id, Answer: file}})
		out = append(out, Delivery{Auditor: x.Member, Err: err})
	}
	return out
}
