package state_test

import (
	"slices"
	"testing"

	sample "github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

const (
	day0    = created / 86_400 // the day of the genesis
	daySecs = 86_400
)

func dayLog(n uint64) entry.DayLog {
	return entry.DayLog{Requests: (n + 4095) / 4096, Elements: n, Root: [32]byte{byte(n), 0xee}}
}

func asked(of ledgertest.Org, n uint64) entry.AuditRow {
	return entry.AuditRow{Member: of.Name, Asked: dayLog(n)}
}

func answered(to ledgertest.Org, n uint64) entry.AuditRow {
	return entry.AuditRow{Member: to.Name, Answered: dayLog(n)}
}

// audited is a board of four: the bank has asked the platform 500 times on the first day and 700 times on
// the third, and both have committed to that.
func audited(t testing.TB) *ledgertest.Ledger {
	l := ledgertest.New(t, bank, hotline, platform, police)
	l.Advance(daySecs+state.DayDue, bank, hotline, platform)
	l.Put(l.Commit(bank, day0, asked(platform, 500)))
	l.Put(l.Commit(platform, day0, answered(bank, 500)))
	l.Advance(2*daySecs, bank, hotline, platform)
	l.Put(l.Commit(platform, day0+2, answered(bank, 700)))
	l.Put(l.Commit(bank, day0+2, asked(platform, 700)))
	return l
}

func openAudit(n uint64, auditors ...ledgertest.Org) entry.OpenAudit {
	p := entry.OpenAudit{Querier: bank.Name, Holder: platform.Name, First: day0, Last: day0 + 2, Positions: n}
	for _, o := range auditors {
		p.Auditors = append(p.Auditors, entry.Auditor{Member: o.Name, Recipient: ledgertest.Recipient})
	}
	return p
}

func opened(t testing.TB) (*ledgertest.Ledger, entry.Hash) {
	l := audited(t)
	return l, l.Pass(openAudit(300, hotline, police), hotline, police, platform)
}

func auditOf(t testing.TB, l *ledgertest.Ledger, id entry.Hash) state.Audit {
	t.Helper()
	a, ok := l.S.Audit(id)
	if !ok {
		t.Fatal("no such audit")
	}
	return a
}

// TestAuditIsDrawnAndJudged: commitments, nonces, positions, verdicts.
func TestAuditIsDrawnAndJudged(t *testing.T) {
	l, id := opened(t)
	a := auditOf(t, l, id)
	if a.Phase != state.AuditNonces || a.Total() != 1200 || len(a.Segments) != 2 {
		t.Fatalf("opened: %+v", a)
	}
	l.Put(l.CommitNonce(hotline, id))
	l.Put(l.CommitNonce(police, id))
	if a = auditOf(t, l, id); a.Phase != state.AuditReveals || a.Positions() != nil {
		t.Fatalf("committed: %+v", a)
	}
	l.Put(l.Reveal(police, id))
	has(t, l.Put(l.Reveal(hotline, id)).Events, state.NonceRevealed, state.QuestionsDrawn)
	a = auditOf(t, l, id)
	seed := sample.Seed(l.S.LedgerID(), id, a.Segments, []sample.Nonce{hotline.Nonce(1), police.Nonce(1)})
	if a.Phase != state.AuditDrawn || !slices.Equal(a.Positions(), sample.Positions(seed, 1200, 300)) {
		t.Fatalf("drawn: %+v", a)
	}
	l.Put(l.Verdict(police, entry.AuditVerdict{Audit: id, Outcome: entry.OutcomeTrue, Held: 300}))
	has(t, l.Put(l.Verdict(hotline, entry.AuditVerdict{Audit: id, Outcome: entry.OutcomeFalse, Held: 299})).Events, state.AuditJudged, state.AuditEnded)
	if a = auditOf(t, l, id); a.Phase != state.AuditClosed || len(a.Verdicts) != 2 || a.Verdicts[1].Outcome != entry.OutcomeFalse {
		t.Fatalf("judged: %+v", a)
	}
}

// TestWithheldNonceIsNamed: the round begins anew with nonces that nobody has seen, without the seat that
// withheld; the one that revealed may take part again, with another nonce.
func TestWithheldNonceIsNamed(t *testing.T) {
	l, id := opened(t)
	l.Put(l.CommitNonce(hotline, id))
	l.Put(l.CommitNonce(police, id))
	l.Put(l.Reveal(hotline, id))
	out := l.Advance(state.RevealLife, bank, hotline, platform)
	has(t, out.Events, state.TimeMoved, state.NonceWithheld)
	a := auditOf(t, l, id)
	if a.Phase != state.AuditNonces || a.Round != 2 || len(a.Nonces) != 0 || !slices.Equal(a.Withheld, []string{police.Name}) {
		t.Fatalf("%+v", a)
	}
	refuses(t, l, l.Reveal(police, id), entry.ErrAuditPhase)
	refuses(t, l, l.CommitNonce(police, id), entry.ErrWithheld)
	l.Put(l.CommitNonce(hotline, id))
	l.Put(l.CommitNonce(platform, id)) // the holder may: what it could gain goes against itself
	refuses(t, l, l.RevealOf(hotline, entry.AuditReveal{Audit: id, Nonce: hotline.Nonce(1).Nonce}), entry.ErrNonce)
	l.Put(l.Reveal(hotline, id))
	l.Put(l.Reveal(platform, id))
	if a = auditOf(t, l, id); a.Phase != state.AuditDrawn {
		t.Fatalf("%+v", a)
	}
}

// TestBothWithheld: both are named, and the audit waits for others until it lapses.
func TestBothWithheld(t *testing.T) {
	l, id := opened(t)
	l.Put(l.CommitNonce(hotline, id))
	l.Put(l.CommitNonce(police, id))
	l.Advance(state.RevealLife, bank, hotline, platform)
	if a := auditOf(t, l, id); len(a.Withheld) != 2 || a.Round != 2 {
		t.Fatalf("%+v", a)
	}
	if !l.S.Held(bank.Name, day0) {
		t.Error("what may yet be drawn is not held")
	}
	l.Advance(state.AuditLife, bank, hotline, platform)
	if a := auditOf(t, l, id); a.Phase != state.AuditLapsed || l.S.Held(bank.Name, day0) {
		t.Fatalf("%+v", a)
	}
}

// TestLogsThatDifferAreNamed, whoever commits first, also where one says that nothing was asked.
func TestLogsThatDifferAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ asked, answered uint64 }{
		"another count": {5, 6}, "nothing answered": {5, 0}, "nothing asked": {0, 5},
	} {
		for _, first := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				l := ledgertest.New(t, bank, hotline, platform, police)
				l.Advance(daySecs+state.DayDue, bank, hotline, platform)
				var q, h []entry.AuditRow
				if c.asked > 0 {
					q = append(q, asked(platform, c.asked))
				}
				if c.answered > 0 {
					h = append(h, answered(bank, c.answered))
				}
				commits := []func() state.Outcome{
					func() state.Outcome { return l.Put(l.Commit(bank, day0, q...)) },
					func() state.Outcome { return l.Put(l.Commit(platform, day0, h...)) },
				}
				if !first {
					slices.Reverse(commits)
				}
				commits[0]()
				out := commits[1]()
				has(t, out.Events, state.LogsCommitted, state.LogsDiffer)
				want := []state.Difference{{Day: day0, Querier: bank.Name, Holder: platform.Name, Asked: dayLogOr(c.asked), Answered: dayLogOr(c.answered)}}
				if got := l.S.Differences(0, entry.MaxDay); !slices.Equal(got, want) {
					t.Errorf("%+v", got)
				}
				if l.S.Segments(bank.Name, platform.Name, 0, entry.MaxDay) != nil {
					t.Error("there is something to draw from")
				}
			})
		}
	}
}

