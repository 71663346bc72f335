package hub

import "errors"

// The errors of a hub. API and command line map each to one HTTP status, one problem type and one
// exit code, in one place each. Texts that wrap them say what to do next.
var (
	// ErrInvalid reports a request that cannot be carried out as it was put.
	ErrInvalid = errors.New("invalid request")
	// ErrNotFound reports a thing that does not exist.
	ErrNotFound = errors.New("not found")
	// ErrDenied reports what policy, membership or the token's role forbids.
	ErrDenied = errors.New("denied")
	// ErrConflict reports a request that contradicts what already stands.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable reports that the node, its ledger or every holder could not be reached.
	ErrUnavailable = errors.New("unavailable")
	// ErrStorage reports that this node's disk failed or is full. Nothing was half-written.
	ErrStorage = errors.New("storage failed")
)
