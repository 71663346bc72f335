package audit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Check is what an auditor's check came to. Digests are in it only where they were asked for.
type Check struct {
	Audit    string   `json:"audit"`
	Querier  string   `json:"querier"`
	Holder   string   `json:"holder"`
	Drawn    int      `json:"drawn"`
	Held     uint64   `json:"held"`
	Outcome  string   `json:"outcome"` // that follows without looking at the questions: true or false
	Openings []Opened `json:"openings"`
	Evidence *string  `json:"evidence"` // file, null where all hold
}

// Opened is one position that was drawn.
type Opened struct {
	Position uint64  `json:"position"`
	Holds    bool    `json:"holds"`
	Fault    *string `json:"fault"`
	Day      *string `json:"day"`
	Type     *string `json:"type"`
	Purpose  *string `json:"purpose"`
	Case     *string `json:"case"`   // null where the question is tied to none
	Digest   *string `json:"digest"` // hex, with --digests
}

// CheckOptions say what CheckAnswer shows, and where it keeps what is false.
type CheckOptions struct {
	Evidence string // folder
	Digests  bool   // show those that were opened
	Now      time.Time
}

// CheckAnswer decrypts an answer and verifies it as [Verify] does, for a person: against the ledger of an
// export, and the audit whose id starts with a prefix of at least four digits. Where an opening is missing
// or does not hold it keeps an evidence file.
func CheckAnswer(s *state.State, prefix string, file []byte, auditor keys.Auditor, o CheckOptions) (Check, error) {
	id, err := auditByPrefix(s, prefix)
	if err != nil {
		return Check{}, err
	}
	plain, err := auditor.Open(file, session.MaxAuditAnswer)
	if err != nil {
		return Check{}, err
	}
	report, err := Verify(s, id, plain)
	if err != nil {
		return Check{}, fmt.Errorf("the answer does not read: %w", err)
	}
	out := checkOf(id, report, o.Digests)
	if out.Held != uint64(out.Drawn) {
		path, err := keepAuditEvidence(o.Evidence, s, report, file, o.Now)
		if err != nil {
			return Check{}, err
		}
		out.Evidence = &path
	}
	return out, nil
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

func checkOf(id entry.Hash, r Report, digests bool) Check {
	out := Check{
		Audit: id.String(), Querier: r.Audit.Content.Querier, Holder: r.Audit.Content.Holder,
		Drawn: len(r.Findings), Held: r.Held, Outcome: r.Outcome().String(), Openings: []Opened{},
	}
	for _, f := range r.Findings {
		row := Opened{Position: f.Position, Holds: f.Err == nil}
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

// keepAuditEvidence keeps the answer, which the querier has signed and which stays sealed to the auditors,
// and beside it positions and faults, no digest.
func keepAuditEvidence(dir string, s *state.State, r Report, file []byte, now time.Time) (string, error) {
	faults := evidence.Openings{V: 1, Audit: r.Audit.ID, Faults: []evidence.OpeningsFault{}}
	for _, f := range r.Findings {
		if f.Err != nil {
			faults.Faults = append(faults.Faults, evidence.OpeningsFault{Position: f.Position, Fault: f.Err.Error()})
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
		Kind: evidence.FalseOpening, Accused: m.PeerID, Ledger: id[:], Key: m.Keys.Node[:], Request: b, Response: file,
	}, now)
}
