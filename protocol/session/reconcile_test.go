package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
	"github.com/crosslight/crosslight/specs"
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

// echo stands in for an engine: it says n things in turn.
type echo struct {
	speaks     bool
	n, said    int
	heard      []byte
	transcript [32]byte
}

func (e *echo) Next() ([]byte, error) {
	if !e.speaks || e.said == e.n {
		return nil, nil
	}
	e.speaks = false
	e.said++
	return []byte{byte(e.said)}, nil
}

func (e *echo) Receive(m []byte) error {
	if e.speaks || len(m) != 1 {
		return ErrTurn
	}
	e.speaks = true
	e.heard = append(e.heard, m[0])
	return nil
}

func (e *echo) Done() bool           { return e.said == e.n && len(e.heard) == e.n }
func (e *echo) Transcript() [32]byte { return e.transcript }

func passes(change func(*ReconcileReceipt)) (*ReconcilePass, *ReconcilePass) {
	r := ReconcileReceipt{
		Ledger: ledgerID, Offer: [32]byte{1}, Pass: 1, Attempt: RequestID{8}, Receiver: querier.PeerID(), Sender: holder.PeerID(),
		ReceiverItems: 90, SenderItems: 50, Charged: 200,
	}
	theirs := r
	change(&theirs)
	return NewReconcilePass(&echo{speaks: true, n: 3}, true, r, querierKey, holder), NewReconcilePass(&echo{n: 3}, false, theirs, holderKey, querier)
}

