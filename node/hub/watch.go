package hub

import (
	"context"
	"io"
	"time"
)

// Watches are the standing questions of a member.
type Watches interface {
	// AddWatch keeps a watch of the values of req and, when feed is not nil, of feed, or of what a past
	// query asked about. Holders are asked in the background.
	AddWatch(ctx context.Context, req WatchRequest, feed io.Reader) (Watch, error)
	// Watches lists watches, newest first.
	Watches(ctx context.Context, page PageRequest) (WatchPage, error)
	// WatchByID returns a watch and how far each holder is with it.
	WatchByID(ctx context.Context, id string) (Watch, error)
	// RemoveWatch erases a watch and what holders evaluated of it. Its alerts stay, and nothing that was
	// charged comes back. With DryRun it only looks.
	RemoveWatch(ctx context.Context, req RemoveWatchRequest) (Watch, error)
}

// WatchRequest is a standing question. Query names a past query whose values, purpose and case reference
// it takes over. Holders and Types narrow it; empty means all.
type WatchRequest struct {
	Name    string      `json:"name" required:"false"`
	Query   string      `json:"query" required:"false"`
	Values  []Value     `json:"values" required:"false"`
	Feed    FeedOptions `json:"feed" required:"false"`
	Holders []string    `json:"holders" required:"false"`
	Types   []string    `json:"types" required:"false"`
	Purpose string      `json:"purpose" required:"false"`
	Case    string      `json:"case" required:"false"` // the case reference; only commitments to it leave the node
	DryRun  bool        `json:"dry_run" required:"false"`
}

// RemoveWatchRequest names the watch to remove.
type RemoveWatchRequest struct {
	ID     string `json:"id"`
	DryRun bool   `json:"dry_run" required:"false"`
}

// Watch is a standing question and how far holders are with it.
type Watch struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	At         time.Time     `json:"at"`
	Purpose    string        `json:"purpose"`
	Elements   int64         `json:"elements"` // distinct indicators
	Refused    int64         `json:"refused"`
	Suppressed int64         `json:"suppressed"`
	Refusals   []Refusal     `json:"refusals"` // when it was added
	Enrolled   bool          `json:"enrolled"` // every holder that policy allows has evaluated all of it
	Holders    []WatchHolder `json:"holders"`
	Alerts     int64         `json:"alerts"`
	Open       int64         `json:"open"`    // alerts that nobody has acknowledged
	Waiting    int64         `json:"waiting"` // hits in quarantine
}

// WatchHolder is how far one holder is with a watch in its present epoch. Status is enrolled, enrolling, or
// what hinders it: too-large, would-ask (a dry run), or a status of [Asked].
type WatchHolder struct {
	Member    string     `json:"member"`
	Status    string     `json:"status"`
	Detail    *string    `json:"detail"` // what to do about it; null where there is nothing
	Epoch     uint64     `json:"epoch"`
	Enrolled  int64      `json:"enrolled"`
	Elements  int64      `json:"elements"`
	ResumesAt *time.Time `json:"resumes_at"` // when it goes on by itself, where that is known
}

// WatchPage is a page of watches; Next is empty on the last.
type WatchPage struct {
	Watches []Watch `json:"watches"`
	Next    string  `json:"next"`
}
