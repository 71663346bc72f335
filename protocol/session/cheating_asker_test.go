package session

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// TestCheatingAsker sends a holder what a querier should not.
func TestCheatingAsker(t *testing.T) {
	sign := func(change func(h *Header)) []byte {
		h := goodHeader(2)
		change(h)
		_, msg, err := signRequest(h, querierKey, elements(2))
		if err != nil {
			t.Fatal(err)
		}
		return msg
	}
	raw := encode(t, goodHeader(2))
	signature := member.Sign(querierKey, requestDomain, raw)
	for _, c := range []struct {
		name string
		msg  []byte
		want error
		code Code
	}{
		{"nothing", nil, wire.ErrMalformed, Malformed},
		{"not CBOR", []byte("hello"), wire.ErrMalformed, Malformed},
		{"cut short", sign(func(*Header) {})[:100], wire.ErrMalformed, Malformed},
		{"bytes after the end", append(sign(func(*Header) {}), 0), wire.ErrMalformed, Malformed},
		{"too long", make([]byte, MaxQuery+1), wire.ErrTooLarge, TooLarge},
		{"version 2", sign(func(h *Header) { h.V = 2 }), ErrVersion, Malformed},
		{"another ledger", sign(func(h *Header) { h.Ledger[0]++ }), ErrLedger, WrongLedger},
		{"empty ledger", sign(func(h *Header) { h.Size = 0 }), ErrHeader, Malformed},
		{"in another's name", sign(func(h *Header) { h.Querier = other.PeerID() }), ErrParty, Malformed},
		{"to another holder", sign(func(h *Header) { h.Holder = other.PeerID() }), ErrParty, Malformed},
		{"peer id with a newline", sign(func(h *Header) { h.Holder = "a\nb" }), ErrHeader, Malformed},
		{"holder of 65 bytes", sign(func(h *Header) { h.Holder = strings.Repeat("a", 65) }), ErrHeader, Malformed},
		{"querier of 65 bytes", sign(func(h *Header) { h.Querier = strings.Repeat("a", 65) }), ErrHeader, Malformed},
		{"no querier", sign(func(h *Header) { h.Querier = "" }), ErrHeader, Malformed},
		{"no holder", sign(func(h *Header) { h.Holder = "" }), ErrHeader, Malformed},
		{"no type", sign(func(h *Header) { h.Type = "" }), ErrHeader, Malformed},
		{"type in capitals", sign(func(h *Header) { h.Type = "Email" }), ErrHeader, Malformed},
		{"type too long", sign(func(h *Header) { h.Type = strings.Repeat("a", 33) }), ErrHeader, Malformed},
		{"purpose with a dash at the end", sign(func(h *Header) { h.Purpose = "a-" }), ErrHeader, Malformed},
		{"case commitment of 31 bytes", sign(func(h *Header) { h.Case = make([]byte, 31) }), ErrHeader, Malformed},
		{"no request id", sign(func(h *Header) { h.ID = RequestID{} }), ErrHeader, Malformed},
		{"no elements", sign(func(h *Header) { h.Count = 0 }), ErrHeader, Malformed},
		{"4,097 elements", sign(func(h *Header) { h.Count = MaxBatch + 1 }), ErrBatchSize, TooLarge},
		{"more elements than said", sign(func(h *Header) { h.Count = 1 }), ErrElements, Malformed},
		{"fewer elements than said", sign(func(h *Header) { h.Count = 3 }), ErrElements, Malformed},
		{"another root", sign(func(h *Header) { h.Tree[0]++ }), ErrElements, Malformed},
		{"elements exchanged", encode(t, request{raw, signature, append(elements(2)[ElementSize:], elements(1)...)}), ErrElements, Malformed},
		{"half an element", encode(t, request{raw, signature, elements(2)[:63]}), ErrElements, Malformed},
		{"signed by another", encode(t, request{raw, member.Sign(otherKey, requestDomain, raw), elements(2)}), ErrSignature, Malformed},
		{"signed as a receipt", encode(t, request{raw, member.Sign(querierKey, receiptDomain, raw), elements(2)}), ErrSignature, Malformed},
		{"not signed", encode(t, request{raw, nil, elements(2)}), ErrSignature, Malformed},
		{"signature of 65 bytes", encode(t, request{raw, append(bytes.Clone(signature), 0), elements(2)}), ErrSignature, Malformed},
		{"header not canonical", encode(t, request{append(raw[:1:1], append([]byte{0x18, 1}, raw[2:]...)...), signature, elements(2)}), wire.ErrNotCanonical, Malformed},
		{"header too long", encode(t, request{make([]byte, MaxHeader+1), signature, elements(2)}), wire.ErrTooLarge, TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newAnswerer(t, 1)
			_, err := h.Receive(c.msg)
			if !errors.Is(err, c.want) || CodeOf(err) != c.code {
				t.Fatalf("got %v (%s), want %v (%s)", err, CodeOf(err), c.want, c.code)
			}
			if _, err := h.Receive(sign(func(*Header) {})); !errors.Is(err, ErrClosed) {
				t.Errorf("after a fault: %v", err)
			}
			msg, err2 := h.Fail(1, &Refusal{Code: CodeOf(err)})
			if err2 != nil {
				t.Fatal(err2)
			}
			a := newAsker(t, 2)
			ask(t, a, 2)
			var refusal *Refusal
			if _, err := a.Receive(msg); !errors.As(err, &refusal) || refusal.Code != c.code || a.Ready() {
				t.Errorf("the asker hears %v", err)
			}
		})
	}
	h := newAnswerer(t, 2)
	question(t, h, sign(func(*Header) {}))
	if _, err := h.Receive(sign(func(*Header) {})); !errors.Is(err, ErrTurn) {
		t.Errorf("one request id twice: %v", err)
	}
	h = newAnswerer(t, 1)
	question(t, h, sign(func(*Header) {}))
	if _, err := h.Receive(sign(func(h *Header) { h.ID[0]++ })); !errors.Is(err, ErrTurn) {
		t.Errorf("more than the window: %v", err)
	}
}
