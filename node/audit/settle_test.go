package audit

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// pipe is a stream between two keepers of one test.
type pipe struct {
	net.Conn
	peer string
}

func (p pipe) Peer() string    { return p.peer }
func (pipe) Protocol() string  { return session.AuditProtocol }
func (p pipe) Reset() error    { return p.Close() }
func (pipe) CloseWrite() error { return nil }

// wired opens streams of one keeper to another; down says that nobody answers.
type wired struct {
	from string
	to   *Keeper
	down bool
}

var errDown = errors.New("the node is down")

func (w *wired) Open(ctx context.Context, _, _ string) (p2p.Stream, error) {
	if w.down {
		return nil, errDown
	}
	near, far := net.Pipe()
	go w.to.Serve(ctx, pipe{far, w.from})
	return pipe{near, ""}, nil
}

// pair is a bench whose bank asks the platform of another bench, over one ledger.
func pair(t *testing.T) (bank, platform *bench, net *wired) {
	bank, platform = newBench(t), newBench(t)
	platform.l = bank.l
	node, root := platform.cfg.Ring.Private(member.Node), ledgertest.Platform.Private(member.Root)
	bank.l.Put(bank.l.Rotate(root, bank.l.Rotation(ledgertest.Platform, member.Node, node, nil, root)))
	bank.l.Closed(ledgertest.Bank, ledgertest.Hotline, ledgertest.Police)
	platform.cfg.Name, platform.cfg.LedgerID = ledgertest.Platform.Name, bank.l.S.LedgerID()
	net = &wired{from: bank.self, to: platform.Keeper}
	bank.cfg.Net = net
	return bank, platform, net
}

// charge has the platform's node log a request of the bank's.
func (b *bench) charge(q *session.Question) {
	b.Helper()
	_, err := b.cfg.Store.Charge(b.Context(), store.Charge{
		RequestID: q.Header.ID, HeaderHash: q.Hash, Querier: q.Header.Querier, Member: ledgertest.Bank.Name, Type: "email", Day: "2026-01-01",
		Count: q.Header.Count, Limit: 1000, Header: q.Raw, Signature: q.Signature,
	})
	if err != nil {
		b.Fatal(err)
	}
}

// TestLostAnswersAreInBothLogs: what arrived and was charged is, whether or not the answer came back; what
// never arrived is in neither; and a holder that is down is waited for, but not for ever.
func TestLostAnswersAreInBothLogs(t *testing.T) {
	bank, platform, net := pair(t)
	platform.l = bank.l
	to := member.PublicOf(platform.cfg.Ring.Private(member.Node))
	ask := func(value string) Asked { return bank.requestTo(to, 30, value) }

	answered, lost, neverArrived := ask("a"), ask("b"), ask("c")
	for _, a := range []Asked{answered, lost, neverArrived} {
		if err := bank.Asked(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	bank.Answered(answered.Question.Hash)
	platform.charge(answered.Question)
	platform.charge(lost.Question)
	due := uint64(day0+1)*86_400 + state.DayDue
	if _, err := bank.settleAsked(t.Context(), day0, ledgertest.Platform.Name, due); !errors.Is(err, errWaiting) {
		t.Fatalf("before the day is over: %v", err)
	}
	bank.l.Advance(86_400+state.DayDue, ledgertest.Hotline, ledgertest.Platform, ledgertest.Police)
	net.down = true
	if _, err := bank.settleAsked(t.Context(), day0, ledgertest.Platform.Name, bank.l.S.Time()); !errors.Is(err, errWaiting) {
		t.Fatalf("while the holder is down: %v", err)
	}
	if log, err := bank.settleAsked(t.Context(), day0, ledgertest.Platform.Name, due+patience); err != nil || log.Requests() != 1 {
		t.Fatalf("after a day: %v", err)
	}
	net.down = false
	asked, err := bank.settleAsked(t.Context(), day0, ledgertest.Platform.Name, bank.l.S.Time())
	if err != nil {
		t.Fatal(err)
	}
	if err := platform.date(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := platform.answeredTo(t.Context(), day0, ledgertest.Bank.Name)
	if err != nil || asked.Requests() != 2 || asked.Root() != other.Root() {
		t.Fatalf("%d asked, %d answered, %v", asked.Requests(), other.Requests(), err)
	}
	a, err := bank.logs(t.Context(), day0, bank.l.S.Time())
	if err != nil || len(a.Rows) != 1 || a.Rows[0].Asked.Elements != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	b, err := platform.logs(t.Context(), day0, bank.l.S.Time())
	if err != nil || len(b.Rows) != 1 || b.Rows[0].Answered != a.Rows[0].Asked {
		t.Fatalf("%+v, %v", b, err)
	}
}

// TestStrangersMessagesAreRefused: what is not of this protocol, not of this ledger, or not for this member.
func TestStrangersMessagesAreRefused(t *testing.T) {
	bank, platform, _ := pair(t)
	encode := func(a session.AuditAsk) []byte {
		b, err := a.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	id := bank.l.S.LedgerID()
	for name, c := range map[string]struct {
		msg  []byte
		want session.AuditCode
	}{
		"nothing":         {nil, session.AuditMalformed},
		"another ledger":  {encode(session.AuditAsk{Log: &session.AuditAskLog{}}), session.AuditMalformed},
		"a day to come":   {encode(session.AuditAsk{Ledger: id, Log: &session.AuditAskLog{Day: day0 + 9}}), session.AuditNotDue},
		"an answer to no": {encode(session.AuditAsk{Ledger: id, Deliver: &session.AuditDeliver{Answer: []byte{1}}}), session.AuditNotOurs},
	} {
		if got := platform.reply(t.Context(), bank.self, c.msg); got.Code != c.want {
			t.Errorf("%s: %s", name, got.Code)
		}
	}
}
