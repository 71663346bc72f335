package session

import (
	"bytes"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

var faults = []error{
	ErrVersion, ErrHeader, ErrSignature, ErrLedger, ErrParty, ErrElements, ErrBatchSize, ErrTurn, ErrReceipt,
	ErrManifest, ErrPart, wire.ErrMalformed, wire.ErrNotCanonical, wire.ErrTooLarge,
}

// named fails for an error that is none of the faults.
func named(t *testing.T, err error) {
	t.Helper()
	for _, f := range faults {
		if errors.Is(err, f) {
			return
		}
	}
	if err != nil {
		t.Fatalf("unnamed error %v", err)
	}
}

// FuzzRequest signs whatever header the fuzzer makes, so that what lies behind the signature is reached.
func FuzzRequest(f *testing.F) {
	h := goodHeader(2)
	raw, err := wire.Encode(h)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, elements(2), false)
	f.Add(raw, elements(1), true)
	f.Add([]byte{0xa0}, []byte{}, true)
	f.Fuzz(func(t *testing.T, header, flat []byte, bare bool) {
		msg := header
		if !bare {
			msg = encode(t, request{header, member.Sign(querierKey, requestDomain, header), flat})
		}
		q, err := newAnswerer(t, 1).Receive(msg)
		named(t, err)
		if err != nil {
			return
		}
		if again := encode(t, &q.Header); !bytes.Equal(again, q.Raw) {
			t.Fatal("a header with two encodings")
		}
		if uint64(len(q.Elements)) != q.Header.Count*ElementSize || q.Header.Querier != querier.PeerID() {
			t.Fatal("a question that should not have passed")
		}
	})
}

func FuzzResponse(f *testing.F) {
	a, h := newAsker(f, 1), newAnswerer(f, 1)
	q := question(f, h, ask(f, a, 1))
	e := evaluate(q)
	receipt := func(request [32]byte, id RequestID, code Code, answer [32]byte) []byte {
		r := h.receipt(request, id, 1)
		r.V, r.Code, r.Answer = version, code, answer
		return encode(f, r)
	}
	f.Add(receipt(q.Hash, q.Header.ID, OK, answerHash(e.Evaluated, e.Proof)), e.Evaluated, e.Proof, false)
	f.Add(receipt([32]byte{}, RequestID{}, Malformed, answerHash(nil, nil)), []byte{}, []byte{}, false)
	f.Add(reply(f, h, q), []byte{}, []byte{}, true)
	f.Fuzz(func(t *testing.T, receipt, evaluated, proof []byte, bare bool) {
		msg := receipt
		if !bare {
			msg = encode(t, response{receipt, member.Sign(holderKey, receiptDomain, receipt), evaluated, proof})
		}
		a := newAsker(t, 1)
		ask(t, a, 1)
		answer, err := a.Receive(msg)
		var refusal *Refusal
		if errors.As(err, &refusal) {
			if len(answer.Evaluated) != 0 || !printableOnly(refusal.Error()) {
				t.Fatal("a refusal that carries something")
			}
			return
		}
		named(t, err)
		if err == nil && (len(answer.Evaluated) != ElementSize || len(answer.Proof) != ProofSize) {
			t.Fatal("an answer of the wrong size")
		}
	})
}

func printableOnly(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return true
}

func FuzzManifest(f *testing.F) {
	body, err := wire.Encode(goodManifest())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, false)
	f.Add(signManifest(f, goodManifest(), holderKey), true)
	f.Fuzz(func(t *testing.T, body []byte, bare bool) {
		msg := body
		if !bare {
			msg = encode(t, signedManifest{body, member.Sign(holderKey, manifestDomain, body)})
		}
		m, err := ParseManifest(msg, holder)
		named(t, err)
		if err == nil {
			if again, err := m.Manifest.Sign(holderKey); err != nil || !bytes.Equal(again.Raw, msg) {
				t.Fatalf("a manifest with two encodings: %v", err)
			}
		}
	})
}

func FuzzMirrorRequest(f *testing.F) {
	p := NewPuller(ledgerID, holder)
	one, _ := p.AskManifests(0)
	two, _ := p.AskPart([32]byte{1}, TagsFile, 0, 9)
	f.Add(one)
	f.Add(two)
	f.Fuzz(func(t *testing.T, msg []byte) {
		r, err := NewProvider(ledgerID).Receive(msg)
		named(t, err)
		if err == nil && !bytes.Equal(encode(t, r), msg) {
			t.Fatal("a request with two encodings")
		}
	})
}

func FuzzMirrorAnswer(f *testing.F) {
	for _, a := range []MirrorAnswer{
		{Code: OK, Part: []byte{1, 2}},
		{Code: OK, Manifests: [][]byte{signManifest(f, goodManifest(), holderKey)}},
		{Code: Overloaded, RetryAfter: 3, Rule: "x"},
	} {
		b, err := wire.Encode(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Fuzz(func(t *testing.T, msg []byte, part bool) {
		p := NewPuller(ledgerID, holder)
		if part {
			_, _ = p.AskPart([32]byte{1}, TagsFile, 0, 2)
		} else {
			_, _ = p.AskManifests(0)
		}
		got, err := p.Receive(msg)
		var refusal *Refusal
		if errors.As(err, &refusal) {
			return
		}
		named(t, err)
		if err == nil && part && len(got.Part) != 2 {
			t.Fatal("a part that was not asked for")
		}
	})
}
