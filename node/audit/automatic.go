package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// answerAgain is how long an answer waits that did not reach every auditor's node.
const answerAgain = time.Minute

// answering is what Run remembers of the audits that it answers: until when each waits, and for ever once
// all auditors have its answer. A restart delivers again, which is harmless.
type answering map[entry.Hash]time.Time

// answerDue answers the audits of this member's questions that wait for it, where the operator has said
// that the node may.
func (k *Keeper) answerDue(ctx context.Context) error {
	if !k.cfg.Automatic {
		return nil
	}
	var due []entry.Hash
	k.cfg.Final(func(s *state.State) {
		for _, a := range s.Audits() {
			if a.Phase == state.AuditDrawn && a.Content.Querier == k.cfg.Name {
				due = append(due, a.ID)
			}
		}
	})
	var failed error
	for _, id := range due {
		if until, ok := k.answering[id]; ok && (until.IsZero() || time.Now().Before(until)) {
			continue
		}
		failed = errors.Join(failed, k.answerOne(ctx, id))
	}
	return failed
}

func (k *Keeper) answerOne(ctx context.Context, id entry.Hash) error {
	if k.answering == nil {
		k.answering = answering{}
	}
	k.answering[id] = time.Now().Add(answerAgain)
	a, err := k.Answer(ctx, id, false)
	if err != nil {
		return fmt.Errorf("answer the audit %s: %w", id, err)
	}
	for _, d := range k.Deliver(ctx, id, a.File) {
		if d.Err != nil {
			return fmt.Errorf("bring the answer to the audit %s to %s: %w", id, d.Auditor, d.Err)
		}
	}
	k.answering[id] = time.Time{}
	k.cfg.Log.Info("an audit was answered", "audit", id.String()[:16], "drawn", a.Drawn, "opened", a.Opened)
	return nil
}
