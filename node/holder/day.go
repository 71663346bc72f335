package holder

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/state"
)

// errDayClosed reports a question that would belong to a day whose log this holder may have committed to.
var errDayClosed = fmt.Errorf("%w: the question acts on a day that is over", ledger.ErrStale)

// dayClosed says whether a question that acts on the ledger at that size comes too late for the log of its
// day (specs/audit.md).
func (h *Holder) dayClosed(size uint64) (closed bool) {
	h.cfg.Ledger.View(func(s *state.State) { closed = s.DayClosed(size) })
	return closed
}
