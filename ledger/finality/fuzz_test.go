package finality

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// seeds adds the vectors of a type.
func seeds(f *testing.F, typ string) {
	raw, err := specs.Vectors.ReadFile(vectorFile)
	if err != nil {
		f.Fatal(err)
	}
	var file vectors
	if err := json.Unmarshal(raw, &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Cases {
		if b, err := hex.DecodeString(c.Bytes); err == nil && c.Type == typ {
			f.Add(b)
		}
	}
}

// named fails for an error that a caller could not tell from others.
func named(t *testing.T, err error) {
	t.Helper()
	for _, known := range errorNames {
		if errors.Is(err, known) {
			return
		}
	}
	t.Fatalf("unnamed error %v", err)
}

// FuzzStep: whatever arrives, the machine answers with nothing or a named error, goes on, and signs
// nothing; and a message has one encoding.
func FuzzStep(f *testing.F) {
	seeds(f, "message")
	b := newBench(f)
	state := b.m.kept.bytes(simLedger, 1, b.m.self)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := ParseMessage(raw); err == nil && !bytes.Equal(m.Bytes(), raw) {
			t.Fatal("a message has two encodings")
		}
		m, err := New(Config{simLedger, 1, b.node.key, Fixed(b.sim.voters), b.node}, state)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Step("1", raw); err != nil {
			named(t, err)
		}
		r, _ := m.Ready()
		if len(r.Final) == 0 && r.State != nil {
			t.Fatal("something was signed without a round")
		}
	})
}

func FuzzEvidence(f *testing.F) {
	seeds(f, "evidence")
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ParseEvidence(raw)
		if err != nil {
			named(t, err)
		} else if !bytes.Equal(e.Bytes(), raw) {
			t.Fatal("evidence has two encodings")
		}
	})
}

func FuzzCertificate(f *testing.F) {
	seeds(f, "certificate")
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseCertificate(raw)
		if err != nil {
			named(t, err)
		} else if !bytes.Equal(c.Bytes(), raw) {
			t.Fatal("a certificate has two encodings")
		}
	})
}

func FuzzState(f *testing.F) {
	b := newBench(f)
	b.round(6, 1)
	b.step(b.proposal(1, 6, benchNext))
	f.Add(b.node.state)
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := parseState(raw, simLedger, 1, b.m.self)
		if err == nil && !bytes.Equal(k.bytes(simLedger, 1, b.m.self), raw) {
			t.Fatal("state has two encodings")
		}
		if err != nil && !errors.Is(err, ErrState) {
			t.Fatalf("unnamed error %v", err)
		}
	})
}
