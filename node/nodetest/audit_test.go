package nodetest

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/offline"
	"github.com/crosslight/crosslight/protocol/session"
)

// eveningClock is every node's clock in one: it begins shortly before midnight and can be put forward.
type eveningClock struct {
	begin time.Time
	start time.Time
	ahead atomic.Int64
}

func newEvening() *eveningClock {
	return &eveningClock{begin: time.Now(), start: time.Now().UTC().Truncate(24 * time.Hour).Add(24*time.Hour - 10*time.Minute)}
}

func (c *eveningClock) now() time.Time {
	return c.start.Add(time.Since(c.begin) + time.Duration(c.ahead.Load()))
}

func (c *eveningClock) day() string { return c.start.Format(time.DateOnly) }

// TestAuditByOpening: a bank asks a platform, both commit to the day's logs, two seats draw, the bank opens
// to an auditor, who checks without the bank; and a refusal counts as false.
func TestAuditByOpening(t *testing.T) {
	t.Parallel()
	clock := newEvening()
	var automatic atomic.Bool
	c := New(t, quartet(), Options{Now: clock.now, Config: func(_ string, cfg *node.Config) { cfg.AnswerAudits = automatic.Load() }})
	importCSV(t, c, "platform", "email,offender@example.com,livestreamed-abuse,4,P-7,2026-01-02,\n")
	for i := range 3 {
		ask(t, c, "bank", hub.Value{Type: "email", Raw: fmt.Sprintf("a%d@example.com", i)}, hub.Value{Type: "email", Raw: fmt.Sprintf("b%d@example.com", i)})
	}
	clock.ahead.Store(int64(3 * time.Hour))
	committed(t, c, clock.day(), "bank", "platform", "police", "hotline")
	logs, err := c.Hub("police").QueryLogs(t.Context())
	c.must(err)
	if len(logs.Differ) > 0 {
		t.Fatalf("logs differ: %+v", logs.Differ)
	}
	identity, err := keys.NewAuditor()
	c.must(err)

	a := drawn(t, c, clock.day(), identity.Recipient())
	if a.Elements != 6 || a.Drawn != 4 || len(a.Places) != 4 {
		t.Fatalf("%+v", a)
	}
	answer, err := c.Hub("bank").AuditAnswer(t.Context(), hub.AuditAnswerRequest{Audit: a.ID, Deliver: true})
	c.must(err)
	if answer.Opened != 4 || len(answer.Delivered) != 1 || answer.Delivered[0].Failure != nil {
		t.Fatalf("%+v", answer)
	}
	report := checked(t, c, a.ID, identity)
	for _, f := range report.Findings {
		if f.Err != nil || f.Header.Type != "email" || f.Opening.Case != "case-1" {
			t.Errorf("position %d: %v", f.Position, f.Err)
		}
	}
	if report.Outcome() != entry.OutcomeTrue {
		t.Fatalf("%s", report.Outcome())
	}
	judged, err := c.Hub("police").AuditVerdict(t.Context(), hub.AuditVerdictRequest{Audit: a.ID, Outcome: "true", Held: report.Held})
	c.must(err)
	if judged.Phase != string(state.AuditClosed) {
		t.Errorf("%+v", judged)
	}

	b := drawn(t, c, clock.day(), identity.Recipient())
	_, err = c.Hub("bank").AuditAnswer(t.Context(), hub.AuditAnswerRequest{Audit: b.ID, Deliver: true, Refuse: true})
	c.must(err)
	if report := checked(t, c, b.ID, identity); report.Outcome() != entry.OutcomeFalse || report.Held != 0 {
		t.Errorf("refused: %s with %d", report.Outcome(), report.Held)
	}

	c.Stop("bank") // and comes back as a node that answers by itself
	automatic.Store(true)
	c.Start("bank")
	c.Ready()
	d := drawnFromAfar(t, c, clock.day(), identity.Recipient())
	c.Until("the answer has come by itself", func() bool {
		a, err := c.Hub("police").Audit(t.Context(), d.ID)
		return err == nil && a.Received
	})
	if report := checked(t, c, d.ID, identity); report.Outcome() != entry.OutcomeTrue {
		t.Errorf("automatic: %s with %d", report.Outcome(), report.Held)
	}
}

// committed waits until members have committed to a day.
func committed(t *testing.T, c *Consortium, day string, members ...string) {
	t.Helper()
	c.Until("the logs of the day are committed to", func() bool {
		logs, err := c.Hub("police").QueryLogs(t.Context())
		if err != nil {
			return false
		}
		n := 0
		for _, m := range logs.Committed {
			if m.Last != nil && *m.Last >= day {
				n++
			}
		}
		return n == len(members)
	})
}

