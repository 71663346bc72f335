package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

const day0 = ledgertest.CreatedAt / 86_400

var passphrase = []byte("correct horse battery staple")

// bench is a keeper of the bank over a ledger in memory, with real keys and a real store.
type bench struct {
	*testing.T
	*Keeper
	dir string
	l   *ledgertest.Ledger
}

func newBench(t *testing.T) *bench {
	dir := t.TempDir()
	ring, err := keys.Create(filepath.Join(dir, "keys"), passphrase, keys.Options{WorkFactor: 4})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := &bench{T: t, dir: dir, l: ledgertest.New(t, ledgertest.Bank, ledgertest.Hotline, ledgertest.Platform, ledgertest.Police)}
	// The ring's node key is the bank's on the ledger, as after a rotation.
	node := ring.Private(member.Node)
	root := ledgertest.Bank.Private(member.Root)
	b.l.Put(b.l.Rotate(root, b.l.Rotation(ledgertest.Bank, member.Node, node, nil, root)))
	b.l.Closed(ledgertest.Hotline, ledgertest.Platform, ledgertest.Police)
	b.Keeper = New(Config{
		Name: ledgertest.Bank.Name, LedgerID: b.l.S.LedgerID(), Ring: ring, Store: s, Ledger: b,
		Dir: filepath.Join(dir, "audits"), Log: slog.New(slog.DiscardHandler), Now: time.Now, Settled: func() bool { return true },
	})
	return b
}

func (b *bench) View(read func(*state.State)) { read(b.l.S) }

// request is one message to the platform about digests.
func (b *bench) request(retention uint64, values ...string) Asked {
	b.Helper()
	return b.requestTo(ledgertest.Platform.Keys().Node, retention, values...)
}

func (b *bench) requestTo(holder member.PublicKey, retention uint64, values ...string) Asked {
	b.Helper()
	machine, err := session.NewAsker(session.AskerConfig{
		Ask: session.Ask{
			Ledger: b.l.S.LedgerID(), Size: b.l.S.Size(), Root: b.l.S.Root(), Epoch: 1, Type: "email", Purpose: "platform-safety",
			Case: func() []byte { c := session.CommitCase([32]byte{7}, "C-1"); return c[:] }(),
		},
		Key: b.cfg.Ring.Private(member.Node), Holder: holder, Window: 8,
	})
	if err != nil {
		b.Fatal(err)
	}
	key, err := voprf.DeriveKey([32]byte{1}, []byte("a test"))
	if err != nil {
		b.Fatal(err)
	}
	public := key.Public()
	client, err := voprf.NewClient(public[:])
	if err != nil {
		b.Fatal(err)
	}
	var digests [][]byte
	for _, v := range values {
		d := sha256.Sum256([]byte(v))
		digests = append(digests, d[:])
	}
	blinded, err := client.Blind(digests)
	if err != nil {
		b.Fatal(err)
	}
	_, msg, err := machine.Ask(blinded.Elements())
	if err != nil {
		b.Fatal(err)
	}
	q, err := session.ParseRequest(msg, member.PublicOf(b.cfg.Ring.Private(member.Node)))
	if err != nil {
		b.Fatal(err)
	}
	nonce := [32]byte{7}
	return Asked{Question: q, Digests: digests, Blinds: blinded.Blinds(), Retention: retention, CaseNonce: nonce[:], Case: "C-1"}
}

func (b *bench) asked(retention uint64, values ...string) [32]byte {
	b.Helper()
	a := b.request(retention, values...)
	if err := b.Asked(b.Context(), a); err != nil {
		b.Fatal(err)
	}
	return a.Question.Hash
}

// commit has the bank and the platform commit to what the bank asked on a day.
func (b *bench) commit(day uint64) {
	b.Helper()
	if err := b.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	log, err := b.askedLog(b.Context(), day, ledgertest.Platform.Name)
	if err != nil {
		b.Fatal(err)
	}
	b.l.Put(b.l.Commit(ledgertest.Bank, day, entry.AuditRow{Member: ledgertest.Platform.Name, Asked: dayLog(log)}))
	b.l.Put(b.l.Commit(ledgertest.Platform, day, entry.AuditRow{Member: ledgertest.Bank.Name, Answered: dayLog(log)}))
}

func (b *bench) advance(days uint64) {
	b.l.Advance(days*86_400, ledgertest.Hotline, ledgertest.Platform, ledgertest.Police)
}

