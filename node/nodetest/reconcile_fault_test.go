package nodetest

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// sets lets everybody compare e-mail addresses with everybody, up to a size and a budget.
func sets(size, evaluations uint64, learn string) *hub.Policy {
	return &hub.Policy{
		Version: 1, Purposes: []string{"child-protection-investigation"},
		Rules: []hub.Rule{{
			ID: "sets", FromSectors: []string{"*"}, ToSectors: []string{"*"}, Types: []string{"email"}, Purposes: []string{"*"},
			Reveal: "label", EvaluationsPerDay: evaluations, RetentionDays: 30, BulkSetSize: size, BulkLearn: learn,
		}},
	}
}

// cutter breaks the streams of a reconciliation at the n-th message that a member sends, once or from then on.
type cutter struct {
	mu      sync.Mutex
	org     string
	after   int
	forever bool
	cut     func(peer string)
}

func (k *cutter) tap(org string) p2p.Tap {
	return func(peer, protocol string, sent bool, _ []byte) {
		k.mu.Lock()
		now := sent && protocol == session.ReconcileProtocol && org == k.org && k.cut != nil
		if now {
			k.after--
			now = k.after == 0 || k.after < 0 && k.forever
		}
		cut := k.cut
		k.mu.Unlock()
		if now {
			cut(peer)
		}
	}
}

func (k *cutter) at(c *Consortium, org string, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.org, k.after, k.forever = org, n, false
	k.cut = func(peer string) { c.Node(org).ResetStreams(peer, session.ReconcileProtocol) }
}

// severed breaks the streams at a message and all that follow, until mended.
func (k *cutter) severed(c *Consortium, org string, n int) {
	k.at(c, org, n)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forever = true
}

func (k *cutter) mended() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cut = nil
}

// automatic approves what policy allows, and gives a silent peer up after some seconds.
func automatic(patience time.Duration) func(string, *node.Config) {
	return func(_ string, cfg *node.Config) { cfg.ReconcileAutomatic, cfg.ReconcilePatience = true, patience }
}