// drawn has the board open an audit of what the bank asked the platform, and two seats draw.
func drawn(t *testing.T, c *Consortium, day, recipient string) hub.Audit {
	t.Helper()
	p := opened(t, c, day, recipient)
	for _, name := range []string{"police", "hotline"} {
		_, err := c.Hub(name).AuditNonce(t.Context(), hub.AuditNonceRequest{Audit: p.ID})
		c.must(err)
	}
	return inPhase(t, c, p.ID, state.AuditDrawn)
}

// opened has the board open an audit of what the bank asked the platform; police and hotline see it.
func opened(t *testing.T, c *Consortium, day, recipient string) hub.Proposal {
	t.Helper()
	p := propose(t, c, "police", hub.ProposeRequest{Kind: "audit", Audit: &hub.AuditProposal{
		Querier: "bank", Holder: "platform", First: day, Last: day, Positions: 4,
		Auditors: []hub.AuditorNamed{{Member: "police", Recipient: recipient}},
	}})
	for _, name := range []string{"police", "hotline", "platform"} {
		vote(t, c, name, p.ID, "yes")
	}
	for _, name := range []string{"police", "hotline"} {
		c.Until(name+" sees the audit", func() bool { _, err := c.Hub(name).Audit(t.Context(), p.ID); return err == nil })
	}
	return p
}

// inPhase waits until police and bank see an audit in a phase.
func inPhase(t *testing.T, c *Consortium, id string, phase state.AuditPhase) (a hub.Audit) {
	t.Helper()
	for _, name := range []string{"police", "bank"} {
		c.Until("the audit is "+string(phase)+" at "+name, func() bool {
			var err error
			a, err = c.Hub(name).Audit(t.Context(), id)
			return err == nil && a.Phase == string(phase)
		})
	}
	return a
}

// drawnFromAfar is drawn, by a hotline whose seat key is in a file on another machine: its node writes
// drafts, and the police's takes what was signed.
func drawnFromAfar(t *testing.T, c *Consortium, day, recipient string) hub.Audit {
	t.Helper()
	p := opened(t, c, day, recipient)
	c.Stop("hotline")
	file := filepath.Join(t.TempDir(), "seat.age")
	c.must(keys.DetachSeat(home.Home(c.Home("hotline")).Keys(), file, passphrase, 4))
	seat, err := keys.OpenSeat(file, passphrase)
	c.must(err)
	c.Start("hotline")
	c.Ready()
	_, err = c.Hub("hotline").AuditNonce(t.Context(), hub.AuditNonceRequest{Audit: p.ID})
	if !errors.Is(err, keys.ErrDetached) {
		t.Errorf("a seat without a key: %v", err)
	}
	bring := func(req hub.DraftRequest) error {
		raw, err := c.Hub("hotline").Draft(t.Context(), req)
		if err != nil {
			return err
		}
		draft, err := offline.Parse(raw)
		c.must(err)
		signed, err := draft.Sign(seat, "")
		c.must(err)
		raw, err = signed.Bytes()
		c.must(err)
		_, err = c.Hub("police").SubmitSigned(t.Context(), hub.SubmitRequest{File: raw})
		return err
	}
	c.must(bring(hub.DraftRequest{Act: "nonce", Audit: p.ID}))
	if err := bring(hub.DraftRequest{Act: "reveal", Audit: p.ID}); !errors.Is(err, audit.ErrNoReveal) {
		t.Errorf("a reveal before the other seat has committed: %v", err)
	}
	if _, err := c.Hub("police").Draft(t.Context(), hub.DraftRequest{Act: "reveal", Audit: p.ID, Seat: "hotline"}); !errors.Is(err, hub.ErrInvalid) {
		t.Errorf("another member's node drafts a reveal: %v", err)
	}
	_, err = c.Hub("police").AuditNonce(t.Context(), hub.AuditNonceRequest{Audit: p.ID})
	c.must(err)
	c.Until("the hotline's reveal is due", func() bool {
		err := bring(hub.DraftRequest{Act: "reveal", Audit: p.ID})
		if err != nil && !errors.Is(err, audit.ErrNoReveal) {
			t.Fatal(err)
		}
		return err == nil
	})
	return inPhase(t, c, p.ID, state.AuditDrawn)
}

// checked is the police's check of the answer that has arrived at its node.
func checked(t *testing.T, c *Consortium, id string, identity keys.Auditor) audit.Report {
	t.Helper()
	file, err := c.Hub("police").AuditReceived(t.Context(), id)
	c.must(err)
	plain, err := identity.Open(file, session.MaxAuditAnswer)
	c.must(err)
	hash, err := entry.ParseHash(id)
	c.must(err)
	var report audit.Report
	c.Node("police").Ledger().View(func(s *state.State) { report, err = audit.Verify(s, hash, plain) })
	c.must(err)
	return report
}
