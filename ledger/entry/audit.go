package entry

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/crosslight/crosslight/ledger/draw"
)

// Limits of what audits enter.
const (
	MaxAuditRows  = 255               // of an AuditCommit, one a counterpart
	MaxAuditDays  = 366               // that one audit, or one legal hold, spans
	MaxAuditors   = 4                 // of one audit
	MaxDay        = MaxTime / 86_400  // the last day that an entry may speak of, since 1970-01-01
	maxLogBatch   = 4096              // elements in a request (specs/query.md)
	maxLogElement = uint64(maxNumber) // elements of a log
)

// DayLog is one day of questions from one member to another: how many requests and elements, and the
// root over the requests (specs/audit.md, "Log of a day"). Zeros stand for none.
type DayLog struct {
	Requests uint64   `cbor:"1,keyasint"`
	Elements uint64   `cbor:"2,keyasint"` // of all requests
	Root     [32]byte `cbor:"3,keyasint"`
}

// Empty says whether nothing was asked.
func (d DayLog) Empty() bool { return d == DayLog{} }

func (d DayLog) check() error {
	if d.Empty() {
		return nil
	}
	if d.Requests == 0 || d.Elements < d.Requests || d.Elements > maxLogElement || (d.Elements+maxLogBatch-1)/maxLogBatch > d.Requests {
		return fmt.Errorf("%w: %d elements in %d requests", ErrField, d.Elements, d.Requests)
	}
	return nil
}

// AuditRow is what a member and one counterpart asked one another on a day.
type AuditRow struct {
	Member   string `cbor:"1,keyasint"` // the counterpart
	Asked    DayLog `cbor:"2,keyasint"` // by the signer of the entry, of Member
	Answered DayLog `cbor:"3,keyasint"` // by the signer, for Member
}

// AuditCommit is what a member commits to of its two query logs for one day of ledger time. It also says
// that on the days since its last one it neither asked nor answered anything. Signed by the operator key.
type AuditCommit struct {
	Day  uint64     `cbor:"1,keyasint"` // days since 1970-01-01
	Rows []AuditRow `cbor:"2,keyasint"` // in ascending order of member, each once, none of them empty
}

// Kind is KindAuditCommit.
func (AuditCommit) Kind() Kind { return KindAuditCommit }

func (b AuditCommit) check() error {
	if err := checkDays(b.Day, b.Day); err != nil {
		return err
	}
	if b.Rows == nil || len(b.Rows) > MaxAuditRows {
		return fmt.Errorf("%w: %d rows, at most %d", ErrField, len(b.Rows), MaxAuditRows)
	}
	for i, r := range b.Rows {
		if err := errors.Join(checkMemberName(r.Member), r.Asked.check(), r.Answered.check()); err != nil {
			return err
		}
		if r.Asked.Empty() && r.Answered.Empty() {
			return fmt.Errorf("%w: a row without a question", ErrField)
		}
		if i > 0 && b.Rows[i-1].Member >= r.Member {
			return fmt.Errorf("%w: rows are not in ascending order of member", ErrField)
		}
	}
	return nil
}

// Row is what stands about a counterpart; zeros where nothing does.
func (b AuditCommit) Row(name string) AuditRow {
	for _, r := range b.Rows {
		if r.Member == name {
			return r
		}
	}
	return AuditRow{Member: name}
}

func checkDays(first, last uint64) error {
	switch {
	case first > last || last > MaxDay:
		return fmt.Errorf("%w: days %d to %d", ErrField, first, last)
	case last-first >= MaxAuditDays:
		return fmt.Errorf("%w: %d days, at most %d", ErrField, last-first+1, MaxAuditDays)
	}
	return nil
}

// Auditor is a member that checks openings, and the age X25519 recipient that they are encrypted to.
type Auditor struct {
	Member    string `cbor:"1,keyasint"`
	Recipient string `cbor:"2,keyasint"` // "age1…", 62 characters
}

// OpenAudit has some of the questions of one member to another opened to auditors. Ordinary threshold.
type OpenAudit struct {
	Querier   string    `cbor:"1,keyasint"`
	Holder    string    `cbor:"2,keyasint"`
	First     uint64    `cbor:"3,keyasint"` // day, since 1970-01-01
	Last      uint64    `cbor:"4,keyasint"` // day
	Positions uint64    `cbor:"5,keyasint"` // elements to open, 1 to 4,096; all of them where there are fewer
	Auditors  []Auditor `cbor:"6,keyasint"` // 1 to 4, in ascending order of member, each once
}

// ProposalKind is ProposeAudit.
func (OpenAudit) ProposalKind() ProposalKind { return ProposeAudit }

// Subject is who is audited.
func (p OpenAudit) Subject() string { return p.Querier }

var recipientPattern = regexp.MustCompile(`^age1[02-9ac-hj-np-z]{58}$`)