// drawn opens an audit of the first day to auditors and has it drawn.
func (b *bench) drawn(auditor keys.Auditor, n uint64) entry.Hash {
	b.Helper()
	id := b.l.Pass(entry.OpenAudit{
		Querier: ledgertest.Bank.Name, Holder: ledgertest.Platform.Name, First: day0, Last: day0, Positions: n,
		Auditors: []entry.Auditor{{Member: ledgertest.Police.Name, Recipient: auditor.Recipient()}},
	}, ledgertest.Hotline, ledgertest.Police, ledgertest.Platform)
	for _, sign := range []func(ledgertest.Org, entry.Hash) entry.Raw{b.l.CommitNonce, b.l.Reveal} {
		b.l.Put(sign(ledgertest.Hotline, id))
		b.l.Put(sign(ledgertest.Police, id))
	}
	return id
}

// withLog is a bench whose bank has asked three requests of the first day and committed to them.
func withLog(t *testing.T) (*bench, keys.Auditor) {
	b := newBench(t)
	for i := range 3 {
		b.Answered(b.asked(30, fmt.Sprint("a", i), fmt.Sprint("b", i), fmt.Sprint("c", i)))
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.advance(2)
	b.commit(day0)
	auditor, err := keys.NewAuditor()
	if err != nil {
		t.Fatal(err)
	}
	return b, auditor
}

func (b *bench) answer(id entry.Hash, auditor keys.Auditor) (Answer, []byte) {
	b.Helper()
	a, err := b.Answer(b.Context(), id, false)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := auditor.Open(a.File, session.MaxAuditAnswer)
	if err != nil {
		b.Fatal(err)
	}
	return a, plain
}

// TestWhatIsAskedIsOnDiskFirst, sealed: no digest is in any file, and a copy of the home opens it.
func TestWhatIsAskedIsOnDiskFirst(t *testing.T) {
	b := newBench(t)
	a := b.request(30, "someone@example.com", "other@example.com")
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.Asked(t.Context(), a); err != nil {
			t.Error(err)
		}
	})
	hash := b.asked(30, "third@example.com") // at once
	wg.Wait()
	for _, name := range []string{"activity.db", "activity.db-wal", "store.db"} {
		raw, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range a.Digests {
			if bytes.Contains(raw, d) {
				t.Errorf("a digest is in %s", name)
			}
		}
	}
	o, err := b.cfg.Store.OpeningByHash(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := b.unseal(o); err != nil || len(plain.Digests) != 32 || plain.Case != "C-1" {
		t.Errorf("%v", err)
	}
	o.Hash[0] ^= 1
	if _, err := b.unseal(o); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("another request's secrets open: %v", err)
	}
}

