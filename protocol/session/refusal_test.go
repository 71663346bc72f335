package session

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestRefusals: every code arrives with what belongs to it, and the exchange goes on.
func TestRefusals(t *testing.T) {
	reset := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	for code := range codes {
		if code == NotFound {
			continue // of mirrors
		}
		a, h := newAsker(t, 2), newAnswerer(t, 1)
		q := question(t, h, ask(t, a, 2))
		left := uint64(3)
		with := &Refusal{Code: code, Rule: "rule-1", RetryAfter: 1500 * time.Millisecond, ResetsAt: reset, BudgetLeft: &left}
		msg, err := h.Refuse(q, 12, with)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := a.Receive(msg)
		var got *Refusal
		if !errors.As(err, &got) {
			t.Fatalf("%s: %v", code, err)
		}
		if *got != (Refusal{Code: code, Rule: "rule-1", RetryAfter: 2 * time.Second, ResetsAt: reset}) || answer.Receipt.Size != 12 || *answer.Receipt.BudgetLeft != 3 || CodeOf(err) != code {
			t.Errorf("%s: arrived as %+v", code, got)
		}
		if text := got.Error(); !strings.HasPrefix(text, string(code)+": ") || !strings.Contains(text, "rule-1") {
			t.Errorf("%s: %q", code, text)
		}
		if !a.Ready() || a.InFlight() != 0 {
			t.Errorf("%s ended the exchange", code)
		}
		if _, err := a.Receive(reply(t, h, question(t, h, ask(t, a, 1)))); err != nil {
			t.Errorf("after %s: %v", code, err)
		}
	}
	for _, r := range []*Refusal{{Code: Overloaded, RetryAfter: time.Second}, {Code: BudgetSpent, ResetsAt: reset}} {
		if text := r.Error(); !strings.Contains(text, "1s") && !strings.Contains(text, "2026-05-06T07:08:09Z") {
			t.Errorf("%q does not say when", text)
		}
	}
}

// TestCallersMistakes: what our own node may get wrong is an error, and says nothing to the peer.
func TestCallersMistakes(t *testing.T) {
	a, h := newAsker(t, 2), newAnswerer(t, 2)
	q1, q2 := question(t, h, ask(t, a, 1)), question(t, h, ask(t, a, 1))
	mistakes := map[string]error{}
	_, mistakes["second question first"] = h.Reply(q2, evaluate(q2))
	_, mistakes["refuse second first"] = h.Refuse(q2, 1, &Refusal{Code: Suspended})
	_, mistakes["no proof"] = h.Reply(q1, Evaluation{Evaluated: q1.Elements})
	_, mistakes["refuse with ok"] = h.Refuse(q1, 1, &Refusal{Code: OK})
	_, mistakes["refuse with a mirror's code"] = h.Refuse(q1, 1, &Refusal{Code: NotFound})
	_, mistakes["refuse with nonsense"] = h.Refuse(q1, 1, &Refusal{Code: "nonsense"})
	_, mistakes["fail with a bound code"] = h.Fail(1, &Refusal{Code: BudgetSpent})
	for name, err := range mistakes {
		if !errors.Is(err, ErrNotDue) {
			t.Errorf("%s: %v", name, err)
		}
	}
	reply(t, h, q1)
	if _, err := h.Reply(q1, evaluate(q1)); !errors.Is(err, ErrNotDue) {
		t.Errorf("one question answered twice: %v", err)
	}
	for n, want := range map[int]error{0: ErrElements, 31: ErrElements, (MaxBatch + 1) * ElementSize: ErrBatchSize} {
		if _, _, err := newAsker(t, 1).Ask(make([]byte, n)); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	bad := testAsk()
	bad.Purpose = "Not A Purpose"
	if _, err := NewAsker(AskerConfig{Ask: bad, Key: querierKey, Holder: holder}); !errors.Is(err, ErrHeader) {
		t.Errorf("bad purpose: %v", err)
	}
	if _, err := NewAsker(AskerConfig{Ask: testAsk(), Key: querierKey, Holder: holder, Window: 9}); err == nil {
		t.Error("window of nine")
	}
	if _, err := NewAnswerer(AnswererConfig{Key: holderKey, Querier: querier, Window: -1}); err == nil {
		t.Error("window of minus one")
	}
}

// TestHostileText: what a holder writes into a refusal cannot carry a newline or an escape sequence to a
// terminal, neither by our own machine nor by another's.
func TestHostileText(t *testing.T) {
	h := newAnswerer(t, 1)
	a := newAsker(t, 1)
	msg, err := h.Refuse(question(t, h, ask(t, a, 1)), 1, &Refusal{Code: NotPermitted, Rule: "a\x1b[2J\n" + strings.Repeat("ä", 99)})
	if err != nil {
		t.Fatal(err)
	}
	var refusal *Refusal
	if _, err := a.Receive(msg); !errors.As(err, &refusal) || strings.ContainsAny(refusal.Error(), "\x1b\n") {
		t.Errorf("%v", err)
	}
	r := Receipt{V: 1, Code: NotPermitted, Answer: answerHash(nil, nil), Rule: "a\nb", Querier: h.querier, Holder: h.self}
	if err := r.check(); !errors.Is(err, ErrHeader) {
		t.Errorf("newline from a peer: %v", err)
	}
}

// TestRefusalsShownElsewhere: what a holder says before it has read a request is void for another
// querier, as another holder's word and on another ledger, where one key serves both.
func TestRefusalsShownElsewhere(t *testing.T) {
	elsewhere := [32]byte{0x99}
	for code := range codes {
		if !code.unbound() {
			continue
		}
		for name, c := range map[string]struct {
			said AnswererConfig
			want error
		}{
			"here":              {AnswererConfig{Ledger: ledgerID, Key: holderKey, Querier: querier}, nil},
			"another querier":   {AnswererConfig{Ledger: ledgerID, Key: holderKey, Querier: other}, ErrReceipt},
			"another holder":    {AnswererConfig{Ledger: ledgerID, Key: otherKey, Querier: querier}, ErrSignature},
			"another ledger":    {AnswererConfig{Ledger: elsewhere, Key: holderKey, Querier: querier}, ErrReceipt},
			"neither of either": {AnswererConfig{Ledger: elsewhere, Key: holderKey, Querier: other}, ErrReceipt},
		} {
			if code == WrongLedger && name == "another ledger" {
				c.want = nil // which is what it says
			}
			h, err := NewAnswerer(c.said)
			if err != nil {
				t.Fatal(err)
			}
			msg, err := h.Fail(3, &Refusal{Code: code})
			if err != nil {
				t.Fatal(err)
			}
			a := newAsker(t, 1)
			ask(t, a, 1)
			_, err = a.Receive(msg)
			var refusal *Refusal
			if c.want == nil && (!errors.As(err, &refusal) || refusal.Code != code) || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%s said to %s: %v, want %v", code, name, err, c.want)
			}
		}
	}
}
