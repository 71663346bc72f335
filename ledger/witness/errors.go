package witness

import (
	"errors"
	"fmt"
	"net/http"
)

// Why a witness does not cosign.
var (
	// ErrRequest reports bytes that are not the one encoding of a request, or an old size beyond the new.
	ErrRequest = errors.New("request is malformed")
	// ErrUnknown reports a ledger that this witness does not watch.
	ErrUnknown = errors.New("this ledger is not watched here")
	// ErrUntrusted reports a checkpoint without the signatures that this witness asks for.
	ErrUntrusted = errors.New("checkpoint is not signed as this witness asks")
	// ErrHeld reports an old size other than the one that this witness holds; see [HeldError].
	ErrHeld = errors.New("the witness holds another size")
	// ErrFork reports another root at the size that this witness holds. Both checkpoints bear the signatures
	// that it asks for: together they are proof.
	ErrFork = errors.New("the witness holds another root of this size")
	// ErrPath reports a path that does not lead from the tree that this witness holds.
	ErrPath = errors.New("checkpoint does not extend what the witness holds")
	// ErrStore reports a disk that failed, or a clock; nothing was signed.
	ErrStore = errors.New("the witness could not keep the checkpoint")
)

// HeldError is [ErrHeld] or [ErrFork], with the size that the witness holds of this ledger; 0 for none.
type HeldError struct {
	Size uint64
	Err  error
}

func (e *HeldError) Error() string { return fmt.Sprintf("%v (%d entries)", e.Err, e.Size) }

// Unwrap is the sentinel.
func (e *HeldError) Unwrap() error { return e.Err }

// statusOf is the one place where an error becomes a status (C2SP tlog-witness, "add-checkpoint").
func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrRequest):
		return http.StatusBadRequest
	case errors.Is(err, ErrUnknown):
		return http.StatusNotFound
	case errors.Is(err, ErrUntrusted):
		return http.StatusForbidden
	case errors.Is(err, ErrHeld), errors.Is(err, ErrFork):
		return http.StatusConflict
	case errors.Is(err, ErrPath):
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}
