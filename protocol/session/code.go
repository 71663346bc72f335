package session

import (
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Code is how a holder answers, as written in the message and shown to people.
type Code string

// The codes of both exchanges.
const (
	OK              Code = "ok"
	NotAMember      Code = "not-a-member"     // the querier is not on the holder's ledger
	Suspended       Code = "suspended"        // the querier is suspended
	NotPermitted    Code = "not-permitted"    // no rule allows it; Rule names the one that was nearest
	BudgetSpent     Code = "budget-spent"     // until ResetsAt
	EpochOver       Code = "epoch-over"       // or not begun; look on the ledger for the one that runs
	TooLarge        Code = "too-large"        // more elements than a message may have
	Malformed       Code = "malformed"        // not a message of this protocol
	WrongLedger     Code = "wrong-ledger"     // the holder is on another ledger
	StaleCheckpoint Code = "stale-checkpoint" // the ledger size named is not one of the holder's history
	RequestReused   Code = "request-reused"   // the request id stands for another request already
	Overloaded      Code = "overloaded"       // retry after RetryAfter
	NotFound        Code = "not-found"        // mirror only: no such segment here
)

var codes = map[Code]string{
	NotAMember:      "the holder does not know this member: wait until its ledger has caught up",
	Suspended:       "this member is suspended",
	NotPermitted:    "the policy does not allow this question: see `crosslight policy check`",
	BudgetSpent:     "the budget for this holder and type is spent: ask again after it resets",
	EpochOver:       "the epoch is over at the holder: update the ledger and ask again",
	TooLarge:        "the holder takes fewer elements in a message",
	Malformed:       "the holder could not read the request: do both run the same version?",
	WrongLedger:     "the holder belongs to another ledger",
	StaleCheckpoint: "the ledgers of the two members have drifted apart: run `crosslight ledger status` on both",
	RequestReused:   "the holder has seen this request id with another request: ask anew",
	Overloaded:      "the holder is busy: ask again later",
	NotFound:        "the holder has no such segment any more: fetch its manifests again",
}

func (c Code) valid() bool { _, ok := codes[c]; return ok || c == OK }

// unbound says whether a holder may give c without having read the request.
func (c Code) unbound() bool {
	switch c {
	case Malformed, TooLarge, WrongLedger, NotAMember, Suspended, Overloaded:
		return true
	}
	return false
}

// Refusal is a holder's signed answer that it does not evaluate, or a mirror's that it does not serve.
// It is an error at the asking side: errors.As finds it.
type Refusal struct {
	Code       Code
	Rule       string        // of not-permitted: the rule or the reason, at most 64 printable ASCII bytes
	RetryAfter time.Duration // of overloaded, whole seconds
	ResetsAt   time.Time     // of budget-spent, whole seconds
	BudgetLeft *uint64       // of budget-spent: what is left and was too little, nil if it is not said; whoever hears it reads the receipt
}

// Error says what to do next.
func (r *Refusal) Error() string {
	text := codes[r.Code]
	switch {
	case r.Rule != "":
		text += " (" + r.Rule + ")"
	case r.RetryAfter > 0:
		text += fmt.Sprintf(" (in %s)", r.RetryAfter)
	case !r.ResetsAt.IsZero():
		text += " (at " + r.ResetsAt.UTC().Format(time.RFC3339) + ")"
	}
	return string(r.Code) + ": " + text
}

// CodeOf says which code answers a fault of this package or of wire.
func CodeOf(err error) Code {
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return r.Code
	case errors.Is(err, ErrBatchSize), errors.Is(err, wire.ErrTooLarge):
		return TooLarge
	case errors.Is(err, ErrLedger):
		return WrongLedger
	}
	return Malformed
}