// exchangeAll carries messages until neither has any.
func exchangeAll(a, b *ReconcilePass) error {
	for moved := true; moved; {
		moved = false
		for _, pair := range [][2]*ReconcilePass{{a, b}, {b, a}} {
			msg, err := pair[0].Next()
			if err != nil {
				return err
			}
			if msg == nil {
				continue
			}
			moved = true
			if err := pair[1].Receive(msg); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestReconcilePass(t *testing.T) {
	a, b := passes(func(*ReconcileReceipt) {})
	if _, err := a.Own(); !errors.Is(err, ErrTurn) {
		t.Errorf("a receipt before the end: %v", err)
	}
	if err := exchangeAll(a, b); err != nil || !a.Done() || !b.Done() {
		t.Fatalf("%v, %v, %v", err, a.Done(), b.Done())
	}
	_, r, err := ParseReconcileReceipt(encode(t, *a.Theirs()), holder)
	if err != nil || r.Charged != 200 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, change := range map[string]func(*ReconcileReceipt){
		"another size":   func(r *ReconcileReceipt) { r.SenderItems++ },
		"another charge": func(r *ReconcileReceipt) { r.Charged-- },
		"another pass":   func(r *ReconcileReceipt) { r.Pass = 2 },
		"exchanged":      func(r *ReconcileReceipt) { r.Receiver, r.Sender = r.Sender, r.Receiver },
	} {
		a, b := passes(change)
		if err := exchangeAll(a, b); !errors.Is(err, ErrReceipt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a, b = passes(func(*ReconcileReceipt) {})
	b.engine.(*echo).transcript[0] = 1
	if err := exchangeAll(a, b); !errors.Is(err, ErrReceipt) {
		t.Errorf("another transcript: %v", err)
	}
}

// TestReconcileReceiptTurn: the initiator's receipt comes first, and a lost one is said again.
func TestReconcileReceiptTurn(t *testing.T) {
	a, b := passes(func(*ReconcileReceipt) {})
	a.engine.(*echo).n, b.engine.(*echo).n = 0, 0
	receipt, err := b.Own()
	if err != nil {
		t.Fatal(err)
	}
	if msg, err := b.Next(); err != nil || msg != nil {
		t.Errorf("the other spoke first: %x, %v", msg, err)
	}
	if err := a.Receive(receipt); !errors.Is(err, ErrTurn) {
		t.Errorf("the other's receipt first: %v", err)
	}
	lost, err := a.Next()
	if err != nil {
		t.Fatal(err)
	}
	if msg, _ := a.Next(); msg != nil {
		t.Error("said twice")
	}
	a.Resume()
	again, err := a.Next()
	if err != nil || !bytes.Equal(lost, again) {
		t.Errorf("not the same again: %v", err)
	}
	if err := b.Receive(again); err != nil {
		t.Fatal(err)
	}
	if err := b.Receive(again); !errors.Is(err, ErrTurn) {
		t.Errorf("after the end: %v", err)
	}
	if err := a.Receive(receipt); err != nil || !a.Done() {
		t.Errorf("%v", err)
	}
}

func TestReconcileCDDL(t *testing.T) {
	for _, d := range specs.SchemaDifference("reconcile.cddl", map[string]any{
		"call": reconcileCall{}, "offer": ReconcileOffer{}, "act": ReconcileAct{}, "signed-reply": signedReply{}, "reply": ReconcileReply{},
		"signed-receipt": SignedReconcileReceipt{}, "receipt": ReconcileReceipt{},
	}) {
		t.Error(d)
	}
}

// FuzzReconcileCall signs whatever the fuzzer makes, so that what lies behind the signatures is reached.
func FuzzReconcileCall(f *testing.F) {
	o := encode(f, goodOffer())
	a := goodStart()
	a.V, a.Offer = 1, sha256.Sum256(o)
	f.Add(o, encode(f, a), false)
	f.Add([]byte{0xa0}, []byte{}, true)
	f.Fuzz(func(t *testing.T, offer, act []byte, bare bool) {
		msg := offer
		if !bare {
			msg = encode(t, reconcileCall{offer, member.Sign(querierKey, offerDomain, offer), act, member.Sign(querierKey, actDomain, act)})
		}
		c, err := NewReconcileCallee(ledgerID, holderKey, querier).Receive(msg)
		named(t, err)
		if err != nil {
			return
		}
		if !bytes.Equal(encode(t, c.Offer.Offer), c.Offer.Raw) || !bytes.Equal(encode(t, c.Act), c.RawAct) {
			t.Fatal("an offer or an act with two encodings")
		}
		if c.Act.Items > c.Offer.Offer.Items || c.Offer.Offer.Items > MaxReconcileItems {
			t.Fatal("a call that should not have passed")
		}
	})
}

func FuzzReconcileReply(f *testing.F) {
	r := ReconcileReply{V: 1, Ledger: ledgerID, Initiator: querier.PeerID(), Other: holder.PeerID(), Status: ReconcilePending}
	f.Add(encode(f, r))
	f.Fuzz(func(t *testing.T, reply []byte) {
		msg := encode(t, signedReply{reply, member.Sign(holderKey, replyDomain, reply)})
		s, err := ParseReconcileReply(msg, holder)
		named(t, err)
		if err == nil && !bytes.Equal(encode(t, s.Reply), s.Raw) {
			t.Fatal("a reply with two encodings")
		}
	})
}

func FuzzReconcileReceipt(f *testing.F) {
	a, b := passes(func(*ReconcileReceipt) {})
	if err := exchangeAll(a, b); err != nil {
		f.Fatal(err)
	}
	f.Add(a.Theirs().Receipt)
	f.Fuzz(func(t *testing.T, receipt []byte) {
		msg := encode(t, SignedReconcileReceipt{receipt, member.Sign(holderKey, reconcileReceiptDomain, receipt)})
		_, r, err := ParseReconcileReceipt(msg, holder)
		named(t, err)
		if err == nil && !bytes.Equal(encode(t, r), receipt) {
			t.Fatal("a receipt with two encodings")
		}
	})
}

var recordReconcile = flag.Bool("reconcile.record", false, "write the vectors of crosslight/reconcile/v1 anew")

const reconcileFile = "../../specs/vectors/reconcile.json"

type reconcileVectors struct {
	InitiatorSeed unhexed         `json:"initiator_seed"`
	OtherSeed     unhexed         `json:"other_seed"`
	Offer         unhexed         `json:"offer"`
	Act           unhexed         `json:"act"`
	Call          unhexed         `json:"call"`
	Context       unhexed         `json:"context"`
	Reply         unhexed         `json:"reply"`
	Receipt       unhexed         `json:"receipt"`
	Invalid       []invalidVector `json:"invalid"`
}

// madeReconcile makes what the vectors hold, from the keys and fields of this file.
func madeReconcile(t *testing.T) map[string][]byte {
	t.Helper()
	o := signOffer(t, goodOffer())
	_, msg := callOf(t, o, goodStart())
	callee := NewReconcileCallee(ledgerID, holderKey, querier)
	call, err := callee.Receive(msg)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := callee.Reply(ReconcileReply{Status: ReconcileApproved, Items: 50})
	if err != nil {
		t.Fatal(err)
	}
	a, b := passes(func(*ReconcileReceipt) {})
	if err := exchangeAll(a, b); err != nil {
		t.Fatal(err)
	}
	receipt, err := a.Own()
	if err != nil {
		t.Fatal(err)
	}
	context := o.Context(1, goodStart().Attempt)
	return map[string][]byte{
		"initiator_seed": querierKey.Seed(), "other_seed": holderKey.Seed(), "offer": o.Raw, "act": call.RawAct, "call": msg,
		"context": context[:], "reply": reply, "receipt": receipt,
	}
}

func TestReconcileVectors(t *testing.T) {
	made := madeReconcile(t)
	if *recordReconcile {
		writeReconcile(t, made)
	}
	var v reconcileVectors
	raw, err := os.ReadFile(reconcileFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]unhexed{
		"initiator_seed": v.InitiatorSeed, "other_seed": v.OtherSeed, "offer": v.Offer, "act": v.Act, "call": v.Call,
		"context": v.Context, "reply": v.Reply, "receipt": v.Receipt,
	} {
		if len(got) == 0 || !bytes.Equal(got, made[name]) {
			t.Errorf("%s is not the vector's", name)
		}
	}
	if len(v.Invalid) < 5 {
		t.Fatalf("%d vectors of faults", len(v.Invalid))
	}
	for _, x := range v.Invalid {
		var err error
		switch x.Message {
		case "call":
			_, err = NewReconcileCallee(ledgerID, holderKey, querier).Receive(x.Bytes)
		case "reply":
			_, err = ParseReconcileReply(x.Bytes, holder)
		case "receipt":
			_, _, err = ParseReconcileReceipt(x.Bytes, querier)
		}
		if !errors.Is(err, x.want(t)) {
			t.Errorf("%s: %v, want %s", x.Why, err, x.Error)
		}
	}
}

func writeReconcile(t *testing.T, made map[string][]byte) {
	t.Helper()
	flip := func(b []byte, at int) []byte { b = bytes.Clone(b); b[at] ^= 1; return b }
	twice := goodOffer()
	twice.Learn = "all"
	act := goodStart()
	act.V, act.Offer = 1, sha256.Sum256(encode(t, goodOffer()))
	more := act
	more.Items = 101
	older := goodOffer()
	older.V = 2
	out := map[string]any{}
	for name, b := range made {
		out[name] = hex.EncodeToString(b)
	}
	var invalid []map[string]string
	for _, x := range []struct {
		why, message, fault string
		b                   []byte
	}{
		{"the act's signature was changed", "call", "signature", flip(made["call"], len(made["call"])-1)},
		{"an offer of version 2", "call", "version", rawCall(t, older, act)},
		{"an unknown learner", "call", "header", rawCall(t, twice, act)},
		{"more than was offered", "call", "batch", rawCall(t, goodOffer(), more)},
		{"a byte behind the message", "call", "malformed", append(bytes.Clone(made["call"]), 0)},
		{"a signature of another message", "reply", "signature", flip(made["reply"], len(made["reply"])-1)},
		{"an empty map", "reply", "not-canonical", []byte{0xa0}},
		{"a signature that was changed", "receipt", "signature", flip(made["receipt"], len(made["receipt"])-1)},
	} {
		invalid = append(invalid, map[string]string{"why": x.why, "message": x.message, "error": x.fault, "bytes": hex.EncodeToString(x.b)})
	}
	out["invalid"] = invalid
	b, err := json.MarshalIndent(out, "", "  ")
	if err == nil {
		err = os.WriteFile(reconcileFile, append(b, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
