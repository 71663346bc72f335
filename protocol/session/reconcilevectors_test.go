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
)

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
