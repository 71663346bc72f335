package hub

import (
	"context"
	"time"
)

// Mirrors is what a person can ask about the copies of encoded indexes: other members' here, and this
// member's elsewhere.
type Mirrors interface {
	// Mirrors lists the indexes of other members that are mirrored here.
	Mirrors(ctx context.Context, filter MirrorFilter) ([]Mirror, error)
	// UpdateMirrors pulls what is missing now.
	UpdateMirrors(ctx context.Context, filter MirrorFilter) ([]MirrorOutcome, error)
	// VerifyMirrors reads every byte of mirrored indexes and compares it with what their holders signed.
	// What this disk has damaged is removed, to be fetched again.
	VerifyMirrors(ctx context.Context, filter MirrorFilter) ([]MirrorOutcome, error)
	// Removals lists what was taken out of this member's index, newest first.
	Removals(ctx context.Context, page PageRequest) (RemovalPage, error)
	// Removal says which mirrors have acknowledged that something is gone.
	Removal(ctx context.Context, id int64) (Removal, error)
}

// MirrorFilter narrows to a holder, by its name, and a type. Empty means all.
type MirrorFilter struct {
	Holder string `json:"holder" required:"false"`
	Type   string `json:"type" required:"false"`
}

// Mirror is an index of another member that is in use here.
type Mirror struct {
	Holder    string          `json:"holder"`
	Type      string          `json:"type"`
	Epoch     uint64          `json:"epoch"`
	Version   uint64          `json:"version"`
	Manifest  string          `json:"manifest"` // its hash in hex
	Items     uint64          `json:"items"`    // in the base and the additions
	Withdrawn uint64          `json:"withdrawn"`
	Bytes     uint64          `json:"bytes"` // tags and labels, as the manifest has them
	Labels    bool            `json:"labels"`
	Anchored  *uint64         `json:"anchored"` // the version on the ledger; null before the first
	Segments  []MirrorSegment `json:"segments"` // in the order in which they apply
}

// MirrorSegment is a segment of a mirrored index.
type MirrorSegment struct {
	Kind  string `json:"kind"` // base, addition, withdrawal
	Name  string `json:"name"` // hex
	Items uint64 `json:"items"`
}

// MirrorOutcome says how it went with one index, or, where Type is empty, with a whole holder.
type MirrorOutcome struct {
	Holder string  `json:"holder"`
	Type   string  `json:"type"`
	Epoch  *uint64 `json:"epoch"`  // of an index that was verified
	Status string  `json:"status"` // "up-to-date", "failed", "whole", "damaged"
	Reason *string `json:"reason"`
}

// Removal is what was taken out of this member's index together.
type Removal struct {
	ID    int64         `json:"id"`
	Cause string        `json:"cause"` // withdrawn, expired
	At    time.Time     `json:"at"`
	Types []RemovedType `json:"types"`
	// Mirrors are the members that may have had it.
	Mirrors []RemovalMirror `json:"mirrors"`
	// Complete says that all of them have acknowledged.
	Complete bool `json:"complete"`
}

// RemovedType is the part of a removal that is of one type.
type RemovedType struct {
	Type    string  `json:"type"`
	Count   int64   `json:"count"`
	Version *uint64 `json:"version"` // of the manifest from which on it is gone; null while none is published
}

// RemovalMirror is one member's account of a removal.
type RemovalMirror struct {
	Member string     `json:"member"`
	Status string     `json:"status"` // "acknowledged", "waiting", "unreachable"
	At     *time.Time `json:"at"`     // of the acknowledgement
}

// RemovalPage is a page of removals.
type RemovalPage struct {
	Removals []Removal `json:"removals"`
	Next     string    `json:"next"`
}
