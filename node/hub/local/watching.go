package local

import (
	"context"
	"errors"
	"sync"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/alert"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/watch"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// watching is what works for watches in the background.
type watching struct {
	ring     [32]byte // seals what is watched
	matcher  *watch.Matcher
	enroller *watch.Enroller
	desk     *alert.Desk
}

// watchUse names the ring's secret under which what is watched is sealed.
const watchUse = "watch"

func (h *Hub) newWatching() watching {
	w := watching{ring: h.cfg.Ring.Local(watchUse)}
	w.desk = alert.New(alert.Config{
		Store: h.cfg.Store, Limits: h.cfg.Alerts, Receivers: h.cfg.Webhooks, Member: h.cfg.Name, Show: shown,
		Raised: func(holder string, n int) { h.cfg.Metrics.AlertsRaised.WithLabelValues(holder).Add(float64(n)) },
		Held:   func(holder string, n int) { h.cfg.Metrics.AlertsHeld.WithLabelValues(holder).Add(float64(n)) },
		Posted: func(taken bool) {
			h.cfg.Metrics.WebhookPosts.WithLabelValues(map[bool]string{true: "taken", false: "refused"}[taken]).Inc()
		},
		Log: h.cfg.Log, Now: h.cfg.Now,
	})
	w.matcher = watch.NewMatcher(watch.MatcherConfig{
		LedgerID: h.cfg.LedgerID, Ring: w.ring, Match: h.cfg.Ring.Local(matchUse), Store: h.cfg.Store, Mirror: h.cfg.Mirror,
		Name: h.holderOf, Ref: h.indexOf, Permit: h.mayWatch, Ready: h.cfg.Settled, Raise: w.desk.Raise,
		Log: h.cfg.Log, Now: h.cfg.Now,
	})
	w.enroller = watch.NewEnroller(watch.EnrollerConfig{
		Ring: w.ring, Store: h.cfg.Store, Asker: (*watchAsker)(h), Ref: h.indexOf, Mirrored: h.hasMirrored,
		Done: w.matcher.Enrolled, Log: h.cfg.Log, Now: h.cfg.Now,
	})
	h.cfg.Mirror.OnUpdate(w.matcher.Updated)
	return w
}

// Watch enrols and matches watches, and sends webhooks, until ctx ends.
func (h *Hub) Watch(ctx context.Context) {
	var all sync.WaitGroup
	for _, run := range []func(context.Context){
		h.watching.matcher.Run, h.watching.enroller.Run, h.watching.desk.Run, h.eraseQuestions,
	} {
		all.Go(func() { run(ctx) })
	}
	all.Wait()
}

// holderOf names the holder of an index, if it is in good standing.
func (h *Hub) holderOf(ref mirror.Ref) (name string, ok bool) {
	h.cfg.Replica.View(func(s *state.State) {
		var m state.Member
		if m, ok = s.MemberByPeer(ref.Holder.PeerID()); ok {
			name, ok = m.Name, m.Status == state.Active && m.Name != h.cfg.Name
		}
	})
	return name, ok
}

// indexOf names the index of a holder.
func (h *Hub) indexOf(holder string, epoch uint64, t indicator.Type) (ref mirror.Ref, ok bool) {
	h.cfg.Replica.View(func(s *state.State) {
		var m state.Member
		if m, ok = s.Member(holder); ok {
			ref = mirror.Ref{Holder: m.Keys.Node, Epoch: epoch, Type: string(t)}
		}
	})
	return ref, ok
}

// hasMirrored says whether any index of a holder's epoch is here. One that cannot be told is.
func (h *Hub) hasMirrored(holder string, epoch uint64) bool {
	ref, ok := h.indexOf(holder, epoch, "")
	if !ok {
		return true
	}
	manifests, err := h.cfg.Mirror.Manifests(ref.Holder)
	for _, m := range manifests {
		if m.Manifest.Epoch == epoch {
			return true
		}
	}
	return err != nil
}

// mayWatch says what policy lets this member see of a watch's hits now. A watch goes by the rules as they
// are when it hits, not as they were when it was enrolled.
func (h *Hub) mayWatch(w watch.Watch, holder string, t indicator.Type) (hits, labels bool, err error) {
	permit, err := h.permit(w, holder, t)
	if errors.Is(err, ledger.ErrStale) {
		return false, false, err
	}
	if err != nil || permit.WatchSize() == 0 {
		return false, false, nil
	}
	return true, permit.Reveal() == policy.RevealLabel, nil
}

// permit authorises a watch at a holder in its present epoch.
func (h *Hub) permit(w watch.Watch, holder string, t indicator.Type) (permit ledger.Permit, err error) {
	stale := h.cfg.Authority(func(final, tip *state.State) {
		self, _ := final.Member(h.cfg.Name)
		m, _ := final.Member(holder)
		epoch, _ := final.Epoch(holder)
		permit, err = ledger.Authorised(final, tip, ledger.Ask{
			LedgerID: h.cfg.LedgerID, Querier: self.PeerID, Holder: m.PeerID,
			Epoch: epoch.Commit.Epoch, Type: string(t), Purpose: w.Purpose, HasCase: w.Case != "",
		})
	})
	if stale != nil {
		return ledger.Permit{}, stale
	}
	return permit, err
}
