package session

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// TestCheatingHolder sends a querier what a holder should not.
func TestCheatingHolder(t *testing.T) {
	probe := newAnswerer(t, 1)
	q := question(t, probe, ask(t, newAsker(t, 1), 2))
	e := evaluate(q)
	receipt := func(change func(r *Receipt)) []byte {
		r := probe.receipt(q.Hash, q.Header.ID, 1)
		r.Code, r.Answer = OK, answerHash(e.Evaluated, e.Proof)
		change(r)
		v := r.V
		msg, err := signResponse(r, holderKey, e.Evaluated, e.Proof)
		if err != nil {
			t.Fatal(err)
		}
		if v != 0 {
			r.V = v
			raw := encode(t, r)
			msg = encode(t, response{raw, member.Sign(holderKey, receiptDomain, raw), e.Evaluated, e.Proof})
		}
		return msg
	}
	answer := func(evaluated, proof []byte) []byte {
		r := probe.receipt(q.Hash, q.Header.ID, 1)
		r.Code, r.Answer = OK, answerHash(evaluated, proof)
		msg, err := signResponse(r, holderKey, evaluated, proof)
		if err != nil {
			t.Fatal(err)
		}
		return msg
	}
	swap := func(evaluated, proof []byte) []byte { // under the receipt for the honest answer
		var r response
		if err := wire.Decode(answer(e.Evaluated, e.Proof), &r, MaxResponse); err != nil {
			t.Fatal(err)
		}
		r.Evaluated, r.Proof = evaluated, proof
		return encode(t, r)
	}
	signed := probe.receipt(q.Hash, q.Header.ID, 1)
	signed.V, signed.Code, signed.Answer = 1, OK, answerHash(e.Evaluated, e.Proof)
	raw := encode(t, signed)
	for _, c := range []struct {
		name string
		msg  []byte
		want error
	}{
		{"nothing", nil, wire.ErrMalformed},
		{"too long", make([]byte, MaxResponse+1), wire.ErrTooLarge},
		{"bytes after the end", append(answer(e.Evaluated, e.Proof), 0), wire.ErrMalformed},
		{"version 2", receipt(func(r *Receipt) { r.V = 2 }), ErrVersion},
		{"unknown code", receipt(func(r *Receipt) { r.Code = "fine" }), ErrHeader},
		{"a mirror's code", receipt(func(r *Receipt) { r.Code, r.Answer = NotFound, answerHash(nil, nil) }), ErrHeader},
		{"no querier", receipt(func(r *Receipt) { r.Querier = "" }), ErrHeader},
		{"holder of 65 bytes", receipt(func(r *Receipt) { r.Holder = strings.Repeat("1", 65) }), ErrHeader},
		{"about another ledger", receipt(func(r *Receipt) { r.Ledger[0]++ }), ErrReceipt},
		{"to another querier", receipt(func(r *Receipt) { r.Querier = other.PeerID() }), ErrReceipt},
		{"of another holder", receipt(func(r *Receipt) { r.Holder = other.PeerID() }), ErrReceipt},
		{"about another request", receipt(func(r *Receipt) { r.Request[0]++ }), ErrTurn},
		{"about another request id", receipt(func(r *Receipt) { r.ID[0]++ }), ErrTurn},
		{"about no request, and yet ok", receipt(func(r *Receipt) { r.ID, r.Request = RequestID{}, [32]byte{} }), ErrTurn},
		{"a refusal with an answer", receipt(func(r *Receipt) { r.Code = Suspended }), ErrHeader},
		{"an answer that says when to retry", receipt(func(r *Receipt) { r.RetryAfter = 1 }), ErrHeader},
		{"an answer with a rule", receipt(func(r *Receipt) { r.Rule = "x" }), ErrHeader},
		{"a time before 1970", receipt(func(r *Receipt) { r.ResetsAt = -1 }), ErrHeader},
		{"signed by another", encode(t, response{raw, member.Sign(otherKey, receiptDomain, raw), e.Evaluated, e.Proof}), ErrSignature},
		{"signed as a request", encode(t, response{raw, member.Sign(holderKey, requestDomain, raw), e.Evaluated, e.Proof}), ErrSignature},
		{"other elements than signed", swap(q.Elements, e.Proof), ErrReceipt},
		{"another proof than signed", swap(e.Evaluated, make([]byte, ProofSize)), ErrReceipt},
		{"the border between elements and proof moved", swap(append(bytes.Clone(e.Evaluated), e.Proof[:32]...), e.Proof[32:]), ErrReceipt},
		{"one element short", answer(e.Evaluated[:ElementSize], e.Proof), ErrReceipt},
		{"one element more", answer(elements(3), e.Proof), ErrReceipt},
		{"half an element", answer(elements(2)[:63], e.Proof), ErrReceipt},
		{"no elements", answer(nil, e.Proof), ErrReceipt},
		{"no proof", answer(e.Evaluated, nil), ErrReceipt},
		{"proof of 65 bytes", answer(e.Evaluated, make([]byte, 65)), ErrReceipt},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAsker(t, 1)
			ask(t, a, 2)
			if _, err := a.Receive(c.msg); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if _, _, err := a.Ask(elements(1)); !errors.Is(err, ErrClosed) {
				t.Errorf("after a fault: %v", err)
			}
			if _, err := a.Receive(answer(e.Evaluated, e.Proof)); !errors.Is(err, ErrClosed) {
				t.Errorf("after a fault: %v", err)
			}
		})
	}
	a := newAsker(t, 2)
	if _, err := a.Receive(answer(e.Evaluated, e.Proof)); !errors.Is(err, ErrTurn) {
		t.Errorf("an answer before any question: %v", err)
	}
	a, h := newAsker(t, 2), newAnswerer(t, 2)
	first, second := question(t, h, ask(t, a, 1)), ask(t, a, 1)
	question(t, h, second)
	msg := reply(t, h, first)
	if _, err := a.Receive(msg); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Receive(msg); !errors.Is(err, ErrTurn) {
		t.Errorf("one answer twice: %v", err)
	}
}
