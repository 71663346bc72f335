package audit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// TestEvidenceIsForAuditors: what an auditor keeps of an answer that does not hold proves it to whoever has an
// identity of the audit and an export, whatever stands beside the answer; to others it says what it takes.
func TestEvidenceIsForAuditors(t *testing.T) {
	b, auditor := withLog(t)
	id := b.drawn(auditor, 100)
	honest, _ := b.answer(id, auditor)
	if err := b.cfg.Ring.EraseDay(keys.Day{Day: day0, Until: day0 + 30 + Slack}); err != nil {
		t.Fatal(err)
	}
	lost, _ := b.answer(id, auditor)
	check, err := CheckAnswer(b.l.S, id.String(), lost.File, auditor, CheckOptions{Evidence: t.TempDir(), Now: time.Unix(1, 0)})
	if err != nil || check.Evidence == nil {
		t.Fatalf("%+v, %v", check, err)
	}
	kept, err := evidence.Read(*check.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := kept.Examine(); err != nil || f.Proved || !strings.Contains(strings.Join(f.Words, " "), "--identity") {
		t.Errorf("without an identity: %+v, %v", f, err)
	}
	f, err := CheckEvidence(b.l.S, kept, auditor)
	if err != nil || !f.Proved || !strings.Contains(f.Words[0], ledgertest.Bank.Name) {
		t.Errorf("%+v, %v", f, err)
	}
	stranger, err := keys.NewAuditor()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CheckEvidence(b.l.S, kept, stranger); !errors.Is(err, keys.ErrNotForUs) {
		t.Errorf("by a stranger: %v", err)
	}
	for name, change := range map[string]func(*evidence.Record){
		"an answer that holds": func(r *evidence.Record) { r.Response = honest.File },
		"another ledger":       func(r *evidence.Record) { r.Ledger = make([]byte, 32) },
		"the holder accused": func(r *evidence.Record) {
			key := ledgertest.Platform.Keys().Node
			r.Key, r.Accused = key[:], key.PeerID()
		},
		"a key of another role": func(r *evidence.Record) {
			key := member.PublicOf(ledgertest.Bank.Private(member.Seat))
			r.Key, r.Accused = key[:], key.PeerID()
		},
		"a key of another": func(r *evidence.Record) { r.Accused = ledgertest.Platform.Keys().Node.PeerID() },
		"no fault":         func(r *evidence.Record) { r.Request, _ = wire.Encode(evidence.Openings{V: 1, Audit: id}) },
	} {
		forged := kept
		change(&forged)
		if f, err := CheckEvidence(b.l.S, forged, auditor); !errors.Is(err, evidence.ErrNothing) || f.Proved {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