func dayLogOr(n uint64) entry.DayLog {
	if n == 0 {
		return entry.DayLog{}
	}
	return dayLog(n)
}

// TestDayOfAQuestion: it follows from the size that its header names, and closes with ledger time.
func TestDayOfAQuestion(t *testing.T) {
	l := ledgertest.New(t, bank, hotline, platform, police)
	first := l.S.Size()
	l.Advance(daySecs-1, bank, hotline, platform)
	if last := l.S.Size(); l.S.DayAt(first) != day0 || l.S.DayAt(last) != day0 {
		t.Fatal("the first day")
	}
	before := l.S.Size()
	l.Advance(1, bank, hotline, platform)
	if l.S.DayAt(before) != day0 || l.S.DayAt(l.S.Size()) != day0+1 || l.S.Today() != day0+1 {
		t.Fatalf("%d, %d", l.S.DayAt(before), l.S.DayAt(l.S.Size()))
	}
	l.Advance(state.DayLate-1, bank, hotline, platform)
	if l.S.DayClosed(before) {
		t.Error("closed too early")
	}
	l.Advance(1, bank, hotline, platform)
	if !l.S.DayClosed(before) || l.S.DayClosed(l.S.Size()) {
		t.Error("not closed in time")
	}
	refuses(t, l, l.Commit(bank, day0), entry.ErrDayOpen)
	l.Advance(state.DayDue-state.DayLate, bank, hotline, platform)
	l.Put(l.Commit(bank, day0))
}

