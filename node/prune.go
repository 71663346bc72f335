package node

import (
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/store"
)

const (
	// DefaultRetention is how long is kept what is over: alerts that were acknowledged, quarantines that were
	// settled, reconciliations.
	DefaultRetention = 365 * 24 * time.Hour
	// meterDays is of how many ledger days before the one of the final state meters are kept. Requests are charged
	// to that day alone, and those of the one before may still be looked at.
	meterDays = 7

	pruneFirst = time.Minute // after the start, and again while the ledger is of the past
	pruneEvery = time.Hour
)

// prune removes what is over from the store, soon after the start and then now and again.
func (n *Node) prune() {
	var next time.Duration
	n.every(pruneFirst, func() {
		if next -= pruneFirst; next <= 0 && n.pruneOnce() {
			next = pruneEvery
		}
	})
}

// pruneOnce goes by ledger time where that is behind this machine's clock: a clock that is years ahead must not
// make the store forget.
func (n *Node) pruneOnce() bool {
	var on uint64
	n.replica.ViewFinal(func(s *state.State, _ replica.FinalPoint) {
		if s != nil {
			on = s.Time()
		}
	})
	if !n.settled() || on == 0 {
		return false
	}
	ledger := time.Unix(int64(min(on, entry.MaxTime)), 0).UTC()
	now := ledger
	if own := n.cfg.Now(); own.Before(now) {
		now = own
	}
	gone, err := n.store.Prune(n.ctx, store.Retention{
		Day: ledger.AddDate(0, 0, -meterDays).Format(time.DateOnly), Before: now.Add(-n.cfg.Retention),
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Warn("what is over could not be removed from the store; it is tried again", "error", err)
	}
	if !gone.None() {
		n.log.Info("what is over was removed from the store", "meters", gone.Meters, "alerts", gone.Alerts,
			"quarantines", gone.Quarantines, "reconciliations", gone.Reconciles)
	}
	return err == nil
}
