package submit

import (
	"context"

	"github.com/crosslight/crosslight/ledger/entry"
)

// Signed puts an entry on the ledger that was signed elsewhere, by whichever member, and returns its
// index once it is final. Errors are those of [Submitter.Submit]. It takes no turn: the
// entry has its number, and one that comes too early or too late is rejected by it.
func (s *Submitter) Signed(ctx context.Context, raw entry.Raw) (uint64, error) {
	index, err := s.bring(ctx, raw)
	if err != nil || !s.ledger.Decides() {
		return index, err
	}
	return s.settle(ctx, index, raw)
}
