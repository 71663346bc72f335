package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"
)

func heardNotice(member string, n int) Heard {
	body := []byte(fmt.Sprintf("%s notice %d", member, n))
	return Heard{
		Kind: "notice", Member: member, Statement: [16]byte{1, byte(n), byte(n >> 8)}, Hash: sha256.Sum256(body), Body: body,
		Signature: make([]byte, 64), Receipt: []byte("receipt"), ReceiptSignature: make([]byte, 64), Type: "email", Purpose: "p",
	}
}

func heardFeedback(member string, n int, verdict string, about [32]byte) Heard {
	h := heardNotice(member, n)
	h.Kind, h.Statement[0], h.Verdict, h.About = "feedback", 2, verdict, about
	h.Hash[0] ^= 1
	return h
}

func mustHear(t *testing.T, s *Store, h Heard) Heard {
	t.Helper()
	kept, again, err := s.Hear(t.Context(), h)
	if err != nil || again {
		t.Fatalf("%+v, %v, %v", kept, again, err)
	}
	return kept
}

// TestHearIsIdempotent: a statement whose receipt was lost on the way is taken once and gets the same
// receipt again.
func TestHearIsIdempotent(t *testing.T) {
	s := openTest(t, t.TempDir())
	first := mustHear(t, s, heardNotice("bank", 1))
	repeat := heardNotice("bank", 1)
	repeat.Receipt = []byte("a newer receipt")
	kept, again, err := s.Hear(t.Context(), repeat)
	if err != nil || !again || string(kept.Receipt) != "receipt" || kept.ID != first.ID {
		t.Errorf("%+v, %v, %v", kept, again, err)
	}
	other := heardNotice("bank", 1)
	other.Hash[5] ^= 1
	if _, _, err := s.Hear(t.Context(), other); !errors.Is(err, ErrStatement) {
		t.Errorf("one id, two statements: %v", err)
	}
	mustHear(t, s, heardNotice("police", 1)) // ids are the sender's own
	page, _, err := s.Notices(t.Context(), HeardFilter{}, "", 0)
	if err != nil || len(page) != 2 {
		t.Errorf("%d kept, %v", len(page), err)
	}
}

func TestFeedbackIsAboutANoticeOfTheTwo(t *testing.T) {
	s := openTest(t, t.TempDir())
	in := mustHear(t, s, heardNotice("bank", 1))
	match := add(t, s, Sighting{Source: FromQuery, Origin: "q", At: testTime}, foundItem(1, "bank"))[0].ID
	out := Said{Kind: "notice", Member: "bank", Hash: [32]byte{7}, Body: []byte("b"), Signature: make([]byte, 64)}
	if err := s.Decide(t.Context(), Change{MatchID: match, State: MatchNotified, Say: []Said{out}}); err != nil {
		t.Fatal(err)
	}
	for n, c := range []struct {
		name  string
		heard Heard
		want  error
	}{
		{"about theirs", heardFeedback("bank", 2, "false-positive", in.Hash), nil},
		{"about ours", heardFeedback("bank", 3, "not-ours", out.Hash), nil},
		{"about one sent to another", heardFeedback("police", 4, "not-ours", out.Hash), ErrNotFound},
		{"about another's", heardFeedback("police", 5, "not-ours", in.Hash), ErrNotFound},
		{"about nothing", heardFeedback("bank", 6, "not-ours", [32]byte{9}), ErrNotFound},
	} {
		if _, _, err := s.Hear(t.Context(), c.heard); !errors.Is(err, c.want) {
			t.Errorf("%d %s: %v", n, c.name, err)
		}
	}
	for _, id := range []string{match, in.ID} {
		if about, err := s.FeedbackAbout(t.Context(), id); err != nil || len(about) != 1 {
			t.Errorf("%s: %d feedbacks, %v", id, len(about), err)
		}
	}
	if m, err := s.Match(t.Context(), match); err != nil || m.State != MatchDisputed {
		t.Errorf("match is %s, %v", m.State, err)
	}
	if h, err := s.Notice(t.Context(), in.ID); err != nil || h.State != MatchDisputed {
		t.Errorf("notice is %s, %v", h.State, err)
	}
	for n := range MaxFeedback {
		_, _, err := s.Hear(t.Context(), heardFeedback("bank", 10+n, "confirmed", out.Hash))
		if want := map[bool]error{true: ErrHeardFull}[n == MaxFeedback-1]; !errors.Is(err, want) {
			t.Errorf("feedback %d: %v", n, err)
		}
	}
}

func TestOutboxKeepsOrderAndWaits(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	now := testTime
	s.SetClock(func() time.Time { return now })
	match := add(t, s, Sighting{Source: FromQuery, Origin: "q", At: testTime}, foundItem(1, "bank"))[0].ID
	say := func(kind, member string, n byte) Said {
		return Said{Kind: kind, Member: member, Hash: [32]byte{n}, Body: []byte{n}, Signature: make([]byte, 64)}
	}
	err := s.Decide(t.Context(), Change{MatchID: match, Say: []Said{say("notice", "bank", 1), say("feedback", "bank", 2), say("notice", "police", 3)}})
	if err != nil {
		t.Fatal(err)
	}
	due := func() (out string) {
		t.Helper()
		list, err := s.DueSaid(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			out += fmt.Sprint(d.Hash[0])
		}
		return out
	}
	if got := due(); got != "123" {
		t.Fatalf("due %s", got)
	}
	if err := s.Postpone(t.Context(), 1, "away", now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := due(); got != "3" {
		t.Errorf("a feedback overtakes its notice: %s", got)
	}
	now = now.Add(time.Minute)
	if got := due(); got != "123" {
		t.Errorf("due %s after the pause", got)
	}
	if err := s.Acknowledged(t.Context(), 1, "", []byte("r"), make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	if err := s.Acknowledged(t.Context(), 2, "not-found", []byte("r"), make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	about, err := s.SaidAbout(t.Context(), match)
	if err != nil || len(about) != 3 || about[0].State != SaidDelivered || about[1].State != SaidRefused || about[1].Reason != "not-found" {
		t.Errorf("%+v, %v", about, err)
	}
	if got := due(); got != "3" {
		t.Errorf("due %s at the end", got)
	}
}

// TestAMemberFillsItsOwnShareAlone: closed notices make room, open ones do not, and others are not
// touched.
func TestAMemberFillsItsOwnShareAlone(t *testing.T) {
	s := openTest(t, t.TempDir())
	first := mustHear(t, s, heardNotice("bank", 0))
	_, err := s.activity.write.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO heard (id, kind, member, statement, hash, body, signature, receipt, receipt_signature, at, verdict, type,
		purpose, state, item) SELECT 'in-x' || i, 'notice', 'bank', randomblob(16), randomblob(32), x'', zeroblob(64), x'',
		zeroblob(64), 0, '', 'email', 'p', 'new', 'pending' FROM n`, MaxHeard-1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Hear(t.Context(), heardNotice("bank", 7)); !errors.Is(err, ErrHeardFull) {
		t.Errorf("beyond the limit: %v", err)
	}
	mustHear(t, s, heardNotice("police", 7))
	if err := s.Decide(t.Context(), Change{HeardID: first.ID, State: MatchClosed, Note: "done"}); err != nil {
		t.Fatal(err)
	}
	mustHear(t, s, heardNotice("bank", 7))
	if _, err := s.Notice(t.Context(), first.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the closed one: %v", err)
	}
}