// TestLegalHold: it takes seats of two sectors to begin, and again to end.
func TestLegalHold(t *testing.T) {
	l := audited(t)
	on := entry.LegalHold{Member: bank.Name, First: day0, Last: day0 + 9}
	off := on
	off.Release = true
	refuses(t, l, l.Hold(bank, on), entry.ErrAuditParty)
	refuses(t, l, l.Hold(police, off), entry.ErrUnknownHold)
	l.Put(l.Hold(police, on))
	if l.S.Held(bank.Name, day0) {
		t.Error("one seat held it")
	}
	refuses(t, l, l.Hold(police, on), entry.ErrNoChange)
	refuses(t, l, l.Hold(hotline, off), entry.ErrUnknownHold)
	has(t, l.Put(l.Hold(hotline, on)).Events, state.HoldBegun)
	if !l.S.Held(bank.Name, day0+9) || l.S.Held(bank.Name, day0+10) || l.S.Held(platform.Name, day0) {
		t.Error("the wrong days are held")
	}
	l.Put(l.Hold(platform, off))
	if !l.S.Held(bank.Name, day0) {
		t.Error("one seat released it")
	}
	has(t, l.Put(l.Hold(police, off)).Events, state.HoldReleased)
	if l.S.Held(bank.Name, day0) || len(l.S.Holds()) != 1 {
		t.Error("it is held still")
	}
	l.Put(l.Hold(police, on)) // a new one
	if len(l.S.Holds()) != 2 {
		t.Error("a released hold came back")
	}
}

