package hub

// DraftRequest asks for a draft that a seat signs on a machine without a node. Act says what is to be
// signed: vote and withdraw (of Proposal), propose (Propose), suspend (Suspend), nonce and reveal (of the
// audit Audit), verdict (Verdict) or hold (Hold). This member's root key signs what concerns its keys:
// rotate (the key of Role) or revoke (Key).
type DraftRequest struct {
	Act      string          `json:"act"`
	Proposal string          `json:"proposal" required:"false"` // id or a unique prefix of it
	Propose  *ProposeRequest `json:"propose,omitempty"`
	Suspend  *SuspendRequest `json:"suspend,omitempty"`
	// Audit is the id of an audit, or a unique prefix of it.
	Audit   string               `json:"audit" required:"false"`
	Verdict *AuditVerdictRequest `json:"verdict,omitempty"`
	Hold    *LegalHoldRequest    `json:"hold,omitempty"`
	Role    string               `json:"role" required:"false"`
	Key     string               `json:"key" required:"false"` // revoke: the key's id in hex
	Root    []byte               `json:"root,omitempty"`       // rotate root: the new root key, 32 bytes
	// Seat is the member whose seat is to sign; empty for the node's own.
	Seat string `json:"seat" required:"false"`
	// Ahead is how many other drafts of this seat will be submitted first.
	Ahead uint64 `json:"ahead" required:"false"`
}

// SubmitRequest brings a draft that has been signed to the ledger.
type SubmitRequest struct {
	File   []byte `json:"file"`
	DryRun bool   `json:"dry_run" required:"false"`
}

// Submitted is a signed draft that stands on the ledger, or would.
type Submitted struct {
	Member   string    `json:"member"` // who signed
	Kind     string    `json:"kind"`
	Seq      uint64    `json:"seq"`
	Hash     string    `json:"hash"`
	Index    *uint64   `json:"index"`    // on the ledger; null under DryRun
	Words    []string  `json:"words"`    // what the signature does
	Proposal *Proposal `json:"proposal"` // that it is about, as it stands afterwards; null where it is about none
	DryRun   bool      `json:"dry_run"`
}
