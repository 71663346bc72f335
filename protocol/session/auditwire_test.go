package session

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

func logReply(t testing.TB) (AuditReply, ed25519.PrivateKey) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	log, err := NewQueryLog([]LogRequest{{Hash: [32]byte{2}, Count: 3}, {Hash: [32]byte{1}, Count: 4}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := SignLog(LogSummary{Ledger: [32]byte{9}, Querier: "q", Holder: member.PublicOf(key).PeerID(), Day: 7}, log, key)
	if err != nil {
		t.Fatal(err)
	}
	return r, key
}

// TestLogIsSigned: for one querier, one day and one ledger.
func TestLogIsSigned(t *testing.T) {
	r, key := logReply(t)
	b, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if r, err = ParseAuditReply(b); err != nil {
		t.Fatal(err)
	}
	want := LogSummary{Ledger: [32]byte{9}, Querier: "q", Day: 7}
	s, hashes, err := r.Log(want, member.PublicOf(key))
	if err != nil || s.Requests != 2 || s.Elements != 7 || len(hashes) != 2 || hashes[0] != [32]byte{1} {
		t.Fatalf("%+v, %v, %v", s, hashes, err)
	}
	for name, w := range map[string]LogSummary{
		"another ledger":  {Querier: "q", Day: 7},
		"another querier": {Ledger: want.Ledger, Querier: "x", Day: 7},
		"another day":     {Ledger: want.Ledger, Querier: "q", Day: 8},
	} {
		if _, _, err := r.Log(w, member.PublicOf(key)); !errors.Is(err, ErrLog) {
			t.Errorf("%s: %v", name, err)
		}
	}
	short := r
	short.Hashes = r.Hashes[32:]
	if _, _, err := short.Log(want, member.PublicOf(key)); !errors.Is(err, ErrLog) {
		t.Errorf("a hash less: %v", err)
	}
	forged := r
	forged.Signature = make([]byte, 64)
	if _, _, err := forged.Log(want, member.PublicOf(key)); !errors.Is(err, ErrSignature) {
		t.Errorf("unsigned: %v", err)
	}
}

func TestAuditAskIsOneThing(t *testing.T) {
	for name, a := range map[string]AuditAsk{
		"nothing": {}, "both": {Log: &AuditAskLog{}, Deliver: &AuditDeliver{}},
	} {
		b, err := a.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseAuditAsk(b); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := AuditAsk{Log: &AuditAskLog{Day: 3}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if a, err := ParseAuditAsk(b); err != nil || a.Log.Day != 3 {
		t.Errorf("%+v, %v", a, err)
	}
}

func FuzzParseAuditAsk(f *testing.F) {
	for _, a := range []AuditAsk{{Log: &AuditAskLog{Day: 3}}, {Deliver: &AuditDeliver{Answer: []byte{1}}}} {
		b, err := a.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAuditAsk(b)
		if err != nil {
			return
		}
		if again, err := a.Bytes(); err != nil || string(again) != string(b) {
			t.Errorf("another encoding: %v", err)
		}
	})
}

func FuzzParseAuditReply(f *testing.F) {
	r, key := logReply(f)
	b, err := r.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseAuditReply(b)
		if err != nil {
			return
		}
		_, _, _ = got.Log(LogSummary{Ledger: [32]byte{9}, Querier: "q", Day: 7}, member.PublicOf(key))
	})
}
