package hub

import (
	"context"
	"time"
)

// Alerts are what watches found.
type Alerts interface {
	// Alerts lists alerts, newest first.
	Alerts(ctx context.Context, filter AlertFilter) (AlertPage, error)
	// Alert returns one alert by its id.
	Alert(ctx context.Context, id string) (Alert, error)
	// FollowAlerts calls each with every alert that is raised after the one called after, in order, until
	// ctx ends or each fails. The empty id is the newest there is, "0" is before all. Nothing is left out,
	// whatever connections break in between.
	FollowAlerts(ctx context.Context, after string, each func(Alert) error) error
	// AckAlerts acknowledges alerts; with DryRun it only counts.
	AckAlerts(ctx context.Context, req AckRequest) (AckReport, error)
	// Quarantines lists floods of hits that wait for an operator, newest first; with All also those that
	// were settled.
	Quarantines(ctx context.Context, all bool) ([]Quarantine, error)
	// SettleQuarantine releases a flood as alerts, or drops it for good; with DryRun it only looks.
	SettleQuarantine(ctx context.Context, req SettleRequest) (Quarantine, error)
}

// Alert is one indicator of a watch that a holder has, raised once.
type Alert struct {
	ID              string     `json:"id"` // grows in the order in which alerts are raised
	Watch           string     `json:"watch"`
	WatchName       string     `json:"watch_name"`
	Match           string     `json:"match"` // the id of the match
	Type            string     `json:"type"`
	Reference       *string    `json:"reference"` // this member's own
	Holder          string     `json:"holder"`
	Category        *string    `json:"category"`
	Severity        *int       `json:"severity"`
	Confidence      *string    `json:"confidence"`
	HolderReference *string    `json:"holder_reference"`
	Contact         *string    `json:"contact"`
	FirstSeen       *string    `json:"first_seen"`
	RaisedAt        time.Time  `json:"raised_at"`
	AckedAt         *time.Time `json:"acked_at"`
	LeftOut         int64      `json:"left_out"` // more holders of the same value, above the cap: matches without an alert
}

// AlertFilter narrows a list of alerts.
type AlertFilter struct {
	PageRequest
	Watch  string `json:"watch"`
	Holder string `json:"holder"`
	Type   string `json:"type"`
	Open   bool   `json:"open"` // only what nobody has acknowledged
}

// AlertPage is a page of alerts; Next is empty on the last.
type AlertPage struct {
	Alerts []Alert `json:"alerts"`
	Next   string  `json:"next"`
}

// AckRequest names alerts by id, and all of a watch up to the one called Through, which may be empty for
// all there are.
type AckRequest struct {
	IDs     []string `json:"ids" required:"false"`
	Watch   string   `json:"watch" required:"false"`
	Through string   `json:"through" required:"false"`
	DryRun  bool     `json:"dry_run" required:"false"`
}

// AckReport says what was acknowledged.
type AckReport struct {
	Acked   int64 `json:"acked"`
	Unknown int64 `json:"unknown"` // ids that no alert has
	DryRun  bool  `json:"dry_run"`
}

// Quarantine is a flood of hits of one watch at one holder. State is waiting, releasing, released or
// dropped.
type Quarantine struct {
	ID        string     `json:"id"`
	Watch     string     `json:"watch"`
	WatchName string     `json:"watch_name"`
	Holder    string     `json:"holder"`
	At        time.Time  `json:"at"`
	LastAt    time.Time  `json:"last_at"`
	Hits      int64      `json:"hits"` // that it holds
	State     string     `json:"state"`
	SettledAt *time.Time `json:"settled_at"`
}

// SettleRequest says what becomes of a quarantine. Act is release or drop.
type SettleRequest struct {
	ID     string `json:"id"`
	Act    string `json:"act" enum:"release,drop"`
	DryRun bool   `json:"dry_run" required:"false"`
}
