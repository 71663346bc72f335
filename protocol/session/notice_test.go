package session

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

var noticeKey = [32]byte{0x77}

func goodNotice() Notice {
	return Notice{
		Ledger: ledgerID, Receiver: holder.PeerID(), ID: StatementID{9}, Epoch: 3, Type: "email", Tag: [8]byte{1, 2},
		Purpose: "platform-safety", Case: bytes.Repeat([]byte{4}, 32), Reference: "REF-1", Contact: "desk@example.com",
	}
}

func goodFeedback() Feedback {
	return Feedback{Ledger: ledgerID, Receiver: holder.PeerID(), ID: StatementID{8}, About: [32]byte{5}, Verdict: FalsePositive, Contact: "é"}
}

func signNotice(t testing.TB, n Notice) *Statement {
	t.Helper()
	s, err := SignNotice(n, querierKey, noticeKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signFeedback(t testing.TB, f Feedback) *Statement {
	t.Helper()
	s, err := SignFeedback(f, querierKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newNotifier() *Notifier {
	return NewNotifier(NotifierConfig{Ledger: ledgerID, Key: querierKey, Receiver: holder})
}

func newRecipient() *Recipient {
	return NewRecipient(RecipientConfig{Ledger: ledgerID, Key: holderKey, Sender: querier})
}

func message(t testing.TB, m interface{ Message() ([]byte, error) }) []byte {
	t.Helper()
	b, err := m.Message()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStatementsAndReceipts(t *testing.T) {
	n, r := newNotifier(), newRecipient()
	for _, s := range []*Statement{signNotice(t, goodNotice()), signFeedback(t, goodFeedback())} {
		msg, err := n.Send(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Send(s); !errors.Is(err, ErrNotReady) {
			t.Errorf("two at a time: %v", err)
		}
		got, err := r.Receive(msg)
		if err != nil || got.Hash != s.Hash || !bytes.Equal(got.Raw, s.Raw) || got.ID != s.ID {
			t.Fatalf("%+v, %v", got, err)
		}
		receipt, err := r.Accept(got, 7)
		if err != nil {
			t.Fatal(err)
		}
		back, err := n.Receive(message(t, receipt))
		if err != nil || back.Told.Size != 7 || !bytes.Equal(back.Raw, receipt.Raw) {
			t.Fatalf("%+v, %v", back, err)
		}
		// The same statement again, and the same receipt, kept since.
		if _, err := n.Send(s); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Receive(message(t, receipt)); err != nil {
			t.Errorf("the receipt again: %v", err)
		}
	}
}

func TestDeclined(t *testing.T) {
	for code := range toldCodes {
		n, r := newNotifier(), newRecipient()
		msg, err := n.Send(signNotice(t, goodNotice()))
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.Receive(msg)
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := r.Decline(s, 1, &Declined{Code: code, Rule: "r", RetryAfter: 1500 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		var d *Declined
		if _, err := n.Receive(message(t, receipt)); !errors.As(err, &d) || d.Code != code || d.RetryAfter != 2*time.Second {
			t.Errorf("%s: %v", code, err)
		}
		if _, err := n.Send(signNotice(t, goodNotice())); err != nil {
			t.Errorf("%s ends the exchange: %v", code, err)
		}
		if !code.unbound() {
			if _, err := r.Fail(1, &Declined{Code: code}); !errors.Is(err, ErrNotDue) {
				t.Errorf("%s may be said unasked: %v", code, err)
			}
		}
	}
	if _, err := newRecipient().Decline(signNotice(t, goodNotice()), 1, &Declined{Code: BudgetSpent}); !errors.Is(err, ErrNotDue) {
		t.Errorf("a code of another protocol: %v", err)
	}
}

// TestSealProvesTheOutput: who knows the tag alone, which every mirror has, cannot make a notice that
// passes, nor move a seal to another notice.
func TestSealProvesTheOutput(t *testing.T) {
	s := signNotice(t, goodNotice())
	if !s.Notice.Sealed(noticeKey) {
		t.Error("the right key does not open")
	}
	if s.Notice.Sealed([32]byte{}) {
		t.Error("another key does")
	}
	moved := *s.Notice
	moved.Purpose = "financial-crime-report"
	if moved.Sealed(noticeKey) {
		t.Error("the seal holds for another notice")
	}
}

func TestNoticeFields(t *testing.T) {
	for name, change := range map[string]func(*Notice){
		"to oneself": func(n *Notice) { n.Receiver = querier.PeerID() },
		"id":         func(n *Notice) { n.ID = StatementID{} },
		"type":       func(n *Notice) { n.Type = "E-MAIL" },
		"purpose":    func(n *Notice) { n.Purpose = "" },
		"case":       func(n *Notice) { n.Case = []byte{1} },
		"reference":  func(n *Notice) { n.Reference = strings.Repeat("x", 81) },
		"escape":     func(n *Notice) { n.Contact = "\x1b[2J" },
		"direction":  func(n *Notice) { n.Contact = "a\u202eb" },
		"utf-8":      func(n *Notice) { n.Reference = "\xff" },
		"receiver":   func(n *Notice) { n.Receiver = "" },
	} {
		n := goodNotice()
		change(&n)
		if _, err := SignNotice(n, querierKey, noticeKey); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := goodFeedback()
	f.Verdict = "maybe"
	if _, err := SignFeedback(f, querierKey); !errors.Is(err, ErrHeader) {
		t.Errorf("verdict: %v", err)
	}
}

func TestReceiptsOfOthersAreRefused(t *testing.T) {
	s := signNotice(t, goodNotice())
	told := Told{Statement: s.Hash, ID: s.ID, Code: OK, Size: 1, Ledger: ledgerID, Sender: querier.PeerID(), Receiver: holder.PeerID()}
	for name, c := range map[string]struct {
		change func(*Told)
		want   error
	}{
		"sender":         {func(r *Told) { r.Sender = other.PeerID() }, ErrReceipt},
		"receiver":       {func(r *Told) { r.Receiver = other.PeerID() }, ErrReceipt},
		"ledger":         {func(r *Told) { r.Ledger[0]++ }, ErrReceipt},
		"statement":      {func(r *Told) { r.Statement[0]++ }, ErrReceipt},
		"id":             {func(r *Told) { r.ID[0]++ }, ErrReceipt},
		"unbound ok":     {func(r *Told) { r.ID, r.Statement = StatementID{}, [32]byte{} }, ErrReceipt},
		"code":           {func(r *Told) { r.Code = "budget-spent" }, ErrHeader},
		"ok with a rule": {func(r *Told) { r.Rule = "x" }, ErrHeader},
	} {
		n := newNotifier()
		if _, err := n.Send(s); err != nil {
			t.Fatal(err)
		}
		bad := told
		c.change(&bad)
		r, err := signTold(bad, holderKey)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Receive(message(t, r)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := n.Send(s); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: the exchange goes on", name)
		}
	}
	if _, err := newNotifier().Receive(nil); !errors.Is(err, ErrTurn) {
		t.Errorf("an answer to nothing: %v", err)
	}
}

func FuzzStatement(f *testing.F) {
	n, fb := signNotice(f, goodNotice()), signFeedback(f, goodFeedback())
	f.Add(uint64(1), n.Raw, false)
	f.Add(uint64(2), fb.Raw, false)
	f.Add(uint64(1), message(f, n), true)
	f.Add(uint64(3), []byte{0xa0}, false)
	f.Fuzz(func(t *testing.T, kind uint64, body []byte, bare bool) {
		msg := body
		if !bare {
			domain := map[uint64]string{1: noticeDomain, 2: feedbackDomain}[kind]
			msg = encode(t, statement{StatementKind(kind), body, member.Sign(querierKey, domain, body)})
		}
		s, err := newRecipient().Receive(msg)
		named(t, err)
		if err != nil {
			return
		}
		if again := message(t, s); !bytes.Equal(again, msg) {
			t.Fatal("a statement with two encodings")
		}
		if s.Kind == NoticeKind && !printableOnly(s.Notice.Contact+s.Notice.Reference) {
			t.Fatal("a text that does something to a terminal")
		}
	})
}

func FuzzTold(f *testing.F) {
	s := signNotice(f, goodNotice())
	r, err := newRecipient().Accept(s, 3)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.Raw, false)
	f.Add(message(f, r), true)
	f.Fuzz(func(t *testing.T, receipt []byte, bare bool) {
		msg := receipt
		if !bare {
			msg = encode(t, answerTold{receipt, member.Sign(holderKey, tellDomain, receipt)})
		}
		n := newNotifier()
		if _, err := n.Send(signNotice(t, goodNotice())); err != nil {
			t.Fatal(err)
		}
		_, err := n.Receive(msg)
		var d *Declined
		if errors.As(err, &d) {
			if !printableOnly(d.Error()) {
				t.Fatal("a refusal that does something to a terminal")
			}
			return
		}
		named(t, err)
	})
}

// matchVectors are specs/vectors/match.json. The parties are the keys of seeds 01…01 (sender) and 02…02
// (receiver).
type matchVectors struct {
	SenderSeed   string `json:"sender_seed"`
	ReceiverSeed string `json:"receiver_seed"`
	Ledger       string `json:"ledger"`
	NoticeKey    string `json:"notice_key"`
	Valid        []struct {
		Why     string `json:"why"`
		Message string `json:"message"`
		Hash    string `json:"hash"`
		Answer  string `json:"answer"`
	} `json:"valid"`
	Invalid []struct {
		Why     string `json:"why"`
		Message string `json:"message"`
		Error   string `json:"error"`
	} `json:"invalid"`
}

var recordMatch = flag.Bool("match.record", false, "write specs/vectors/match.json anew")

func TestMatchVectors(t *testing.T) {
	if *recordMatch {
		recordMatchVectors(t)
	}
	var v matchVectors
	load(t, "match.json", &v)
	if len(v.Valid) != 2 || len(v.Invalid) < 12 {
		t.Fatalf("%d valid, %d invalid", len(v.Valid), len(v.Invalid))
	}
	for _, c := range v.Valid {
		r := newRecipient()
		s, err := r.Receive(unhex(t, c.Message))
		if err != nil || hex.EncodeToString(s.Hash[:]) != c.Hash || !bytes.Equal(message(t, s), unhex(t, c.Message)) {
			t.Fatalf("%s: %v", c.Why, err)
		}
		if s.Notice != nil && !s.Notice.Sealed([32]byte(unhex(t, v.NoticeKey))) {
			t.Errorf("%s: the seal does not hold", c.Why)
		}
		n := newNotifier()
		if _, err := n.Send(s); err != nil {
			t.Fatal(err)
		}
		if got, err := n.Receive(unhex(t, c.Answer)); err != nil || got.Told.Code != OK {
			t.Errorf("%s: answer: %v", c.Why, err)
		}
	}
	for _, c := range v.Invalid {
		_, err := newRecipient().Receive(unhex(t, c.Message))
		if want := (invalidVector{Error: c.Error}).want(t); !errors.Is(err, want) {
			t.Errorf("%s: %v", c.Why, err)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func recordMatchVectors(t *testing.T) {
	t.Helper()
	type object = map[string]any
	valid := func(why string, s *Statement) object {
		r, err := newRecipient().Accept(s, 11)
		if err != nil {
			t.Fatal(err)
		}
		return object{"why": why, "message": hex.EncodeToString(message(t, s)), "hash": hex.EncodeToString(s.Hash[:]), "answer": hex.EncodeToString(message(t, r))}
	}
	notice := signNotice(t, goodNotice())
	var invalid []object
	refuse := func(why, fault string, msg []byte) {
		invalid = append(invalid, object{"why": why, "message": hex.EncodeToString(msg), "error": fault})
	}
	signed := func(kind StatementKind, domain string, body any) []byte {
		raw := encode(t, body)
		return encode(t, statement{kind, raw, member.Sign(querierKey, domain, raw)})
	}
	changed := func(change func(*Notice)) []byte {
		n := *notice.Notice
		change(&n)
		return signed(NoticeKind, noticeDomain, &n)
	}
	refuse("version 2", "version", changed(func(n *Notice) { n.V = 2 }))
	refuse("another ledger", "ledger", changed(func(n *Notice) { n.Ledger[0]++ }))
	refuse("to another member", "party", changed(func(n *Notice) { n.Receiver = other.PeerID() }))
	refuse("of another member", "party", changed(func(n *Notice) { n.Sender = other.PeerID() }))
	refuse("to oneself", "header", changed(func(n *Notice) { n.Receiver = n.Sender }))
	refuse("id of zeros", "header", changed(func(n *Notice) { n.ID = StatementID{} }))
	refuse("type in capitals", "header", changed(func(n *Notice) { n.Type = "EMAIL" }))
	refuse("no purpose", "header", changed(func(n *Notice) { n.Purpose = "" }))
	refuse("commitment of 31 bytes", "header", changed(func(n *Notice) { n.Case = n.Case[:31] }))
	refuse("contact of 81 bytes", "header", changed(func(n *Notice) { n.Contact = strings.Repeat("x", 81) }))
	refuse("escape sequence in the contact", "header", changed(func(n *Notice) { n.Contact = "\x1b[2J" }))
	refuse("right-to-left override in the reference", "header", changed(func(n *Notice) { n.Reference = "a\u202eb" }))
	refuse("signed as a feedback", "signature", signed(NoticeKind, feedbackDomain, notice.Notice))
	refuse("a notice that says it is a feedback", "malformed", signed(FeedbackKind, feedbackDomain, notice.Notice))
	refuse("kind 3", "header", signed(3, noticeDomain, notice.Notice))
	bad := goodFeedback()
	bad.V, bad.Sender, bad.Verdict = version, querier.PeerID(), "maybe"
	refuse("unknown verdict", "header", signed(FeedbackKind, feedbackDomain, &bad))
	refuse("a byte too many", "malformed", append(message(t, notice), 0))
	refuse("cut short", "malformed", message(t, notice)[:100])
	refuse("map keys out of order", "not-canonical", outOfOrder(t, notice))
	flipped := message(t, notice)
	flipped[len(flipped)-1] ^= 1
	refuse("another signature", "signature", flipped)
	b, err := json.MarshalIndent(object{
		"sender_seed": strings.Repeat("01", 32), "receiver_seed": strings.Repeat("02", 32), "ledger": hex.EncodeToString(ledgerID[:]),
		"notice_key": hex.EncodeToString(noticeKey[:]),
		"valid":      []object{valid("a notice", notice), valid("a feedback", signFeedback(t, goodFeedback()))}, "invalid": invalid,
	}, "", "  ")
	if err == nil {
		err = os.WriteFile("../../specs/vectors/match.json", append(b, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// outOfOrder writes the message with its second and third field the other way round.
func outOfOrder(t *testing.T, s *Statement) []byte {
	t.Helper()
	one, err := wire.Encode(s.Raw)
	if err != nil {
		t.Fatal(err)
	}
	two, err := wire.Encode(s.Signature)
	if err != nil {
		t.Fatal(err)
	}
	out := append([]byte{0xa3, 1, 1, 3}, two...)
	return append(append(out, 2), one...)
}