// auditRefusals are refused at the ledger that audited leads to.
func auditRefusals() []refusal {
	commit := func(o ledgertest.Org, b entry.AuditCommit) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte {
			return l.Forge(o.Private(member.Operator), entry.KindAuditCommit, b, nil)
		}
	}
	rows := func(r ...entry.AuditRow) entry.AuditCommit { return entry.AuditCommit{Day: day0, Rows: r} }
	with := func(mutate func(*entry.OpenAudit)) func(*ledgertest.Ledger) []byte {
		p := openAudit(300, police)
		mutate(&p)
		return func(l *ledgertest.Ledger) []byte {
			return l.Forge(police.Private(member.Seat), entry.KindPropose, entry.Propose{Proposal: entry.ProposeAudit, Content: encode(p)}, nil)
		}
	}
	seat := func(kind entry.Kind, body any) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte { return l.Forge(police.Private(member.Seat), kind, body, nil) }
	}
	log := dayLog(5)
	operator := func(body any) func(*ledgertest.Ledger) []byte {
		return func(l *ledgertest.Ledger) []byte {
			return l.Forge(hotline.Private(member.Operator), entry.KindAuditCommit, body, nil)
		}
	}
	return []refusal{
		{"a log without a list of rows", entry.ErrNotCanonical, operator(map[int]any{1: day0})},
		{"a log of a day beyond the year 9999", entry.ErrField, commit(hotline, entry.AuditCommit{Day: entry.MaxDay + 1, Rows: []entry.AuditRow{}})},
		{"a row about nobody's name", entry.ErrField, commit(hotline, rows(entry.AuditRow{Asked: log}))},
		{"an empty row", entry.ErrField, commit(hotline, rows(entry.AuditRow{Member: bank.Name}))},
		{"rows out of order", entry.ErrField, commit(hotline, rows(asked(platform, 1), asked(bank, 1)))},
		{"a row twice", entry.ErrField, commit(hotline, rows(asked(bank, 1), asked(bank, 1)))},
		{"fewer elements than requests", entry.ErrField, commit(hotline, rows(entry.AuditRow{Member: bank.Name, Asked: entry.DayLog{Requests: 2, Elements: 1}}))},
		{"more elements than the requests hold", entry.ErrField, commit(hotline, rows(entry.AuditRow{Member: bank.Name, Asked: entry.DayLog{Requests: 2, Elements: 8193}}))},
		{"a root of nothing", entry.ErrField, commit(hotline, rows(entry.AuditRow{Member: bank.Name, Asked: entry.DayLog{Root: [32]byte{1}}}))},
		{"a row about itself", entry.ErrAuditParty, commit(police, rows(asked(police, 1)))},
		{"a row about a stranger", entry.ErrUnknownMember, commit(hotline, rows(asked(second, 1)))},
		{"a day that is not over", entry.ErrDayOpen, commit(hotline, entry.AuditCommit{Day: day0 + 3, Rows: []entry.AuditRow{}})},
		{"a day that was committed to", entry.ErrNoChange, commit(bank, rows(asked(platform, 501)))},
		{"a day that was passed over", entry.ErrNoChange, commit(bank, entry.AuditCommit{Day: day0 + 1, Rows: []entry.AuditRow{}})},
		{"a log by a seat key", entry.ErrWrongRole, seat(entry.KindAuditCommit, entry.AuditCommit{Day: day0, Rows: []entry.AuditRow{}})},
		{"an audit of no positions", entry.ErrField, with(func(p *entry.OpenAudit) { p.Positions = 0 })},
		{"an audit of too many positions", entry.ErrField, with(func(p *entry.OpenAudit) { p.Positions = 4097 })},
		{"an audit of oneself's questions to oneself", entry.ErrField, with(func(p *entry.OpenAudit) { p.Holder = p.Querier })},
		{"an audit that ends before it begins", entry.ErrField, with(func(p *entry.OpenAudit) { p.First, p.Last = p.Last, p.First })},
		{"an audit of more than a year", entry.ErrField, with(func(p *entry.OpenAudit) { p.First = p.Last - entry.MaxAuditDays })},
		{"an audit without auditors", entry.ErrField, with(func(p *entry.OpenAudit) { p.Auditors = nil })},
		{"an auditor twice", entry.ErrField, with(func(p *entry.OpenAudit) { p.Auditors = append(p.Auditors, p.Auditors[0]) })},
		{"an auditor without a recipient", entry.ErrField, with(func(p *entry.OpenAudit) { p.Auditors[0].Recipient = "age1" })},
		{"an audit of a stranger", entry.ErrUnknownMember, with(func(p *entry.OpenAudit) { p.Querier = second.Name })},
		{"a stranger as auditor", entry.ErrUnknownMember, with(func(p *entry.OpenAudit) { p.Auditors[0].Member = second.Name })},
		{"the holder as auditor", entry.ErrAuditParty, with(func(p *entry.OpenAudit) { p.Auditors[0].Member = platform.Name })},
		{"an audit of days that are not committed to", entry.ErrNotCommitted, with(func(p *entry.OpenAudit) { p.Last++ })},
		{"an audit of a member without logs", entry.ErrNotCommitted, with(func(p *entry.OpenAudit) { p.Querier, p.Auditors[0].Member = hotline.Name, police.Name })},
		{"an audit of a day without questions", entry.ErrNothing, with(func(p *entry.OpenAudit) { p.First, p.Last = day0+1, day0+1 })},
		{"an audit the other way round", entry.ErrNothing, with(func(p *entry.OpenAudit) { p.Querier, p.Holder = p.Holder, p.Querier })},
		{"a nonce for no audit", entry.ErrUnknownAudit, seat(entry.KindAuditNonce, entry.AuditNonce{})},
		{"a reveal for no audit", entry.ErrUnknownAudit, seat(entry.KindAuditReveal, entry.AuditReveal{})},
		{"a verdict on no audit", entry.ErrUnknownAudit, seat(entry.KindAuditVerdict, entry.AuditVerdict{Outcome: entry.OutcomeTrue})},
		{"a verdict that is none", entry.ErrField, seat(entry.KindAuditVerdict, entry.AuditVerdict{Outcome: 5})},
		{"a verdict with too many openings", entry.ErrField, seat(entry.KindAuditVerdict, entry.AuditVerdict{Outcome: 1, Held: 4097})},
		{"a hold on a stranger", entry.ErrUnknownMember, seat(entry.KindLegalHold, entry.LegalHold{Member: second.Name})},
		{"a hold that ends before it begins", entry.ErrField, seat(entry.KindLegalHold, entry.LegalHold{Member: bank.Name, First: 2, Last: 1})},
		{"the release of no hold", entry.ErrUnknownHold, seat(entry.KindLegalHold, entry.LegalHold{Member: bank.Name, Release: true})},
		{"an audit opened by an entry", entry.ErrKindNotServed, seat(entry.KindAuditOpen, openAudit(1, police))},
	}
}

func TestAuditRefusals(t *testing.T) {
	l := audited(t)
	for _, c := range auditRefusals() {
		t.Run(c.name, func(t *testing.T) { refuses(t, l, c.build(l), c.want) })
	}
}