// TestNothingLeavesThatIsNotKept: a store that cannot write, or secrets that do not fit.
func TestNothingLeavesThatIsNotKept(t *testing.T) {
	b := newBench(t)
	a := b.request(30, "someone@example.com")
	short := a
	short.Blinds = a.Blinds[:31]
	if err := b.Asked(t.Context(), short); !errors.Is(err, ErrNotKept) {
		t.Errorf("short secrets: %v", err)
	}
	if err := b.cfg.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Asked(t.Context(), a); !errors.Is(err, ErrNotKept) {
		t.Errorf("closed store: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Asked(ended, a); !errors.Is(err, ErrNotKept) {
		t.Errorf("ended: %v", err)
	}
}

// TestRequestsAreKeptTogether: all that leave together, or none.
func TestRequestsAreKeptTogether(t *testing.T) {
	b := newBench(t)
	good, other, short := b.request(30, "a"), b.request(30, "b"), b.request(30, "c")
	short.Blinds = short.Blinds[:31]
	if err := b.Asked(t.Context(), good, short); !errors.Is(err, ErrNotKept) {
		t.Fatalf("with one that does not fit: %v", err)
	}
	if _, err := b.cfg.Store.OpeningByHash(t.Context(), good.Question.Hash); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("the other one: %v", err)
	}
	if err := b.Asked(t.Context(), good, other); err != nil {
		t.Fatal(err)
	}
	for _, a := range []Asked{good, other} {
		if _, err := b.cfg.Store.OpeningByHash(t.Context(), a.Question.Hash); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnAnswerIsNotedWithoutAnotherQuestion: what waits to go along with a write does not wait for ever.
func TestAnAnswerIsNotedWithoutAnotherQuestion(t *testing.T) {
	b := newBench(t)
	hash := b.asked(30, "a")
	b.Answered(hash)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		o, err := b.cfg.Store.OpeningByHash(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		if o.Answered {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("not noted within a minute")
		}
	}
}

// TestErasure: when retention is over the day's key is gone from the disk, and a copy of everything else
// that was made before does not open any more. Until then, and under a hold, nothing is erased.
func TestErasure(t *testing.T) {
	b := newBench(t)
	hash := b.asked(5, "someone@example.com")
	kept, err := b.cfg.Store.OpeningByHash(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	b.Answered(hash)
	days, err := b.cfg.Ring.Days()
	if err != nil || len(days) != 1 || days[0] != (keys.Day{Day: day0, Until: day0 + 5 + Slack}) {
		t.Fatalf("%v, %v", days, err)
	}
	file := filepath.Join(b.dir, "keys", "days", fmt.Sprintf("%06d-%06d.age", days[0].Day, days[0].Until))
	open, err := os.Open(file) // as somebody who reads the disk: the blocks that the key was in
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	erase := func() {
		t.Helper()
		if err := b.erase(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.advance(5 + Slack)
	b.commit(day0)
	erase()
	if _, err := b.unseal(kept); err != nil {
		t.Fatalf("erased too early: %v", err)
	}
	on := entry.LegalHold{Member: ledgertest.Bank.Name, First: day0, Last: day0}
	b.l.Put(b.l.Hold(ledgertest.Police, on))
	b.l.Put(b.l.Hold(ledgertest.Platform, on))
	b.advance(1)
	erase()
	if _, err := b.unseal(kept); err != nil {
		t.Fatalf("erased under a hold: %v", err)
	}
	on.Release = true
	b.l.Put(b.l.Hold(ledgertest.Police, on))
	b.l.Put(b.l.Hold(ledgertest.Platform, on))
	erase()
	if _, err := b.unseal(kept); !errors.Is(err, keys.ErrNoDay) {
		t.Errorf("a copy opens still: %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the key's file: %v", err)
	}
	after := make([]byte, len(before))
	if _, err := open.ReadAt(after, 0); err == nil && bytes.Contains(after, before[:64]) {
		t.Error("the key's blocks were not overwritten")
	}
	if _, err := b.cfg.Store.OpeningByHash(t.Context(), hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the row: %v", err)
	}
}

// TestKeyGoesFirst: a crash between key and rows leaves rows that nobody can read, and the next call
// removes them.
func TestKeyGoesFirst(t *testing.T) {
	b := newBench(t)
	hash := b.asked(0, "someone@example.com")
	b.Answered(hash)
	b.advance(1 + Slack)
	b.commit(day0)
	if err := b.cfg.Ring.EraseDay(keys.Day{Day: day0, Until: day0 + Slack}); err != nil {
		t.Fatal(err)
	}
	if err := b.erase(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.cfg.Store.OpeningByHash(t.Context(), hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// TestEveryPositionOpens, and the auditor's check holds, for all positions of a log.
func TestEveryPositionOpens(t *testing.T) {
	b, auditor := withLog(t)
	id := b.drawn(auditor, 100)
	a, plain := b.answer(id, auditor)
	if a.Drawn != 9 || a.Opened != 9 || len(a.Lost) > 0 {
		t.Fatalf("%+v", a)
	}
	r, err := Verify(b.l.S, id, plain)
	if err != nil || r.Outcome() != entry.OutcomeTrue {
		t.Fatalf("%+v, %v", r, err)
	}
	seen := map[[32]byte]bool{}
	for _, f := range r.Findings {
		seen[f.Opening.Digest] = true
	}
	if len(seen) != 9 {
		t.Errorf("%d digests", len(seen))
	}
	other, err := keys.NewAuditor()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(a.File, session.MaxAuditAnswer); !errors.Is(err, keys.ErrNotForUs) {
		t.Errorf("another reads it: %v", err)
	}
}

// TestFalseOpeningsAreFound: whatever a querier changes in an answer that it signs itself.
func TestFalseOpeningsAreFound(t *testing.T) {
	b, auditor := withLog(t)
	id := b.drawn(auditor, 100)
	_, plain := b.answer(id, auditor)
	honest, err := session.ReadAnswer(plain, NodeKeys(b.l.S, ledgertest.Bank.Name))
	if err != nil {
		t.Fatal(err)
	}
	innocent := sha256.Sum256([]byte("innocent@example.com"))
	for name, c := range map[string]struct {
		change func(o, other *session.Opening)
		want   error
	}{
		"another value":            {func(o, _ *session.Opening) { o.Digest = innocent }, voprf.ErrOpening},
		"another blind":            {func(o, _ *session.Opening) { o.Blind[0] ^= 1 }, voprf.ErrOpening},
		"a blind not reduced":      {func(o, _ *session.Opening) { o.Blind = plusOrder(o.Blind) }, voprf.ErrOpening},
		"a new element of another": {func(o, _ *session.Opening) { remake(o, innocent) }, session.ErrPath},
		"its own, blinded anew":    {func(o, _ *session.Opening) { remake(o, o.Digest) }, session.ErrPath},
		"another index":            {func(o, _ *session.Opening) { o.Index++ }, session.ErrPath},
		"another start":            {func(o, _ *session.Opening) { o.Start++; o.Index-- }, session.ErrPath},
		"another place in the log": {func(o, _ *session.Opening) { o.Request++ }, session.ErrPath},
		"no path":                  {func(o, _ *session.Opening) { o.LogPath = nil }, session.ErrPath},
		"no path in the request":   {func(o, _ *session.Opening) { o.ElementPath = [][32]byte{} }, session.ErrPath},
		"a zero blind":             {func(o, _ *session.Opening) { o.Blind = [32]byte{} }, voprf.ErrOpening},
		"another element":          {func(o, x *session.Opening) { o.Element, o.Digest, o.Blind = x.Element, x.Digest, x.Blind }, session.ErrPath},
		"another question":         {func(o, x *session.Opening) { at := o.Position; *o = *x; o.Position = at }, session.ErrPath},
		"another day":              {func(o, _ *session.Opening) { o.Day++ }, ErrPosition},
		"another case":             {func(o, _ *session.Opening) { o.Case = "C-2" }, session.ErrCase},
		"no case":                  {func(o, _ *session.Opening) { o.Case, o.CaseNonce = "", []byte{} }, session.ErrCase},
		"another signature":        {func(o, x *session.Opening) { o.Signature = append([]byte{1}, o.Signature[1:]...) }, session.ErrSignature},
		"a header that is not one": {func(o, _ *session.Opening) { o.Header = []byte{0xa0} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := honest
			a.Openings = append([]session.Opening(nil), honest.Openings...)
			c.change(&a.Openings[0], &honest.Openings[len(honest.Openings)-1])
			raw, err := session.SignAnswer(a, b.cfg.Ring.Private(member.Node))
			if err != nil {
				t.Fatal(err)
			}
			r, err := Verify(b.l.S, id, raw)
			if err != nil {
				t.Fatal(err)
			}
			if r.Findings[0].Err == nil || c.want != nil && !errors.Is(r.Findings[0].Err, c.want) || r.Held != 8 || r.Outcome() != entry.OutcomeFalse {
				t.Errorf("%v, %d hold", r.Findings[0].Err, r.Held)
			}
		})
	}
	for name, change := range map[string]func(a *session.AuditAnswer){
		"another audit":  func(a *session.AuditAnswer) { a.Audit[0] ^= 1 },
		"another ledger": func(a *session.AuditAnswer) { a.Ledger[0] ^= 1 },
	} {
		a := honest
		change(&a)
		raw, err := session.SignAnswer(a, b.cfg.Ring.Private(member.Node))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(b.l.S, id, raw); !errors.Is(err, session.ErrAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	byAnother, err := session.SignAnswer(honest, ledgertest.Platform.Private(member.Node))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(b.l.S, id, byAnother); !errors.Is(err, session.ErrSignature) {
		t.Errorf("by the holder: %v", err)
	}
}

// TestLossCountsAsFalse: a day's key that is gone, and a request that is, are named, and the rest opens.
func TestLossCountsAsFalse(t *testing.T) {
	b, auditor := withLog(t)
	id := b.drawn(auditor, 100)
	if err := b.cfg.Ring.EraseDay(keys.Day{Day: day0, Until: day0 + 30 + Slack}); err != nil {
		t.Fatal(err)
	}
	a, plain := b.answer(id, auditor)
	if a.Opened != 0 || len(a.Lost) != 1 {
		t.Fatalf("%+v", a)
	}
	r, err := Verify(b.l.S, id, plain)
	if err != nil || r.Outcome() != entry.OutcomeFalse || !errors.Is(r.Findings[0].Err, ErrMissing) {
		t.Errorf("%+v, %v", r.Outcome(), err)
	}
	if _, err := b.cfg.Store.EraseOpenings(t.Context(), day0, day0+30+Slack); err != nil {
		t.Fatal(err)
	}
	if a, _ := b.answer(id, auditor); a.Opened != 0 || len(a.Lost) != 1 {
		t.Errorf("%+v", a)
	}
}

// TestAnswersAreTheQueriers, and only what was drawn.
func TestAnswersAreTheQueriers(t *testing.T) {
	b, auditor := withLog(t)
	if _, err := b.Answer(t.Context(), entry.Hash{}, false); !errors.Is(err, entry.ErrUnknownAudit) {
		t.Error(err)
	}
	id := b.drawn(auditor, 2)
	a, plain := b.answer(id, auditor)
	got, err := session.ReadAnswer(plain, NodeKeys(b.l.S, ledgertest.Bank.Name))
	if err != nil || a.Opened != 2 || len(got.Openings) != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	audit, _ := b.l.S.Audit(id)
	for i, p := range draw.Positions(audit.Seed, 9, 2) {
		if got.Openings[i].Position != p {
			t.Errorf("position %d opened", got.Openings[i].Position)
		}
	}
	b.cfg.Name = ledgertest.Platform.Name
	if _, err := b.Answer(t.Context(), id, false); !errors.Is(err, ErrNotAudited) {
		t.Error(err)
	}
}
