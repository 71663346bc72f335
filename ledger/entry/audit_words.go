package entry

import (
	"fmt"
	"time"
)

// Day writes a day since 1970-01-01 as RFC 3339 has dates, in UTC. Days beyond MaxDay are written as it.
func Day(day uint64) string {
	return time.Unix(int64(min(day, MaxDay))*86_400, 0).UTC().Format(time.DateOnly)
}

// ParseDay reads what Day writes. The error wraps [ErrField].
func ParseDay(text string) (uint64, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Unix() < 0 {
		return 0, fmt.Errorf("%w: a day is written as 2026-01-31", ErrField)
	}
	return uint64(t.Unix()) / 86_400, nil
}

func auditSummary(body Body) string {
	switch b := body.(type) {
	case AuditCommit:
		var asked, answered uint64
		for _, r := range b.Rows {
			asked, answered = asked+r.Asked.Elements, answered+r.Answered.Elements
		}
		return fmt.Sprintf("logs of %s: %d elements asked, %d answered, %d members", Day(b.Day), asked, answered, len(b.Rows))
	case AuditNonce:
		return "a nonce committed to for the audit " + b.Audit.String()
	case AuditReveal:
		return "the nonce revealed for the audit " + b.Audit.String()
	case AuditVerdict:
		return fmt.Sprintf("%s: %d openings hold in the audit %s", b.Outcome, b.Held, b.Audit)
	case LegalHold:
		what := "call for a legal hold on"
		if b.Release {
			what = "call for the release of the legal hold on"
		}
		return fmt.Sprintf("%s what %s asked from %s to %s", what, b.Member, Day(b.First), Day(b.Last))
	}
	return body.Kind().String()
}