// makeAuditVectors is a history with two audits, of which one had a nonce withheld, and a legal hold.
func makeAuditVectors(t *testing.T) ledgerVectors {
	l := audited(t)
	v := ledgerVectors{}
	for _, c := range auditRefusals() {
		v.refuse(t, l, c.name, c.build(l), c.want)
	}
	id := l.Pass(openAudit(300, hotline, police), hotline, police, platform)
	v.refuse(t, l, "a reveal before the nonces", l.Reveal(police, id), entry.ErrAuditPhase)
	v.refuse(t, l, "a nonce of the querier", l.CommitNonce(bank, id), entry.ErrAuditParty)
	l.Put(l.CommitNonce(hotline, id))
	v.refuse(t, l, "a second nonce of one seat", l.CommitNonce(hotline, id), entry.ErrNoChange)
	l.Put(l.CommitNonce(police, id))
	v.refuse(t, l, "a third nonce", l.CommitNonce(platform, id), entry.ErrAuditPhase)
	v.refuse(t, l, "another nonce than committed to", l.RevealOf(police, entry.AuditReveal{Audit: id}), entry.ErrNonce)
	l.Put(l.Reveal(hotline, id))
	v.refuse(t, l, "a nonce revealed twice", l.Reveal(hotline, id), entry.ErrNoChange)
	l.Advance(state.RevealLife, bank, hotline, platform)
	v.refuse(t, l, "a nonce of a seat that withheld one", l.CommitNonce(police, id), entry.ErrWithheld)
	l.Put(l.CommitNonce(hotline, id))
	l.Put(l.CommitNonce(platform, id))
	l.Put(l.Reveal(platform, id))
	l.Put(l.Reveal(hotline, id))
	verdict := func(o ledgertest.Org, outcome entry.Outcome, held uint64) []byte {
		return l.Verdict(o, entry.AuditVerdict{Audit: id, Outcome: outcome, Held: held})
	}
	v.refuse(t, l, "a verdict of another than the auditors", verdict(platform, entry.OutcomeTrue, 300), entry.ErrNotAnAuditor)
	v.refuse(t, l, "true without all openings", verdict(police, entry.OutcomeTrue, 299), entry.ErrVerdict)
	v.refuse(t, l, "false with all openings", verdict(police, entry.OutcomeFalse, 300), entry.ErrVerdict)
	v.refuse(t, l, "more openings than were drawn", verdict(police, entry.OutcomeFalse, 301), entry.ErrVerdict)
	v.refuse(t, l, "refused while there is time", verdict(police, entry.OutcomeRefused, 0), entry.ErrTooEarly)
	l.Put(verdict(police, entry.OutcomeTrue, 300))
	v.refuse(t, l, "a second verdict of an auditor", verdict(police, entry.OutcomeTrue, 300), entry.ErrNoChange)
	l.Advance(state.AnswerLife, bank, hotline, platform)
	l.Put(verdict(hotline, entry.OutcomeRefused, 12))
	on := entry.LegalHold{Member: bank.Name, First: day0, Last: day0 + 9}
	l.Put(l.Hold(police, on))
	v.refuse(t, l, "a hold called for twice by a seat", l.Hold(police, on), entry.ErrNoChange)
	v.refuse(t, l, "a hold called for by its member", l.Hold(bank, on), entry.ErrAuditParty)
	l.Put(l.Hold(platform, on))
	on.Release = true
	l.Put(l.Hold(hotline, on))
	l.Put(l.Hold(police, on))
	p := policy.Default()
	p.Version, p.Rules[0].RetentionDays = 2, 1
	l.Pass(entry.SetPolicy{Policy: p}, hotline, police, platform)
	l.Advance(daySecs, bank, hotline, platform)
	l.Put(l.Commit(bank, day0+10, asked(platform, 9)))
	l.Put(l.Commit(platform, day0+10, answered(bank, 10))) // differs
	l.Put(l.Commit(bank, day0+11, asked(platform, 9)))
	l.Put(l.Commit(platform, day0+11, answered(bank, 9)))
	l.Advance(2*daySecs, bank, hotline, platform)
	late := openAudit(1, police)
	late.First, late.Last = day0+11, day0+11
	v.refuse(t, l, "an audit of a day that need not be kept", l.Propose(police, late), entry.ErrRetention)
	second := l.Put(l.Propose(police, openAudit(5, police))).Hash
	for _, o := range []ledgertest.Org{hotline, police, platform} {
		l.Put(l.Vote(o, second, true))
	}
	l.Put(l.CommitNonce(police, second))
	l.Pass(entry.SetSector{Member: hotline.Name, Sector: police.Sector}, hotline, police, platform)
	v.refuse(t, l, "a second nonce of one sector", l.CommitNonce(hotline, second), entry.ErrSameSector)
	refused := v.Refused
	v = historyVectors(t, l, "crosslight/ledger/v1: a history with logs, audits and a legal hold, leaf by leaf with the tree root and state hash after each, and entries that it refuses.")
	v.Refused = refused
	return v
}
