package cosign_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/cosign"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/wire"
)

func checkpoint() tlog.Checkpoint {
	return tlog.Checkpoint{Origin: tlog.Origin([32]byte{1, 2, 3}), Size: 7, Root: tlog.Hash{9}}
}

func cosignature(t testing.TB, seed byte, at uint64) tlog.Cosignature {
	t.Helper()
	s, err := tlog.Cosign(checkpoint(), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestExchange: what is asked and answered arrives as it was.
func TestExchange(t *testing.T) {
	r, err := cosign.NewRequest(checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Encode()
	if err != nil || len(b) > cosign.MaxRequest {
		t.Fatal(len(b), err)
	}
	back, err := cosign.ParseRequest(b)
	if err != nil || back.Checkpoint() != checkpoint() {
		t.Fatal(back, err)
	}
	want := []tlog.Cosignature{cosignature(t, 1, 100), cosignature(t, 2, 200)}
	got := answer(t, want)
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v", got)
	}
	if got := answer(t, nil); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}

func answer(t *testing.T, list []tlog.Cosignature) []tlog.Cosignature {
	t.Helper()
	b, err := cosign.NewResponse(list).Encode()
	if err != nil || len(b) > cosign.MaxResponse {
		t.Fatal(len(b), err)
	}
	got, err := cosign.ParseResponse(b)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestMoreThanFit: an answer is cut, never refused by whoever asked.
func TestMoreThanFit(t *testing.T) {
	var list []tlog.Cosignature
	for i := range 250 {
		list = append(list, cosignature(t, byte(i), 1))
	}
	if got := answer(t, list); len(got) != tlog.MaxLines {
		t.Errorf("%d lines", len(got))
	}
	for i := range list {
		list[i].Name = strings.Repeat("n", 1000)
	}
	if got := answer(t, list[:50]); len(got) == 0 || len(got) == 50 {
		t.Errorf("%d long lines", len(got))
	}
}

func TestRefusals(t *testing.T) {
	encode := func(v any) []byte {
		b, err := wire.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	line := cosignature(t, 1, 100).Line().Bytes()
	for name, r := range map[string]cosign.Request{
		"version 2": {V: 2, Size: 1}, "size 0": {V: 1}, "size 2^48+1": {V: 1, Size: 1<<48 + 1},
	} {
		if _, err := cosign.ParseRequest(encode(r)); !errors.Is(err, cosign.ErrMessage) {
			t.Errorf("request of %s: %v", name, err)
		}
	}
	for name, r := range map[string]cosign.Response{
		"version 0":         {},
		"a line twice":      {V: 1, Lines: append(bytes.Clone(line), line...)},
		"half a line":       {V: 1, Lines: line[:40]},
		"no line feed":      {V: 1, Lines: line[:len(line)-1]},
		"a log signature":   {V: 1, Lines: tlog.Line{Name: "n", ID: 1, Sig: make([]byte, 64)}.Bytes()},
		"a time of 0":       {V: 1, Lines: tlog.Line{Name: "n", ID: 1, Sig: make([]byte, 72)}.Bytes()},
		"longer than ever":  {V: 1, Lines: make([]byte, cosign.MaxResponse)},
		"something beneath": {V: 1, Lines: append(bytes.Clone(line), '\n')},
	} {
		if _, err := cosign.ParseResponse(encode(r)); !errors.Is(err, cosign.ErrMessage) {
			t.Errorf("response with %s: %v", name, err)
		}
	}
	if _, err := cosign.NewRequest(tlog.Checkpoint{Origin: "elsewhere"}); err == nil {
		t.Error("a request about another kind of log")
	}
}

// FuzzResponse: whatever is accepted has one encoding.
func FuzzResponse(f *testing.F) {
	for _, list := range [][]tlog.Cosignature{nil, {cosignature(f, 1, 1)}, {cosignature(f, 1, 1), cosignature(f, 2, 9)}} {
		b, err := cosign.NewResponse(list).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := cosign.ParseResponse(b)
		if err != nil {
			if !errors.Is(err, cosign.ErrMessage) {
				t.Fatal(err)
			}
			return
		}
		again, err := cosign.NewResponse(list).Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x becomes %x, %v", b, again, err)
		}
	})
}

// FuzzRequest: whatever is accepted has one encoding.
func FuzzRequest(f *testing.F) {
	r, err := cosign.NewRequest(checkpoint())
	if err != nil {
		f.Fatal(err)
	}
	b, err := r.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := cosign.ParseRequest(b)
		if err != nil {
			return
		}
		if again, err := r.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x becomes %x, %v", b, again, err)
		}
	})
}
