package hub

import (
	"context"
	"time"
)

// Reconciling is comparing whole sets with another member.
type Reconciling interface {
	// RequestReconcile offers another member to compare sets of a type; with DryRun it only looks.
	RequestReconcile(ctx context.Context, req ReconcileRequest) (Reconcile, error)
	// Reconciles lists the reconciliations of both sides, newest first.
	Reconciles(ctx context.Context, page PageRequest) (ReconcilePage, error)
	// ReconcileByID returns one by its id or a unique prefix of it, with what it found.
	ReconcileByID(ctx context.Context, id string) (Reconcile, error)
	// DecideReconcile approves or denies what another member offers; with DryRun it only looks.
	DecideReconcile(ctx context.Context, req ReconcileDecision) (Reconcile, error)
	// RunReconcile delivers an offer of this member's again and, where it is approved, begins to compare, in
	// the background: ReconcileByID says how far it is.
	RunReconcile(ctx context.Context, id string) (Reconcile, error)
	// CancelReconcile ends one at once, on either side; with DryRun it only looks.
	CancelReconcile(ctx context.Context, req ReconcileCancel) (Reconcile, error)
}

// ReconcileRequest offers another member to compare sets.
type ReconcileRequest struct {
	Member  string `json:"member"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
	Case    string `json:"case" required:"false"`    // only a commitment to it leaves the node
	Learn   string `json:"learn" required:"false"`   // initiator, other or both; empty for whoever policy says
	Items   uint64 `json:"items" required:"false"`   // the most that this member will bring; 0 leaves room to grow
	Compact bool   `json:"compact" required:"false"` // fewer bytes for more processor time
	DryRun  bool   `json:"dry_run" required:"false"`
}

// ReconcileDecision is an operator's word on what another member offers.
type ReconcileDecision struct {
	ID      string `json:"id"`
	Approve bool   `json:"approve"`
	DryRun  bool   `json:"dry_run" required:"false"`
}

// ReconcileCancel ends a reconciliation.
type ReconcileCancel struct {
	ID     string `json:"id"`
	DryRun bool   `json:"dry_run" required:"false"`
}

// Reconcile is a reconciliation as either side sees it. State is requested (made here, not delivered), pending (the
// other side's operator has to decide), approved, denied, running, done, failed, cancelled or expired.
type Reconcile struct {
	ID         string             `json:"id"`
	Initiator  string             `json:"initiator"`
	Other      string             `json:"other"`
	Here       string             `json:"here"` // initiator or other: this member's side
	Type       string             `json:"type"`
	Purpose    string             `json:"purpose"`
	Case       *string            `json:"case"`     // here at the initiator's alone
	HasCase    bool               `json:"has_case"` // a commitment to one stands in the offer
	Learn      string             `json:"learn"`
	Labels     bool               `json:"labels"` // whoever learns sees the other's labels, too
	Compact    bool               `json:"compact"`
	Items      uint64             `json:"items"` // the most that the initiator brings
	Own        *int64             `json:"own"`   // elements of this member's set; null before a pass began
	Theirs     *int64             `json:"theirs"`
	State      string             `json:"state"`
	Detail     *string            `json:"detail"`
	Passes     int                `json:"passes"` // that it takes
	PassesDone int                `json:"passes_done"`
	Progress   *ReconcileProgress `json:"progress"` // null while nothing is under way
	MatchCount int64              `json:"match_count"`
	Matches    []Match            `json:"matches"`  // the first 1,000; empty in a list
	Receipts   []ReconcileReceipt `json:"receipts"` // empty in a list
	Charge     *uint64            `json:"charge"`   // under DryRun: what a pass over that many elements is charged as
	CreatedAt  time.Time          `json:"created_at"`
	UpdatedAt  time.Time          `json:"updated_at"`
	ExpiresAt  time.Time          `json:"expires_at"`
	DryRun     bool               `json:"dry_run"`
}

// ReconcileProgress is how far the pass under way is, in messages of both sides. Total is 0 until it is known.
type ReconcileProgress struct {
	Pass  int    `json:"pass"`
	Done  uint64 `json:"done"`
	Total uint64 `json:"total"`
}

// ReconcileReceipt is what both members signed about a pass.
type ReconcileReceipt struct {
	Pass          int    `json:"pass"`
	Receiver      string `json:"receiver"` // who learnt
	Sender        string `json:"sender"`
	ReceiverItems uint64 `json:"receiver_items"`
	SenderItems   uint64 `json:"sender_items"`
	Charged       uint64 `json:"charged"`    // evaluations, to the receiver's budget at the sender
	Transcript    string `json:"transcript"` // hex
	Own           []byte `json:"own"`        // the receipt with this member's signature
	Theirs        []byte `json:"theirs"`
}

// ReconcilePage is a part of the list.
type ReconcilePage struct {
	Reconciles []Reconcile `json:"reconciles"`
	Next       string      `json:"next"`
}
