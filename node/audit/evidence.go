package audit

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// CheckEvidence judges a record of the kind [evidence.FalseOpening] against the ledger of an export, for one
// of the audit's auditors, without whose identity nobody can: it decrypts the answer and verifies it as
// [Verify] does. What the record says beside the answer counts for nothing. Errors are
// [evidence.ErrNothing], where all openings hold or the answer is not the accused's, and those of decrypting.
func CheckEvidence(s *state.State, r evidence.Record, auditor keys.Auditor) (evidence.Finding, error) {
	said, err := r.Openings()
	if err != nil {
		return evidence.Finding{}, err
	}
	if id := s.LedgerID(); string(r.Ledger) != string(id[:]) {
		return evidence.Finding{}, fmt.Errorf("%w: it is about another ledger", evidence.ErrNothing)
	}
	plain, err := auditor.Open(r.Response, session.MaxAuditAnswer)
	if err != nil {
		return evidence.Finding{}, err
	}
	report, err := Verify(s, said.Audit, plain)
	if err != nil {
		return evidence.Finding{}, fmt.Errorf("%w: %w", evidence.ErrNothing, err)
	}
	querier := report.Audit.Content.Querier
	if _, owner, role, _, ok := s.KeyByID(member.PublicKey(r.Key).ID()); !ok || owner != querier || role != member.Node {
		return evidence.Finding{}, fmt.Errorf("%w: the accused is not %s, whose questions were drawn", evidence.ErrNothing, querier)
	}
	missing := len(report.Findings) - int(report.Held)
	if missing == 0 {
		return evidence.Finding{}, fmt.Errorf("%w: all %d openings hold", evidence.ErrNothing, len(report.Findings))
	}
	words := []string{
		fmt.Sprintf("%s signed an answer to audit %s in which %d of %d openings do not hold:", querier, said.Audit, missing, len(report.Findings)),
	}
	for _, f := range report.Findings {
		if f.Err != nil {
			words = append(words, fmt.Sprintf("  position %d: %v", f.Position, f.Err))
		}
	}
	return evidence.Finding{Proved: true, Words: append(words,
		"It convinces each of the audit's auditors, with an identity of its own, and nobody else.")}, nil
}
