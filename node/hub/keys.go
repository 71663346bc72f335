package hub

// Keys are a member's public keys and epochs.
type Keys struct {
	Member string      `json:"member"`
	Keys   []KeyInfo   `json:"keys"`
	Epochs []EpochInfo `json:"epochs"`
}

// KeyInfo is a public key with its role. Status is in-force, waiting (a rotation that is not in force
// yet), retired, or unused (drawn for a rotation that never reached the ledger).
type KeyInfo struct {
	Role   string  `json:"role"`
	ID     string  `json:"id"`
	Public string  `json:"public"`
	Status string  `json:"status"`
	Here   bool    `json:"here"`  // the node can sign with it, now or after its next start
	From   *string `json:"from"`  // of waiting: ledger time, RFC 3339, at which it comes into force
	Index  *uint64 `json:"index"` // of retired: ledger index of the entry that retired it
}

// EpochInfo is an epoch that this member committed to on the ledger.
type EpochInfo struct {
	Epoch uint64 `json:"epoch"`
	Types int    `json:"types"`
	Index uint64 `json:"index"`
}

// RotateRequest asks for another key in a role. The operator key signs it, so it takes 24 hours; with
// the root key's signature, by a draft ([DraftRequest]), it acts at once.
type RotateRequest struct {
	Role   string `json:"role"`
	DryRun bool   `json:"dry_run" required:"false"`
	ByRoot bool   `json:"by_root" required:"false"` // with DryRun: as if the root key signed
}

// RevokeRequest stops the rotation to a key that is not in force yet. A key that stands is revoked by
// the root key, by a draft ([DraftRequest]).
type RevokeRequest struct {
	Key    string `json:"key"` // id in hex
	DryRun bool   `json:"dry_run" required:"false"`
	ByRoot bool   `json:"by_root" required:"false"` // with DryRun: as if the root key signed
}

// KeyChange is what was done to a key, or would be.
type KeyChange struct {
	Member  string   `json:"member"`
	Role    string   `json:"role"`
	Key     string   `json:"key"`     // id of the new key, or of the one that was revoked; empty under DryRun of a rotation
	Index   *uint64  `json:"index"`   // on the ledger; null under DryRun
	Effect  []string `json:"effect"`  // in words
	Restart bool     `json:"restart"` // the node uses the key from its next start on
	DryRun  bool     `json:"dry_run"`
}
