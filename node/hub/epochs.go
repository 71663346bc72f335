package hub

import "context"

// Epochs is what the ledger says of the members' epochs.
type Epochs interface {
	// Epochs lists the epochs of a member, or of all where member is empty, the newest of each first. Only
	// those that serve, and the newest, unless all are asked for.
	Epochs(ctx context.Context, req EpochsRequest) ([]Epoch, error)
}

// EpochsRequest chooses epochs.
type EpochsRequest struct {
	Member string `json:"member"`
	Over   bool   `json:"over"` // those that are over, too
}

// Epoch is an epoch of a member. State is serves, called (to end: its holder builds the next), overlap (the
// next one serves beside it) or over. Times are ledger time, RFC 3339.
type Epoch struct {
	Member   string     `json:"member"`
	Epoch    uint64     `json:"epoch"`
	State    string     `json:"state"`
	Index    uint64     `json:"index"` // on the ledger
	OpenedAt string     `json:"opened_at"`
	CalledAt *string    `json:"called_at"` // to end; null while it is not
	Cause    *string    `json:"cause"`     // of that: age, vote or suspension; null with called_at
	ServesTo *string    `json:"serves_to"` // null while no end is set
	EndsAt   *string    `json:"ends_at"`   // when its age will call it; null without a bound, or once it was called
	KeyHere  *bool      `json:"key_here"`  // of this member's own: whether its key is here; null for others
	Mirrored int64      `json:"mirrored"`  // entries of its index that are here
	Keys     []EpochKey `json:"keys"`      // in ascending order of type
}

// EpochKey is a public OPRF key of an epoch, in hex.
type EpochKey struct {
	Type   string `json:"type"`
	Public string `json:"public"`
}
