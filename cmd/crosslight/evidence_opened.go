package main

import (
	"fmt"

	ledgeraudit "github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/keys"
)

// opened judges false openings with an auditor's identity and an export, which says what was drawn.
func (a *app) opened(r evidence.Record, o againstFlags) (evidence.Finding, error) {
	if r.Kind != evidence.FalseOpening {
		return evidence.Finding{}, usage(fmt.Errorf("--identity is for evidence of the kind %s, and this is %s", evidence.FalseOpening, text(r.Kind)))
	}
	if o.ledger == "" {
		return evidence.Finding{}, usageText("--identity needs --ledger, an export of the ledger: what was drawn stands there")
	}
	auditor, err := keys.LoadAuditor(o.identity)
	if err != nil {
		return evidence.Finding{}, err
	}
	report, err := ledgeraudit.Verify(o.ledger, ledgeraudit.Options{})
	if err != nil {
		return evidence.Finding{}, fmt.Errorf("the export does NOT verify: %w", err)
	}
	return audit.CheckEvidence(report.State(), r, auditor)
}