// TestReconcileGoesOn: a stream that breaks at any message is taken up again, nothing is charged twice, and what is
// found is what would have been.
func TestReconcileGoesOn(t *testing.T) {
	t.Parallel()
	k := &cutter{}
	c := New(t, Trio(), Options{Policy: sets(1000, 1_000_000, "both"), Tap: k.tap, Config: automatic(6 * time.Second)})
	twoSets(t, c, 40, 60, 15)
	charged := uint64(0)
	for _, org := range []string{"platform", "bank"} {
		for n := 2; n <= 14; n++ {
			k.at(c, org, n)
			r, err := c.Hub("platform").RequestReconcile(context.Background(), hub.ReconcileRequest{Member: "bank", Type: "email", Purpose: "child-protection-investigation"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Hub("platform").RunReconcile(context.Background(), r.ID); err != nil && !errors.Is(err, hub.ErrUnavailable) {
				t.Fatalf("%s cut at message %d: %v", org, n, err)
			} else if err != nil {
				runReconcile(t, c, r.ID)
			}
			mine := reconcileAt(t, c, "platform", r.ID, "done", "failed", "cancelled", "approved")
			if mine.State != "done" {
				t.Fatalf("%s cut at message %d: %s (%v), pass %d", org, n, mine.State, *mine.Detail, mine.PassesDone)
			}
			theirs := reconcileAt(t, c, "bank", r.ID, "done", "failed", "cancelled")
			if mine.State != "done" || theirs.State != "done" || len(mine.Matches) != 15 || len(theirs.Matches) != 15 {
				t.Fatalf("%s cut at message %d: %s (%v), %s (%v), %d and %d matches", org, n,
					mine.State, mine.Detail, theirs.State, theirs.Detail, len(mine.Matches), len(theirs.Matches))
			}
			charged += mine.Receipts[0].Charged
			if used := budget(t, c, "bank").Here[0].Used; used != charged {
				t.Fatalf("%s cut at message %d: %d used, and receipts say %d", org, n, used, charged)
			}
		}
	}
}

// TestReconcileOver: after a restart of the other an attempt is over, and the next one is paid for again; what either
// side cancels ends at both.
func TestReconcileOver(t *testing.T) {
	t.Parallel()
	k := &cutter{}
	c := New(t, Trio(), Options{Policy: sets(1000, 1_000_000, "initiator"), Tap: k.tap, Config: automatic(6 * time.Second)})
	twoSets(t, c, 40, 60, 15)
	interrupted := func() string {
		k.severed(c, "platform", 4)
		r := requestReconcile(t, c, "")
		_, _ = c.Hub("platform").RunReconcile(context.Background(), r.ID)
		c.Until("the run is interrupted", func() bool {
			got, err := c.Hub("platform").ReconcileByID(context.Background(), r.ID)
			return err == nil && got.State == "running" && got.Detail != nil && strings.Contains(*got.Detail, "broke")
		})
		return r.ID
	}
	id := interrupted()
	c.Stop("bank")
	c.Start("bank")
	c.Ready()
	k.mended()
	mine := reconcileAt(t, c, "platform", id, "done", "failed", "cancelled", "approved")
	if mine.State != "done" || len(mine.Matches) != 15 {
		t.Fatalf("%s, %v, %d matches", mine.State, mine.Detail, len(mine.Matches))
	}
	if used := budget(t, c, "bank").Here[0].Used; used != 2*mine.Receipts[0].Charged {
		t.Errorf("%d used for two attempts of %d", used, mine.Receipts[0].Charged)
	}

	id = interrupted()
	if r, err := c.Hub("bank").CancelReconcile(context.Background(), hub.ReconcileCancel{ID: id}); err != nil || r.State != "cancelled" {
		t.Fatalf("%+v, %v", r, err)
	}
	k.mended()
	reconcileAt(t, c, "platform", id, "cancelled")

	id = interrupted()
	k.mended()
	if _, err := c.Hub("platform").CancelReconcile(context.Background(), hub.ReconcileCancel{ID: id}); err == nil {
		reconcileAt(t, c, "bank", id, "cancelled")
	} else if !errors.Is(err, hub.ErrConflict) { // it was quicker, and is done
		t.Error(err)
	}
}

// TestReconcileRefused: what policy, the operator, the budget or the set forbids ends with a reason, before anything
// is compared.
func TestReconcileRefused(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{Policy: sets(100, 500, "initiator")})
	twoSets(t, c, 60, 90, 15)
	try := func(req hub.ReconcileRequest) error {
		req.Member, req.Purpose = "bank", "child-protection-investigation"
		_, err := c.Hub("platform").RequestReconcile(context.Background(), req)
		return err
	}
	for what, c := range map[string]struct {
		req  hub.ReconcileRequest
		want error
	}{
		"another type":      {hub.ReconcileRequest{Type: "phone"}, hub.ErrDenied},
		"too many":          {hub.ReconcileRequest{Type: "email", Items: 101}, hub.ErrDenied},
		"the other learns":  {hub.ReconcileRequest{Type: "email", Learn: "other"}, hub.ErrDenied},
		"both learn":        {hub.ReconcileRequest{Type: "email", Learn: "both"}, hub.ErrDenied},
		"fewer than it has": {hub.ReconcileRequest{Type: "email", Items: 59}, hub.ErrInvalid},
		"nobody learns":     {hub.ReconcileRequest{Type: "email", Learn: "all"}, hub.ErrDenied},
		"no type":           {hub.ReconcileRequest{Type: "mail"}, hub.ErrInvalid},
	} {
		if err := try(c.req); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}

	denied := requestReconcile(t, c, "")
	if _, err := c.Hub("bank").DecideReconcile(context.Background(), hub.ReconcileDecision{ID: denied.ID}); err != nil {
		t.Fatal(err)
	}
	if r, err := c.Hub("platform").RunReconcile(context.Background(), denied.ID); err != nil || r.State != "denied" {
		t.Errorf("run what was denied: %s, %v", r.State, err)
	}

	first := requestReconcile(t, c, "")
	approve(t, c, first.ID)
	if r := runReconcile(t, c, first.ID); r.State != "done" || len(r.Matches) != 15 {
		t.Fatalf("%s, %v, %d matches", r.State, r.Detail, len(r.Matches))
	}
	used := budget(t, c, "bank").Here[0].Used
	var spent hub.Reconcile
	for range 5 { // each takes more than a tenth of the budget
		spent = requestReconcile(t, c, "")
		approve(t, c, spent.ID)
		if _, err := c.Hub("platform").RunReconcile(context.Background(), spent.ID); err != nil {
			if !errors.Is(err, hub.ErrDenied) || !strings.Contains(err.Error(), "budget") {
				t.Errorf("a spent budget: %v", err)
			}
			break
		}
		reconcileAt(t, c, "platform", spent.ID, "done")
		used = budget(t, c, "bank").Here[0].Used
	}
	if now := budget(t, c, "bank").Here[0].Used; now != used || now > 500 {
		t.Errorf("%d used, %d before the refusal", now, used)
	}
	if r := reconcileAt(t, c, "platform", spent.ID, "approved", "pending"); r.Detail == nil || !strings.Contains(*r.Detail, "resets") {
		t.Errorf("it does not say when it resets: %+v", r.Detail)
	}

	twoSetsMore(t, c)
	if _, err := c.Hub("platform").RunReconcile(context.Background(), spent.ID); !errors.Is(err, hub.ErrConflict) || !strings.Contains(err.Error(), "grown") {
		t.Errorf("a set that has grown: %v", err)
	}
	if _, err := c.Hub("bank").CancelReconcile(context.Background(), hub.ReconcileCancel{ID: spent.ID}); err != nil {
		t.Fatal(err)
	}
	if r := reconcileAt(t, c, "bank", spent.ID, "cancelled"); r.Matches == nil {
		t.Error("an absent array")
	}
}

// twoSetsMore makes the platform's set larger than policy allows.
func twoSetsMore(t *testing.T, c *Consortium) {
	t.Helper()
	var rows strings.Builder
	for i := range 50 {
		rows.WriteString("email,later-" + strings.Repeat("x", i) + "@example.com,payment,,,,\n")
	}
	importCSV(t, c, "platform", rows.String())
}

// TestReconcileRogue: an initiator that speaks another version, announces what it does not bring, floods or falls
// silent is refused or given up, and the next one is served.
func TestReconcileRogue(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{Policy: sets(1000, 100_000, "both"), Config: automatic(2 * time.Second)})
	twoSets(t, c, 5, 60, 5)
	c.allFinal()
	rogue := c.Rogue("platform")
	bank := c.Card("bank")
	var size uint64
	var root [32]byte
	c.Node("bank").Ledger().ViewBoth(func(final, _ *state.State, _ replica.FinalPoint) { size, root = final.Size(), final.Root() })
	offer := func(n byte, items uint64) *session.SignedOffer {
		o, err := session.ReconcileOffer{
			Ledger: rogue.LedgerID, Size: size, Root: root, Other: bank.Keys.Node.PeerID(), ID: session.RequestID{n}, Type: "email",
			Purpose: "child-protection-investigation", Items: items, Learn: session.LearnInitiator, Mode: 1, LabelSize: 240,
			Expires: time.Now().Add(time.Hour).Unix(),
		}.Sign(rogue.Ring.Private(member.Node))
		c.must(err)
		return o
	}
	start := func(o *session.SignedOffer, items uint64) (p2p.Stream, *session.SignedReconcileReply, error) {
		caller, err := session.NewReconcileCaller(o, rogue.Ring.Private(member.Node), bank.Keys.Node)
		c.must(err)
		msg, err := caller.Call(session.ReconcileAct{Kind: session.ActStart, Pass: 1, Attempt: session.RequestID{9, o.Offer.ID[0]}, Items: items})
		c.must(err)
		s := rogue.open(t, bank, session.ReconcileProtocol)
		c.must(wire.WriteFrame(s, msg))
		answer, err := wire.ReadFrame(s, session.MaxReconcileReply)
		c.must(err)
		reply, err := caller.Receive(answer)
		if err != nil || reply.Reply.Status != session.ReconcileApproved {
			_ = s.Reset()
		}
		return s, reply, err
	}
	code := func(err error) session.Code {
		var r *session.Refusal
		if errors.As(err, &r) {
			return r.Code
		}
		return ""
	}

	if _, _, err := start(offer(1, 1001), 5); code(err) != session.TooLarge {
		t.Errorf("more than policy allows: %v", err)
	}
	s := rogue.open(t, bank, session.ReconcileProtocol)
	c.must(wire.WriteFrame(s, []byte{0xa0}))
	answer, err := wire.ReadFrame(s, session.MaxReconcileReply)
	c.must(err)
	if r, err := session.ParseReconcileReply(answer, bank.Keys.Node); err != nil || r.Reply.Status != session.ReconcileStatus(session.Malformed) {
		t.Errorf("no call at all: %v, %v", r, err)
	}

	state := func(n byte) (r hub.Reconcile) {
		r, err := c.Hub("bank").ReconcileByID(context.Background(), hex.EncodeToString(append([]byte{n}, make([]byte, 15)...)))
		c.must(err)
		return r
	}
	for n, msg := range map[byte][]byte{2: {2, 0, 0, 0, 0}, 3: make([]byte, 1<<18+1)} {
		s, reply, err := start(offer(n, 5), 5)
		if err != nil || reply.Reply.Status != session.ReconcileApproved || reply.Reply.Items != 60 {
			t.Fatalf("%+v, %v", reply, err)
		}
		_ = wire.WriteFrame(s, msg)
		c.Until("a fault ends it", func() bool { return state(n).State == "failed" })
		if d := state(n).Detail; d == nil || *d == "" {
			t.Error("no reason is given")
		}
	}

	// Silence is given up, and makes room for the next.
	if _, _, err := start(offer(4, 5), 5); err != nil {
		t.Fatal(err)
	}
	if _, _, err := start(offer(5, 5), 5); code(err) != session.Overloaded {
		t.Errorf("two at once: %v", err)
	}
	six := offer(6, 5)
	c.Until("silence is given up", func() bool {
		_, reply, err := start(six, 5)
		return err == nil && reply.Reply.Status == session.ReconcileApproved
	})
	if _, reply, err := start(offer(4, 5), 5); err == nil && reply.Reply.Status != session.ReconcileOver {
		t.Errorf("an attempt that made room: %+v", reply.Reply)
	}
}
