package holder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// Spend is a request that has been decoded and authorised, before anything of it is evaluated.
type Spend struct {
	RequestID  [16]byte
	HeaderHash [32]byte // of the signed header
	Querier    string   // peer id
	Member     string   // whose node that is
	Type       string   // indicator type
	Count      uint64   // elements
	Header     []byte   // signed, verbatim, kept for the audit
	Signature  []byte   // over it, 64 bytes
}

// Spent reports a budget that a request exceeds. It wraps [store.ErrBudget].
type Spent struct {
	Resets time.Time // when the ledger's day ends
	Left   uint64    // elements, too few for the request unless it was the ceiling that it exceeds
	err    error
}

func (e *Spent) Error() string {
	return fmt.Sprintf("%s; it resets at %s", e.err, e.Resets.Format(time.RFC3339))
}

// Unwrap returns the store's error.
func (e *Spent) Unwrap() error { return e.err }

// Charge takes a request from its querier's budget, durably, and returns what is left of it. All that says
// as much as evaluations do is charged here, whatever protocol it comes by. [store.ErrReplay] says that the
// same request was charged before; the other errors (a [Spent], [store.ErrRequestID], the disk's) mean that
// nothing was charged and nothing is to be evaluated.
func (h *Holder) Charge(ctx context.Context, b ledger.Budget, s Spend) (left uint64, err error) {
	left, err = h.cfg.Store.Charge(ctx, store.Charge{
		RequestID: s.RequestID, HeaderHash: s.HeaderHash, Querier: s.Querier, Member: s.Member, Affiliates: b.Members,
		Type: indicator.Type(s.Type), Day: b.Day.Name, Count: s.Count, Limit: b.Limit, Ceiling: b.Ceiling,
		Header: s.Header, Signature: s.Signature,
	})
	if errors.Is(err, store.ErrBudget) {
		err = &Spent{time.Unix(int64(b.Day.Ends), 0).UTC(), left, err}
	}
	return left, err
}
