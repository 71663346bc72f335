package hub

import (
	"context"
	"time"
)

// Matches is what people do with matches: this member's own, and the notices of other members about
// items of this one.
type Matches interface {
	// Matches lists matches, newest first.
	Matches(ctx context.Context, f MatchFilter) (MatchPage, error)
	// Match returns a match, or a notice that came in, by its id or a unique prefix of it.
	Match(ctx context.Context, id string) (MatchDetail, error)
	// Notices lists the notices that came in, newest first.
	Notices(ctx context.Context, f NoticeFilter) (NoticePage, error)
	// NotifyMatches tells the holders of matches; with DryRun it only says what would be told.
	NotifyMatches(ctx context.Context, req NotifyRequest) (NotifyReport, error)
	// DisputeMatch says that a match, or a notice that came in, is none, and tells the other side; with
	// DryRun or Local it tells nobody.
	DisputeMatch(ctx context.Context, req MatchVerdict) (MatchChange, error)
	// CloseMatch ends the work on a match, or on a notice that came in. With a verdict the other side is told.
	CloseMatch(ctx context.Context, req MatchVerdict) (MatchChange, error)
}

// MatchFilter narrows a list of matches; empty fields let everything through.
type MatchFilter struct {
	PageRequest
	Type   string     `json:"type"`
	Holder string     `json:"holder"`
	Source string     `json:"source"` // query, watch, reconcile
	State  string     `json:"state"`  // new, notified, disputed, closed
	Since  *time.Time `json:"since"`  // first found then or later
	Until  *time.Time `json:"until"`  // first found before
	Query  string     `json:"query"`  // the id of the query, watch or reconcile that found it
	Case   string     `json:"case"`   // the case reference under which it was found
}

// MatchRecord is a match as it is kept.
type MatchRecord struct {
	Match
	Source      string    `json:"source"` // that found it first
	State       string    `json:"state"`
	FoundAt     time.Time `json:"found_at"`
	LastFoundAt time.Time `json:"last_found_at"`
}

// MatchPage is a page of matches; Next is empty on the last.
type MatchPage struct {
	Matches []MatchRecord `json:"matches"`
	Next    string        `json:"next"`
}

// NoticeFilter narrows a list of notices that came in; empty fields let everything through.
type NoticeFilter struct {
	PageRequest
	Type  string     `json:"type"`
	From  string     `json:"from"`  // the member that sent it
	State string     `json:"state"` // new, disputed, closed
	Since *time.Time `json:"since"`
}

// Notice is another member's word that an item of this member's index is one that it asked about.
type Notice struct {
	ID        string    `json:"id"`
	From      string    `json:"from"`
	Type      string    `json:"type"`
	Item      string    `json:"item"`      // pending, found, claimed (by reference alone), unknown
	Digest    *string   `json:"digest"`    // of this member's own indicator, hex
	Reference *string   `json:"reference"` // of the same
	Purpose   string    `json:"purpose"`
	Case      *string   `json:"case_commitment"` // hex
	Contact   *string   `json:"contact"`
	State     string    `json:"state"`
	At        time.Time `json:"at"`
}

// NoticePage is a page of notices; Next is empty on the last.
type NoticePage struct {
	Notices []Notice `json:"notices"`
	Next    string   `json:"next"`
}

// MatchDetail is a match of this member's or a notice that came in, the other is null, with all that was
// said of it.
type MatchDetail struct {
	Match     *MatchRecord `json:"match"`
	Notice    *Notice      `json:"notice"`
	Sightings []Sighting   `json:"sightings"`
	Notes     []MatchNote  `json:"notes"`
	Said      []Statement  `json:"said"`  // by this member
	Heard     []Statement  `json:"heard"` // from the other
}

// Sighting is one time that a match was found.
type Sighting struct {
	Source  string    `json:"source"`
	Origin  string    `json:"origin"` // the id of the query, watch or reconcile
	At      time.Time `json:"at"`
	Purpose string    `json:"purpose"`
	Case    string    `json:"case"`
}

// MatchNote is what one of this member's people wrote down. It stays on the node.
type MatchNote struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Statement is what one member said to another about a match, and the receipt for it. Body, receipt and
// the signatures over them are as they went over the wire, for whoever has to be shown them.
type Statement struct {
	Kind             string     `json:"kind"`    // notice or feedback
	Member           string     `json:"member"`  // the other side
	Verdict          *string    `json:"verdict"` // of a feedback
	Contact          *string    `json:"contact"`
	State            string     `json:"state"`  // waiting, delivered, refused; received
	Reason           *string    `json:"reason"` // why it waits or was refused
	Attempts         int        `json:"attempts"`
	At               time.Time  `json:"at"`
	AnsweredAt       *time.Time `json:"answered_at"`
	Body             []byte     `json:"body"`
	Signature        []byte     `json:"signature"`
	Receipt          []byte     `json:"receipt"`
	ReceiptSignature []byte     `json:"receipt_signature"`
	CaseSalt         []byte     `json:"case_salt"` // opens the commitment to the case reference
}

// NotifyRequest says of which matches the holders are to be told: those named, and those that Filter lets
// through where it narrows anything. Purpose and Case are those under which the match was last found
// where they are empty.
type NotifyRequest struct {
	IDs     []string `json:"ids" required:"false"`
	Query   string   `json:"query" required:"false"` // all that this query, watch or reconcile found
	Contact string   `json:"contact" required:"false"`
	Purpose string   `json:"purpose" required:"false"`
	Case    string   `json:"case" required:"false"`
	NoCase  bool     `json:"no_case" required:"false"` // commit to no case reference
	DryRun  bool     `json:"dry_run" required:"false"`
}

// MaxNotify is how many matches one request may tell of.
const MaxNotify = 1000

// NotifyReport says what is told to whom.
type NotifyReport struct {
	Notices []NotifyOutcome `json:"notices"`
	DryRun  bool            `json:"dry_run"`
}

// NotifyOutcome is one match of a NotifyReport. Status is queued, would-tell, told-before, or not-possible.
type NotifyOutcome struct {
	ID     string `json:"id"`
	Holder string `json:"holder"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

// MatchVerdict is what this member thinks of a match, or of a notice that came in.
type MatchVerdict struct {
	ID      string `json:"id"`
	Verdict string `json:"verdict" required:"false"` // not-ours, false-positive, confirmed
	Note    string `json:"note" required:"false"`    // kept here
	Contact string `json:"contact" required:"false"`
	Local   bool   `json:"local" required:"false"` // tell nobody
	DryRun  bool   `json:"dry_run" required:"false"`
}

// MatchChange says what a verdict changed.
type MatchChange struct {
	ID     string   `json:"id"`
	State  string   `json:"state"`
	Effect []string `json:"effect"` // in words, what is told to whom
	DryRun bool     `json:"dry_run"`
}
