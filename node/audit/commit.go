package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

const (
	lookEvery   = 2 * time.Second
	waitBetween = 5 * time.Second // where a holder has not said yet what it answered
	enterWithin = 20 * time.Second
	dateAtOnce  = 4096
	// patience is how long a day waits for a holder that cannot say what it answered, in seconds of ledger
	// time after the day is due.
	patience = 24 * 3600
)

// Run commits to every day that is over, reveals this seat's nonces when their time has come and erases
// what was kept long enough, until ctx ends. A day that was missed while the node was down is made good.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last, notBefore := "", time.Time{}
	for {
		if k.cfg.Settled() {
			var err error
			if time.Now().After(notBefore) {
				if err = k.commitDue(ctx); errors.Is(err, errWaiting) {
					notBefore = time.Now().Add(waitBetween)
				}
			}
			err = errors.Join(err, k.revealDue(ctx), k.answerDue(ctx), k.erase(ctx))
			if err != nil && ctx.Err() == nil && err.Error() != last {
				k.cfg.Log.Warn("query logs: something is left to do; trying again", "error", err)
				last = err.Error()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// commitDue enters the logs of all days that are over and not committed to, in order.
func (k *Keeper) commitDue(ctx context.Context) error {
	if err := k.date(ctx); err != nil {
		return err
	}
	var due, after, now uint64
	var wanted, some bool
	k.cfg.Ledger.View(func(s *state.State) {
		m, ok := s.Member(k.cfg.Name)
		due, wanted = s.DueDay()
		wanted = wanted && ok && m.Status != state.Joining && due >= s.CreatedAt()/86_400
		after, some = s.Committed(k.cfg.Name)
		now = s.Time()
	})
	if !wanted || some && after >= due {
		return nil
	}
	days, err := k.cfg.Store.ActiveDays(ctx, after, due)
	if err != nil {
		return err
	}
	if len(days) == 0 || days[len(days)-1] != due {
		days = append(days, due) // that nothing was asked is said, too
	}
	for _, day := range days {
		b, err := k.logs(ctx, day, now)
		if err != nil {
			return err
		}
		if err := k.enterCommit(ctx, b); err != nil {
			return fmt.Errorf("commit to %s: %w", entry.Day(day), err)
		}
	}
	return nil
}

func (k *Keeper) enterCommit(ctx context.Context, b entry.AuditCommit) error {
	ctx, cancel := context.WithTimeout(ctx, enterWithin)
	defer cancel()
	_, _, err := k.cfg.Submit.Enter(ctx, k.cfg.Ring.Private(member.Operator), func(s entry.Signer, seq uint64) (entry.Raw, error) {
		return entry.NewAuditCommit(s, seq, b)
	})
	if errors.Is(err, entry.ErrNoChange) {
		return nil
	}
	return err
}

// date looks up to which day of the ledger each request belongs that this member answered.
func (k *Keeper) date(ctx context.Context) error {
	for {
		list, err := k.cfg.Store.Undated(ctx, dateAtOnce)
		if err != nil || len(list) == 0 {
			return err
		}
		days := map[[32]byte]uint64{}
		for _, a := range list {
			h, err := session.PeekHeader(a.Header)
			if err != nil { // of another exchange, which is charged to the same meter
				days[a.Hash] = store.NoDay
				continue
			}
			k.cfg.Ledger.View(func(s *state.State) { days[a.Hash] = s.DayAt(h.Size) })
		}
		if err := k.cfg.Store.Date(ctx, list, func(a store.Answered) uint64 { return days[a.Hash] }); err != nil {
			return err
		}
	}
}

// errWaiting reports a day that waits for a holder's word on what it answered.
var errWaiting = errors.New("a holder has not said yet what it answered on a day that is over")

// logs makes both logs of a day, a row for each counterpart.
func (k *Keeper) logs(ctx context.Context, day, now uint64) (entry.AuditCommit, error) {
	b := entry.AuditCommit{Day: day, Rows: []entry.AuditRow{}}
	for _, name := range k.counterparts() {
		asked, err := k.settleAsked(ctx, day, name, now)
		if err != nil {
			return b, err
		}
		answered, err := k.answeredTo(ctx, day, name)
		if err != nil {
			return b, err
		}
		r := entry.AuditRow{Member: name, Asked: dayLog(asked), Answered: dayLog(answered)}
		if !r.Asked.Empty() || !r.Answered.Empty() {
			b.Rows = append(b.Rows, r)
		}
	}
	slices.SortFunc(b.Rows, func(a, b entry.AuditRow) int { return strings.Compare(a.Member, b.Member) })
	return b, nil
}

func dayLog(l *session.QueryLog) entry.DayLog {
	return entry.DayLog{Requests: l.Requests(), Elements: l.Elements(), Root: l.Root()}
}

// counterparts are all other members, former ones too.
func (k *Keeper) counterparts() (out []string) {
	k.cfg.Ledger.View(func(s *state.State) {
		for _, m := range slices.Concat(s.Members(), s.Former()) {
			if m.Name != k.cfg.Name {
				out = append(out, m.Name)
			}
		}
	})
	return out
}

// peersOf are the peer ids that a member's node has, and had.
func (k *Keeper) peersOf(name string) (out []string) {
	k.cfg.Ledger.View(func(s *state.State) {
		for _, key := range NodeKeys(s, name) {
			out = append(out, key.PeerID())
		}
	})
	return out
}

// answeredTo is the log of what this member answered another on a day.
func (k *Keeper) answeredTo(ctx context.Context, day uint64, querier string) (*session.QueryLog, error) {
	var requests []session.LogRequest
	for _, peer := range k.peersOf(querier) {
		list, err := k.cfg.Store.AnsweredOn(ctx, day, peer)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			requests = append(requests, session.LogRequest{Hash: a.Hash, Count: a.Count})
		}
	}
	return session.NewQueryLog(requests)
}

// askedOf calls f with everything that left here for a holder on a day.
func (k *Keeper) askedOf(ctx context.Context, day uint64, holder string, f func(store.Opening) error) error {
	for _, peer := range k.peersOf(holder) {
		if err := k.cfg.Store.EachOpening(ctx, day, peer, f); err != nil {
			return err
		}
	}
	return nil
}

// askedLog is the log of what a holder has answered this member on a day, as far as that is noted.
func (k *Keeper) askedLog(ctx context.Context, day uint64, holder string) (*session.QueryLog, error) {
	var requests []session.LogRequest
	err := k.askedOf(ctx, day, holder, func(o store.Opening) error {
		if o.Answered {
			requests = append(requests, session.LogRequest{Hash: o.Hash, Count: o.Count})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return session.NewQueryLog(requests)
}

// settleAsked is askedLog, once holder and querier have come to the same: every request whose answer the
// holder has signed, and those that it lists and that did leave here. An answer that was lost on the way
// is in it like this, a request that never arrived is not. What is settled is noted before it is
// committed to.
func (k *Keeper) settleAsked(ctx context.Context, day uint64, holder string, now uint64) (*session.QueryLog, error) {
	if err := k.Flush(ctx); err != nil {
		return nil, err
	}
	any := false
	err := k.askedOf(ctx, day, holder, func(store.Opening) error { any = true; return nil })
	if err != nil {
		return nil, err
	}
	if !any {
		return session.NewQueryLog(nil)
	}
	listed, err := k.holderLog(ctx, day, holder)
	if err != nil && now < (day+1)*86_400+state.DayDue+patience {
		return nil, fmt.Errorf("%w: %s, %s: %w", errWaiting, holder, entry.Day(day), err)
	}
	if err := k.cfg.Store.KeepOpenings(ctx, nil, listed); err != nil {
		return nil, err
	}
	return k.askedLog(ctx, day, holder)
}

// nameOf is the member that has, or had, a peer id; empty where none did.
func (k *Keeper) nameOf(peer string) (name string) {
	k.cfg.Ledger.View(func(s *state.State) { name = memberOf(s, peer) })
	return name
}

// memberOf finds the member whose node key is, or was, that of a peer id.
func memberOf(s *state.State, peer string) string {
	if m, ok := s.MemberByPeer(peer); ok {
		return m.Name
	}
	for _, m := range slices.Concat(s.Members(), s.Former()) {
		for _, key := range NodeKeys(s, m.Name) {
			if key.PeerID() == peer {
				return m.Name
			}
		}
	}
	return ""
}

// NodeKeys are the node keys that a member has, and had, on the ledger.
func NodeKeys(s *state.State, name string) []member.PublicKey {
	var out []member.PublicKey
	if m, ok := s.Member(name); ok && m.Keys.Node != (member.PublicKey{}) {
		out = append(out, m.Keys.Node)
	}
	for _, r := range s.RetiredKeys(name) {
		if r.Role == member.Node {
			out = append(out, r.Key)
		}
	}
	return out
}
