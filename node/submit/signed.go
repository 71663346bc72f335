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

// Entered is Signed for an entry that cuts this node off once it stands, such as the rotation of its own
// node key: it returns when this node has applied the entry, and does not wait to hear that it is final.
func (s *Submitter) Entered(ctx context.Context, raw entry.Raw) (uint64, error) {
	return s.bring(ctx, raw)
}
