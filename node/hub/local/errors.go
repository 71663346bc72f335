package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/offline"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/submit"
	"github.com/crosslight/crosslight/protocol/indicator/feed"
)

// kinds says which error of the hub stands for an error of a room below, the first that fits.
var kinds = []struct{ below, hub error }{
	{store.ErrNotFound, hub.ErrNotFound},
	{store.ErrCursor, hub.ErrInvalid},
	{store.ErrFull, hub.ErrStorage},
	{store.ErrDisk, hub.ErrStorage},
	{store.ErrDamaged, hub.ErrStorage},
	{store.ErrLocked, hub.ErrStorage},
	{mirror.ErrFull, hub.ErrStorage},
	{mirror.ErrDisk, hub.ErrStorage},
	{replica.ErrRange, hub.ErrNotFound},
	{replica.ErrDiskFull, hub.ErrStorage},
	{submit.ErrUnavailable, hub.ErrUnavailable},
	{submit.ErrNotFinal, hub.ErrUnavailable},
	{ledger.ErrStale, hub.ErrUnavailable},
	{submit.ErrWrongLedger, hub.ErrUnavailable},
	{keys.ErrDetached, hub.ErrInvalid},
	{keys.ErrNotHere, hub.ErrConflict},
	{offline.ErrFormat, hub.ErrInvalid},
	{offline.ErrChanged, hub.ErrInvalid},
	{offline.ErrNotSigned, hub.ErrInvalid},
	{offline.ErrOtherLedger, hub.ErrInvalid},
	{offline.ErrStale, hub.ErrConflict},
	{offline.ErrEarly, hub.ErrConflict},
	{feed.ErrFormat, hub.ErrInvalid},
	{feed.ErrHeader, hub.ErrInvalid},
	{feed.ErrEncoding, hub.ErrInvalid},
	{entry.ErrUnknownMember, hub.ErrNotFound},
	{entry.ErrUnknownProposal, hub.ErrNotFound},
	{entry.ErrNoSeat, hub.ErrDenied},
	{entry.ErrSuspended, hub.ErrDenied},
	{entry.ErrNotProposer, hub.ErrDenied},
	{entry.ErrOwnMember, hub.ErrDenied},
	{entry.ErrClosed, hub.ErrConflict},
	{entry.ErrVoted, hub.ErrConflict},
	{entry.ErrMemberExists, hub.ErrConflict},
	{entry.ErrKeyExists, hub.ErrConflict},
	{entry.ErrAlreadySuspended, hub.ErrConflict},
	{entry.ErrNotSuspended, hub.ErrConflict},
	{entry.ErrRest, hub.ErrConflict},
	{entry.ErrCallStands, hub.ErrConflict},
	{entry.ErrPolicyVersion, hub.ErrConflict},
	{entry.ErrNoChange, hub.ErrConflict},
	{entry.ErrHandOverOpen, hub.ErrConflict},
	{entry.ErrRotationWaits, hub.ErrConflict},
	{entry.ErrRotationRests, hub.ErrConflict},
	{entry.ErrTooManyKeys, hub.ErrConflict},
	{entry.ErrNoSuchKey, hub.ErrNotFound},
	{context.DeadlineExceeded, hub.ErrUnavailable},
}

// classed wraps an error from below with the hub's error that it stands for. An error of the hub's
// own and one of no known kind go through as they are.
func classed(err error) error {
	if err == nil {
		return nil
	}
	for _, k := range kinds {
		if errors.Is(err, k.below) {
			return fmt.Errorf("%w: %w", k.hub, err)
		}
	}
	if entry.RejectionOf(err) != nil {
		return fmt.Errorf("%w: %w", hub.ErrInvalid, err)
	}
	return err
}
