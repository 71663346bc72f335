package hub

import (
	"context"
	"time"
)

// Transparencies is what a member may publish about itself.
type Transparencies interface {
	// Transparency counts what this member did from From on and before To, with small counts hidden.
	Transparency(ctx context.Context, req TransparencyRequest) (TransparencyReport, error)
}

// TransparencyRequest names a period: from the beginning of From until before the beginning of To, days
// in UTC.
type TransparencyRequest struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// TransparencyReport is what a member did in a period. Count is null and Shown "<10" where a count is
// below Threshold or would help to compute one that is.
type TransparencyReport struct {
	Member    string    `json:"member"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Threshold int       `json:"threshold"`
	LedgerID  string    `json:"ledger_id"`
	Size      uint64    `json:"ledger_size"` // that the report goes by
	Root      string    `json:"ledger_root"`
	Whole     bool      `json:"whole_months"` // the period is of whole calendar months

	Figures []TransparencyFigure `json:"figures"`
	Totals  []TransparencyFigure `json:"totals"`  // over sectors, over purposes, over both
	Ledger  []TransparencyFigure `json:"ledger"`  // of the whole consortium; audits by the sector of who is audited, too
	Entries []TransparencyEntry  `json:"entries"` // that figures name
	Warning *string              `json:"warning"`
}

// TransparencyFigure is one figure. Sector is that of the other member; of a total, Sector or Purpose or
// both are null. Entries are the indexes of the ledger entries that prove it; none where it is hidden,
// for their number would tell.
type TransparencyFigure struct {
	Kind    string   `json:"kind"`
	Sector  *string  `json:"sector"`
	Purpose *string  `json:"purpose"`
	Count   *int64   `json:"count"`
	Shown   string   `json:"shown"`
	Entries []uint64 `json:"entries"`
}

// TransparencyEntry is a ledger entry that proves a figure; `ledger prove` proves the entry.
type TransparencyEntry struct {
	Index uint64 `json:"index"`
	Kind  string `json:"kind"`
	Hash  string `json:"hash"` // RFC 6962 leaf hash
}
