package session

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

func goodOffer() ReconcileOffer {
	return ReconcileOffer{
		V: 1, Ledger: ledgerID, Size: 9, Root: [32]byte{0x22}, Initiator: querier.PeerID(), Other: holder.PeerID(), ID: RequestID{7},
		Type: "email", Purpose: "platform-safety", Items: 100, Learn: LearnBoth, Mode: 1, LabelSize: 240, Expires: 1_800_000_000,
	}
}

func goodStart() ReconcileAct {
	return ReconcileAct{Kind: ActStart, Pass: 1, Attempt: RequestID{8}, Items: 90}
}

func signOffer(t testing.TB, o ReconcileOffer) *SignedOffer {
	t.Helper()
	s, err := o.Sign(querierKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func callOf(t testing.TB, o *SignedOffer, act ReconcileAct) (*ReconcileCaller, []byte) {
	t.Helper()
	c, err := NewReconcileCaller(o, querierKey, holder)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := c.Call(act)
	if err != nil {
		t.Fatal(err)
	}
	return c, msg
}

// rawCall signs whatever it is given.
func rawCall(t testing.TB, offer, act any) []byte {
	t.Helper()
	o, a := encode(t, offer), encode(t, act)
	return encode(t, reconcileCall{o, member.Sign(querierKey, offerDomain, o), a, member.Sign(querierKey, actDomain, a)})
}

func TestReconcileCallAndReply(t *testing.T) {
	caller, msg := callOf(t, signOffer(t, goodOffer()), goodStart())
	callee := NewReconcileCallee(ledgerID, holderKey, querier)
	call, err := callee.Receive(msg)
	if err != nil || call.Act.Items != 90 || call.Offer.Offer.Learn != LearnBoth {
		t.Fatalf("%+v, %v", call, err)
	}
	if _, err := callee.Receive(msg); !errors.Is(err, ErrTurn) {
		t.Errorf("a second call: %v", err)
	}
	answer, err := callee.Reply(ReconcileReply{Status: ReconcileApproved, Items: 50})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := callee.Reply(ReconcileReply{Status: ReconcileApproved}); !errors.Is(err, ErrTurn) {
		t.Errorf("a second reply: %v", err)
	}
	reply, err := caller.Receive(answer)
	if err != nil || reply.Reply.Items != 50 {
		t.Fatalf("%+v, %v", reply, err)
	}
	if _, err := caller.Receive(answer); !errors.Is(err, ErrClosed) {
		t.Errorf("a second reply: %v", err)
	}
	if _, err := caller.Call(goodStart()); !errors.Is(err, ErrTurn) {
		t.Errorf("a second call: %v", err)
	}
	early, err := NewReconcileCaller(signOffer(t, goodOffer()), querierKey, holder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := early.Receive(answer); !errors.Is(err, ErrTurn) {
		t.Errorf("a reply to nothing: %v", err)
	}
	if _, err := NewReconcileCaller(signOffer(t, goodOffer()), otherKey, holder); !errors.Is(err, ErrParty) {
		t.Errorf("another's offer: %v", err)
	}
}

// TestCheatingInitiator: what an initiator could sign, and what somebody else could pass on.
func TestCheatingInitiator(t *testing.T) {
	change := func(f func(o *ReconcileOffer, a *ReconcileAct)) []byte {
		o, a := goodOffer(), goodStart()
		f(&o, &ReconcileAct{})
		a.V = 1
		a.Offer = sha256.Sum256(encode(t, o))
		f(&ReconcileOffer{}, &a)
		return rawCall(t, o, a)
	}
	offer := func(f func(o *ReconcileOffer)) []byte {
		return change(func(o *ReconcileOffer, _ *ReconcileAct) { f(o) })
	}
	act := func(f func(a *ReconcileAct)) []byte { return change(func(_ *ReconcileOffer, a *ReconcileAct) { f(a) }) }
	for _, c := range []struct {
		name string
		msg  []byte
		want error
	}{
		{"as it should be", offer(func(*ReconcileOffer) {}), nil},
		{"an empty set", act(func(a *ReconcileAct) { a.Items = 0 }), nil},
		{"offer of version 2", offer(func(o *ReconcileOffer) { o.V = 2 }), ErrVersion},
		{"act of version 2", act(func(a *ReconcileAct) { a.V = 2 }), ErrVersion},
		{"no ledger size", offer(func(o *ReconcileOffer) { o.Size = 0 }), ErrHeader},
		{"another ledger", offer(func(o *ReconcileOffer) { o.Ledger[0]++ }), ErrLedger},
		{"another initiator", offer(func(o *ReconcileOffer) { o.Initiator = other.PeerID() }), ErrParty},
		{"to another", offer(func(o *ReconcileOffer) { o.Other = other.PeerID() }), ErrParty},
		{"no id", offer(func(o *ReconcileOffer) { o.ID = RequestID{} }), ErrHeader},
		{"a bad type", offer(func(o *ReconcileOffer) { o.Type = "E mail" }), ErrHeader},
		{"no purpose", offer(func(o *ReconcileOffer) { o.Purpose = "" }), ErrHeader},
		{"half a commitment", offer(func(o *ReconcileOffer) { o.Case = make([]byte, 16) }), ErrHeader},
		{"a set beyond all", offer(func(o *ReconcileOffer) { o.Items = MaxReconcileItems + 1 }), ErrBatchSize},
		{"nobody learns", offer(func(o *ReconcileOffer) { o.Learn = "" }), ErrHeader},
		{"no mode", offer(func(o *ReconcileOffer) { o.Mode = 0 }), ErrHeader},
		{"a label beyond all", offer(func(o *ReconcileOffer) { o.LabelSize = MaxReconcileLabel + 1 }), ErrHeader},
		{"no end", offer(func(o *ReconcileOffer) { o.Expires = 0 }), ErrHeader},
		{"about another offer", act(func(a *ReconcileAct) { a.Offer[0] ^= 1 }), ErrHeader},
		{"an unknown act", act(func(a *ReconcileAct) { a.Kind = 4 }), ErrHeader},
		{"pass 0", act(func(a *ReconcileAct) { a.Pass = 0 }), ErrHeader},
		{"pass 3", act(func(a *ReconcileAct) { a.Pass = 3 }), ErrHeader},
		{"no attempt", act(func(a *ReconcileAct) { a.Attempt = RequestID{} }), ErrHeader},
		{"more than was offered", act(func(a *ReconcileAct) { a.Items = 101 }), ErrBatchSize},
		{"messages beyond all", act(func(a *ReconcileAct) { a.Received = 1 << 40 }), ErrHeader},
		{"a delivery that starts", act(func(a *ReconcileAct) { a.Kind = ActDeliver }), ErrHeader},
		{"signed the other way round", func() []byte {
			o := encode(t, goodOffer())
			a := goodStart()
			a.V, a.Offer = 1, sha256.Sum256(o)
			raw := encode(t, a)
			return encode(t, reconcileCall{o, member.Sign(querierKey, actDomain, o), raw, member.Sign(querierKey, offerDomain, raw)})
		}(), ErrSignature},
		{"too long", make([]byte, MaxReconcileCall+1), wire.ErrTooLarge},
		{"nothing", nil, wire.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewReconcileCallee(ledgerID, holderKey, querier).Receive(c.msg); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	good := offer(func(*ReconcileOffer) {})
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := NewReconcileCallee(ledgerID, holderKey, querier).Receive(bad); err == nil {
			t.Errorf("byte %d was changed unseen", i)
		}
	}
}

// TestCheatingOther: what the other could sign.
func TestCheatingOther(t *testing.T) {
	reply := func(f func(r *ReconcileReply)) func(r ReconcileReply) ReconcileReply {
		return func(r ReconcileReply) ReconcileReply { f(&r); return r }
	}
	for _, c := range []struct {
		name string
		make func(ReconcileReply) ReconcileReply
		act  ReconcileAct
		want error
	}{
		{"as it should be", reply(func(*ReconcileReply) {}), goodStart(), nil},
		{"version 2", reply(func(r *ReconcileReply) { r.V = 2 }), goodStart(), ErrVersion},
		{"another ledger", reply(func(r *ReconcileReply) { r.Ledger[0]++ }), goodStart(), ErrReceipt},
		{"another initiator", reply(func(r *ReconcileReply) { r.Initiator = other.PeerID() }), goodStart(), ErrReceipt},
		{"about another offer", reply(func(r *ReconcileReply) { r.Offer[0]++ }), goodStart(), ErrReceipt},
		{"about another act", reply(func(r *ReconcileReply) { r.Act[0]++ }), goodStart(), ErrReceipt},
		{"about nothing", reply(func(r *ReconcileReply) { r.Offer, r.Act = [32]byte{}, [32]byte{} }), goodStart(), ErrReceipt},
		{"an unknown status", reply(func(r *ReconcileReply) { r.Status = "ok" }), goodStart(), ErrHeader},
		{"a status with a rule", reply(func(r *ReconcileReply) { r.Rule = "x" }), goodStart(), ErrHeader},
		{"pending with a position", reply(func(r *ReconcileReply) { r.Status = ReconcilePending }), goodStart(), ErrHeader},
		{"a set beyond all", reply(func(r *ReconcileReply) { r.Items = MaxReconcileItems + 1 }), goodStart(), ErrBatchSize},
		{"messages beyond all", reply(func(r *ReconcileReply) { r.Received = 1 << 40 }), goodStart(), ErrHeader},
		{"over where nothing was started", reply(func(r *ReconcileReply) { r.Status, r.Items = ReconcileOver, 0 }), ReconcileAct{Kind: ActDeliver}, ErrReceipt},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := signOffer(t, goodOffer())
			caller, msg := callOf(t, o, c.act)
			call, err := ParseReconcileCall(msg, querier)
			if err != nil {
				t.Fatal(err)
			}
			raw := encode(t, c.make(ReconcileReply{
				V: 1, Ledger: ledgerID, Initiator: querier.PeerID(), Other: holder.PeerID(), Offer: o.Hash, Act: call.Hash,
				Status: ReconcileApproved, Items: 5,
			}))
			_, err = caller.Receive(encode(t, signedReply{raw, member.Sign(holderKey, replyDomain, raw)}))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestReconcileRefusals: every refusal arrives as it was meant, and those that read nothing are about nothing.
func TestReconcileRefusals(t *testing.T) {
	for _, code := range reconcileRefusals {
		caller, msg := callOf(t, signOffer(t, goodOffer()), goodStart())
		callee := NewReconcileCallee(ledgerID, holderKey, querier)
		if _, err := callee.Receive(msg); err != nil {
			t.Fatal(err)
		}
		var r ReconcileReply
		r.Refuse(&Refusal{Code: code, Rule: "r", RetryAfter: 1500 * time.Millisecond, ResetsAt: time.Unix(99, 0)})
		answer, err := callee.Reply(r)
		if err != nil {
			t.Fatal(err)
		}
		_, err = caller.Receive(answer)
		var got *Refusal
		if !errors.As(err, &got) || got.Code != code || got.Rule != "r" || got.RetryAfter != 2*time.Second || got.ResetsAt.Unix() != 99 {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, code := range reconcileRefusals {
		caller, _ := callOf(t, signOffer(t, goodOffer()), goodStart())
		callee := NewReconcileCallee(ledgerID, holderKey, querier)
		_, err := callee.Receive([]byte{0xa0})
		var r ReconcileReply
		r.Refuse(&Refusal{Code: code})
		answer, rerr := callee.Reply(r)
		if err == nil || rerr != nil {
			t.Fatal(err, rerr)
		}
		_, err = caller.Receive(answer)
		if want := code.unbound(); errors.Is(err, ErrReceipt) == want {
			t.Errorf("%s without having read: %v", code, err)
		}
	}
}