func (p OpenAudit) check() error {
	if err := errors.Join(checkMemberName(p.Querier), checkMemberName(p.Holder), checkDays(p.First, p.Last)); err != nil {
		return err
	}
	switch {
	case p.Querier == p.Holder:
		return fmt.Errorf("%w: no member asks itself", ErrField)
	case p.Positions == 0 || p.Positions > draw.MaxPositions:
		return fmt.Errorf("%w: %d positions, 1 to %d", ErrField, p.Positions, draw.MaxPositions)
	case len(p.Auditors) == 0 || len(p.Auditors) > MaxAuditors:
		return fmt.Errorf("%w: %d auditors, 1 to %d", ErrField, len(p.Auditors), MaxAuditors)
	}
	for i, a := range p.Auditors {
		switch {
		case checkMemberName(a.Member) != nil:
			return checkMemberName(a.Member)
		case i > 0 && p.Auditors[i-1].Member >= a.Member:
			return fmt.Errorf("%w: auditors are not in ascending order of member", ErrField)
		case !recipientPattern.MatchString(a.Recipient):
			return fmt.Errorf("%w: the recipient of %s is no age X25519 recipient", ErrField, a.Member)
		}
	}
	return nil
}

// AuditNonce commits a seat to a nonce that positions are drawn by. Signed by the seat key.
type AuditNonce struct {
	Audit      Hash     `cbor:"1,keyasint"` // the proposal that opened it
	Commitment [32]byte `cbor:"2,keyasint"` // draw.Commit
}

// Kind is KindAuditNonce.
func (AuditNonce) Kind() Kind { return KindAuditNonce }

func (AuditNonce) check() error { return nil }

// AuditReveal shows the nonce that a seat committed to. Signed by the seat key.
type AuditReveal struct {
	Audit Hash     `cbor:"1,keyasint"`
	Nonce [32]byte `cbor:"2,keyasint"`
}

// Kind is KindAuditReveal.
func (AuditReveal) Kind() Kind { return KindAuditReveal }

func (AuditReveal) check() error { return nil }

// Outcome is how an auditor found the openings of an audit.
type Outcome uint64

// The outcomes. All but True count as false.
const (
	OutcomeTrue        Outcome = 1 // every drawn question was opened, and every opening holds
	OutcomeFalse       Outcome = 2 // an opening does not hold
	OutcomeRefused     Outcome = 3 // openings are missing: refused, lost, or not there in time
	OutcomeUnjustified Outcome = 4 // all hold, and the auditor finds questions that the rules do not cover
)

var outcomeNames = [...]string{
	OutcomeTrue: "true", OutcomeFalse: "false", OutcomeRefused: "refused", OutcomeUnjustified: "unjustified",
}

// Known reports whether the outcome has a number in the specification.
func (o Outcome) Known() bool { return o >= OutcomeTrue && o <= OutcomeUnjustified }

func (o Outcome) String() string {
	if !o.Known() {
		return fmt.Sprintf("outcome %d", uint64(o))
	}
	return outcomeNames[o]
}

// ParseOutcome reads an outcome by its name. The error wraps [ErrField].
func ParseOutcome(name string) (Outcome, error) {
	for o := OutcomeTrue; o.Known(); o++ {
		if o.String() == name {
			return o, nil
		}
	}
	return 0, fmt.Errorf("%w: an outcome is true, false, refused or unjustified", ErrField)
}

// AuditVerdict is how one auditor found the openings, and nothing of what was opened. Signed by the seat
// key.
type AuditVerdict struct {
	Audit   Hash    `cbor:"1,keyasint"`
	Outcome Outcome `cbor:"2,keyasint"`
	Held    uint64  `cbor:"3,keyasint"` // openings that hold, 0 to 4,096
}

// Kind is KindAuditVerdict.
func (AuditVerdict) Kind() Kind { return KindAuditVerdict }

func (b AuditVerdict) check() error {
	if !b.Outcome.Known() || b.Held > draw.MaxPositions {
		return fmt.Errorf("%w: %s with %d openings", ErrField, b.Outcome, b.Held)
	}
	return nil
}

// LegalHold keeps a member from erasing what it asked on some days, or ends that. It acts when seats of
// two sectors have said the same. Signed by the seat key.
type LegalHold struct {
	Member  string `cbor:"1,keyasint"`
	First   uint64 `cbor:"2,keyasint"` // day, since 1970-01-01
	Last    uint64 `cbor:"3,keyasint"` // day
	Release bool   `cbor:"4,keyasint"`
}

// Kind is KindLegalHold.
func (LegalHold) Kind() Kind { return KindLegalHold }

func (b LegalHold) check() error {
	return errors.Join(checkMemberName(b.Member), checkDays(b.First, b.Last))
}

// NewAuditCommit signs a member's logs of a day. The key is the operator key.
func NewAuditCommit(s Signer, seq uint64, b AuditCommit) (Raw, error) {
	if b.Rows == nil {
		b.Rows = []AuditRow{}
	}
	return s.sign(seq, b)
}

// NewAuditNonce signs a commitment to a nonce. The key is the seat key.
func NewAuditNonce(s Signer, seq uint64, b AuditNonce) (Raw, error) { return s.sign(seq, b) }

// NewAuditReveal signs a nonce. The key is the seat key.
func NewAuditReveal(s Signer, seq uint64, b AuditReveal) (Raw, error) { return s.sign(seq, b) }

// NewAuditVerdict signs a verdict. The key is the seat key.
func NewAuditVerdict(s Signer, seq uint64, b AuditVerdict) (Raw, error) { return s.sign(seq, b) }

// NewLegalHold signs a call for a hold or for its release. The key is the seat key.
func NewLegalHold(s Signer, seq uint64, b LegalHold) (Raw, error) { return s.sign(seq, b) }
