package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/protocol/wire"
)

// auditCheck is what an auditor's check came to. Digests are in it only where they were asked for.
type auditCheck struct {
	Audit    string       `json:"audit"`
	Querier  string       `json:"querier"`
	Holder   string       `json:"holder"`
	Drawn    int          `json:"drawn"`
	Held     uint64       `json:"held"`
	Outcome  string       `json:"outcome"` // that follows without looking at the questions: true or false
	Openings []openingRow `json:"openings"`
	Evidence *string      `json:"evidence"` // file, null where all hold
}

// openingRow is one position that was drawn.
type openingRow struct {
	Position uint64  `json:"position"`
	Holds    bool    `json:"holds"`
	Fault    *string `json:"fault"`
	Day      *string `json:"day"`
	Type     *string `json:"type"`
	Purpose  *string `json:"purpose"`
	Case     *string `json:"case"`   // null where the question is tied to none
	Digest   *string `json:"digest"` // hex, with --digests
}

type auditVerifyFlags struct {
	verifyFlags
	audit, answer, identity, evidence string
	digests                           bool
}

func (a *app) auditVerify() *cobra.Command {
	var o auditVerifyFlags
	c := a.verb(&cobra.Command{
		Use: "verify DIR", Short: "Check a querier's openings against an exported ledger, offline", Args: cobra.ExactArgs(1),
		Long: "Verifies the exported ledger in DIR as `ledger verify` does, draws the questions again, decrypts the\n" +
			"querier's answer and checks each opening: that its signed request is in the log that both members\n" +
			"committed to, at the position that was drawn, and that digest and blind make the element that was\n" +
			"sent. Needs no node. Where an opening is missing or does not hold it writes an evidence file and\n" +
			"exits 1. Whether the questions were justified is for the auditor to judge: type, purpose and case\n" +
			"reference are shown, digests with --digests. Then: `crosslight audit verdict`.",
		Example: "  crosslight audit verify ./ledger-export --audit 608a65b0 --answer answer.age --identity auditor.key --final",
	}, endless, func(_ context.Context, args []string) error { return a.verifyAudit(args[0], o) })
	f := c.Flags()
	f.StringVar(&o.audit, "audit", "", "the audit's id, or a unique prefix of it")
	f.StringVar(&o.answer, "answer", "", "the querier's answer, an age file")
	f.StringVar(&o.identity, "identity", "", "the auditor's identity, as `audit key` wrote it")
	f.StringVar(&o.evidence, "evidence", "evidence", "folder that takes an evidence file where something is false")
	f.BoolVar(&o.digests, "digests", false, "show the digests that were opened")
	f.StringVar(&o.id, "ledger-id", "", "the ledger that it must be, in hex")
	f.BoolVar(&o.final, "final", false, "refuse an export that a quorum of the voters has not cosigned")
	require(c, "audit", "answer", "identity")
	return c
}

func (a *app) verifyAudit(dir string, o auditVerifyFlags) error {
	ledger, err := audited(dir, o.verifyFlags)
	if err != nil {
		return err
	}
	s := ledger.State()
	id, err := auditByPrefix(s, o.audit)
	if err != nil {
		return err
	}
	file, identity, err := readAnswer(o.answer, o.identity)
	if err != nil {
		return err
	}
	plain, err := audit.Decrypt(file, identity)
	if err != nil {
		return err
	}
	report, err := audit.Verify(s, id, plain)
	if err != nil {
		return fmt.Errorf("the answer does not read: %w", err)
	}
	out := auditCheckOf(id, report, o.digests)
	if out.Held != uint64(out.Drawn) {
		path, err := keepAuditEvidence(o.evidence, s, report, file)
		if err != nil {
			return err
		}
		out.Evidence = &path
	}
	if err := a.print(out, func(t *table) { auditCheckTable(t, out) }); err != nil {
		return err
	}
	if out.Evidence != nil {
		return exitWith(exitError)
	}
	return nil
}

func auditByPrefix(s *state.State, prefix string) (id entry.Hash, err error) {
	var hits []entry.Hash
	for _, x := range s.Audits() {
		if strings.HasPrefix(x.ID.String(), strings.ToLower(prefix)) {
			hits = append(hits, x.ID)
		}
	}
	if len(hits) != 1 || len(prefix) < 4 {
		return id, fmt.Errorf("%d audits of this export start with %q: give the id as `crosslight audit list` has it", len(hits), prefix)
	}
	return hits[0], nil
}

func auditCheckOf(id entry.Hash, r audit.Report, digests bool) auditCheck {
	out := auditCheck{
		Audit: id.String(), Querier: r.Audit.Content.Querier, Holder: r.Audit.Content.Holder,
		Drawn: len(r.Findings), Held: r.Held, Outcome: r.Outcome().String(), Openings: []openingRow{},
	}
	for _, f := range r.Findings {
		row := openingRow{Position: f.Position, Holds: f.Err == nil}
		if f.Err != nil {
			fault := f.Err.Error()
			row.Fault = &fault
		} else {
			day := entry.Day(f.Opening.Day)
			row.Day, row.Type, row.Purpose = &day, &f.Header.Type, &f.Header.Purpose
			if f.Header.HasCase() {
				row.Case = &f.Opening.Case
			}
			if digests {
				hex := fmt.Sprintf("%x", f.Opening.Digest)
				row.Digest = &hex
			}
		}
		out.Openings = append(out.Openings, row)
	}
	return out
}

func auditCheckTable(t *table, c auditCheck) {
	t.line("audit    %s: questions of %s to %s", c.Audit, text(c.Querier), text(c.Holder))
	t.line("openings %d of %d hold", c.Held, c.Drawn)
	t.line("outcome  %s", c.Outcome)
	if c.Evidence != nil {
		t.line("evidence %s", *c.Evidence)
	}
	rows := [][]any{}
	for _, o := range c.Openings {
		rows = append(rows, []any{o.Position, o.Day, o.Type, o.Purpose, o.Case, o.Digest, o.Fault})
	}
	t.line("")
	t.rows([]string{"position", "day", "type", "purpose", "case", "digest", "fault"}, rows)
	t.line("")
	t.line("Then: crosslight audit verdict %s --outcome %s --held %d", c.Audit[:16], c.Outcome, c.Held)
}

// auditFaults is what an evidence file says of an answer, beside the answer itself, which the querier has
// signed and which stays encrypted: positions and faults, no digest.
type auditFaults struct {
	V      uint64       `cbor:"1,keyasint"`
	Audit  entry.Hash   `cbor:"2,keyasint"`
	Faults []auditFault `cbor:"3,keyasint"`
}

type auditFault struct {
	Position uint64 `cbor:"1,keyasint"`
	Fault    string `cbor:"2,keyasint"`
}

func keepAuditEvidence(dir string, s *state.State, r audit.Report, file []byte) (string, error) {
	faults := auditFaults{V: 1, Audit: r.Audit.ID, Faults: []auditFault{}}
	for _, f := range r.Findings {
		if f.Err != nil {
			faults.Faults = append(faults.Faults, auditFault{f.Position, f.Err.Error()})
		}
	}
	b, err := wire.Encode(faults)
	if err != nil {
		return "", err
	}
	m, _ := s.Member(r.Audit.Content.Querier)
	if m.PeerID == "" {
		return "", errors.New("the querier is no member any more: keep the answer as it is")
	}
	id := s.LedgerID()
	return evidence.Save(dir, evidence.Record{
		Kind: "false-opening", Accused: m.PeerID, Ledger: id[:], Key: m.Keys.Node[:], Request: b, Response: file,
	}, time.Now())
}
