package hub

import "context"

// Audits is a member's part in audits by opening, and the legal holds on what it keeps for them.
type Audits interface {
	// Audits lists all audits, newest first.
	Audits(ctx context.Context) ([]Audit, error)
	// Audit returns one audit by its id or a unique prefix of it.
	Audit(ctx context.Context, id string) (Audit, error)
	// AuditNonce commits this member's seat to a nonce of an audit; the node reveals it by itself.
	AuditNonce(ctx context.Context, req AuditNonceRequest) (Audit, error)
	// AuditAnswer opens what was drawn of this member's questions, encrypted to the auditors; with DryRun
	// it says what it would open.
	AuditAnswer(ctx context.Context, req AuditAnswerRequest) (AuditAnswer, error)
	// AuditReceived returns the answer that a querier has brought to this node, encrypted as it came.
	AuditReceived(ctx context.Context, id string) ([]byte, error)
	// AuditVerdict enters this member's verdict as an auditor; with DryRun it only looks.
	AuditVerdict(ctx context.Context, req AuditVerdictRequest) (Audit, error)
	// QueryLogs says how far members have committed to their query logs, and which do not agree.
	QueryLogs(ctx context.Context) (QueryLogs, error)
	// LegalHolds lists all legal holds, released ones too, newest first.
	LegalHolds(ctx context.Context) ([]LegalHold, error)
	// HoldLegally calls for a legal hold, or for its release; with DryRun it only looks.
	HoldLegally(ctx context.Context, req LegalHoldRequest) (LegalHold, error)
}

// AuditorNamed is a member that checks openings, and where they are encrypted to.
type AuditorNamed struct {
	Member    string `json:"member"`
	Recipient string `json:"recipient"` // age X25519 recipient, age1…
}

// AuditProposal is what an audit is to open. Days are RFC 3339 dates of ledger time.
type AuditProposal struct {
	Querier   string         `json:"querier"`
	Holder    string         `json:"holder"`
	First     string         `json:"first"`
	Last      string         `json:"last"`
	Positions uint64         `json:"positions"`
	Auditors  []AuditorNamed `json:"auditors"`
}

// AuditNonceSeen is a seat's nonce as the ledger shows it.
type AuditNonceSeen struct {
	Member   string  `json:"member"`
	Revealed bool    `json:"revealed"`
	Nonce    *string `json:"nonce"` // hex, null until it is revealed
}

// AuditVerdictGiven is one auditor's verdict.
type AuditVerdictGiven struct {
	Member  string `json:"member"`
	Outcome string `json:"outcome"` // true, false, refused or unjustified
	Held    uint64 `json:"held"`
	Index   uint64 `json:"index"` // ledger entry
}

// Audit is how an audit stands. Phase is nonces, reveals, drawn, closed or lapsed.
type Audit struct {
	ID string `json:"id"`
	AuditProposal
	Phase     string              `json:"phase"`
	Index     uint64              `json:"index"` // ledger entry that opened it
	Elements  uint64              `json:"elements"`
	Drawn     uint64              `json:"drawn"`     // positions that are opened
	OnePer100 float64             `json:"finds_1pc"` // chance that this finds one bad question in a hundred
	Nonces    []AuditNonceSeen    `json:"nonces"`
	Withheld  []string            `json:"withheld"` // members that withheld a nonce
	RevealBy  *string             `json:"reveal_by"`
	AnswerBy  *string             `json:"answer_by"`
	Places    []uint64            `json:"places"` // the positions drawn, ascending; empty before
	Verdicts  []AuditVerdictGiven `json:"verdicts"`
	Differ    []LogsDiffer        `json:"differ"`   // days of which the two logs do not agree, so nothing is drawn
	Received  bool                `json:"received"` // this node holds the querier's answer
	DryRun    bool                `json:"dry_run"`
}

// AuditNonceRequest names an audit.
type AuditNonceRequest struct {
	Audit  string `json:"audit"`
	DryRun bool   `json:"dry_run" required:"false"`
}

// AuditAnswerRequest asks for this member's answer. Deliver also brings it to the auditors' nodes.
type AuditAnswerRequest struct {
	Audit   string `json:"audit"`
	Refuse  bool   `json:"refuse" required:"false"`
	Deliver bool   `json:"deliver" required:"false"`
	DryRun  bool   `json:"dry_run" required:"false"`
}

// AuditDelivery says whether an answer reached an auditor's node.
type AuditDelivery struct {
	Auditor string  `json:"auditor"`
	Failure *string `json:"failure"` // null where it did
}

// AuditAnswer is what this member opens, or would open, of an audit.
type AuditAnswer struct {
	Audit     string          `json:"audit"`
	Drawn     int             `json:"drawn"`
	Opened    int             `json:"opened"`
	Lost      []string        `json:"lost"` // why others cannot be opened
	Delivered []AuditDelivery `json:"delivered"`
	File      []byte          `json:"file"` // age file, base64; empty in a dry run
	DryRun    bool            `json:"dry_run"`
}

// AuditVerdictRequest is an auditor's verdict: true, false, refused or unjustified, and how many openings
// hold.
type AuditVerdictRequest struct {
	Audit   string `json:"audit"`
	Outcome string `json:"outcome"`
	Held    uint64 `json:"held" required:"false"`
	DryRun  bool   `json:"dry_run" required:"false"`
}

// LogsDiffer is a day of which a querier's log and its holder's do not agree.
type LogsDiffer struct {
	Day      string `json:"day"`
	Querier  string `json:"querier"`
	Holder   string `json:"holder"`
	Asked    uint64 `json:"asked"`    // elements, as the querier has it
	Answered uint64 `json:"answered"` // elements, as the holder has it
}

// LogsCommitted is how far a member has committed to its query logs.
type LogsCommitted struct {
	Member string  `json:"member"`
	Last   *string `json:"last"` // day, null before the first
}

// QueryLogs is what stands on the ledger about the members' query logs.
type QueryLogs struct {
	Today     string          `json:"today"` // of ledger time
	Due       *string         `json:"due"`   // the newest day that is to be committed to
	Committed []LogsCommitted `json:"committed"`
	Differ    []LogsDiffer    `json:"differ"`
}

// LegalHold keeps a member from erasing what it asked on some days.
type LegalHold struct {
	Member     string   `json:"member"`
	First      string   `json:"first"`
	Last       string   `json:"last"`
	InForce    bool     `json:"in_force"`
	CalledBy   []string `json:"called_by"`
	ReleasedBy []string `json:"released_by"`
	DryRun     bool     `json:"dry_run"`
}

// LegalHoldRequest calls for a hold on what a member asked on some days, or for its release.
type LegalHoldRequest struct {
	Member  string `json:"member"`
	First   string `json:"first"`
	Last    string `json:"last"`
	Release bool   `json:"release" required:"false"`
	DryRun  bool   `json:"dry_run" required:"false"`
}
