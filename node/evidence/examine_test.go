package evidence

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/specs"
)

var (
	asker  = ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	holder = ed25519.NewKeyFromSeed(append(make([]byte, 31), 2))
	ledger = [32]byte{3}
)

func oprf(t *testing.T, seed byte) *voprf.SecretKey {
	t.Helper()
	key, err := voprf.DeriveKey([32]byte{seed}, []byte("test"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// falseProof is what a querier keeps when a holder whose key on the ledger is onLedger evaluates under
// another.
func falseProof(t *testing.T, onLedger, used *voprf.SecretKey) Record {
	t.Helper()
	return falseProofOn(t, ledger, holder, onLedger.Public(), used)
}

func falseProofOn(t *testing.T, ledger [32]byte, holder ed25519.PrivateKey, public [32]byte, used *voprf.SecretKey) Record {
	t.Helper()
	client, err := voprf.NewClient(public[:])
	if err != nil {
		t.Fatal(err)
	}
	blinded, err := client.Blind([][]byte{{1}, {2}})
	if err != nil {
		t.Fatal(err)
	}
	ask, err := session.NewAsker(session.AskerConfig{
		Ask: session.Ask{Ledger: ledger, Size: 9, Epoch: 1, Type: "email", Purpose: "platform-safety"},
		Key: asker, Holder: member.PublicOf(holder),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, sent, err := ask.Ask(blinded.Elements())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := session.NewAnswerer(session.AnswererConfig{Ledger: ledger, Key: holder, Querier: member.PublicOf(asker)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := answer.Receive(sent)
	if err != nil {
		t.Fatal(err)
	}
	evaluated, proof, err := used.Evaluate(q.Elements)
	if err != nil {
		t.Fatal(err)
	}
	got, err := answer.Reply(q, session.Evaluation{Evaluated: evaluated, Proof: proof, Size: 9})
	if err != nil {
		t.Fatal(err)
	}
	return Record{
		Kind: "false-proof", Accused: member.PublicOf(holder).PeerID(), Ledger: ledger[:], Key: public[:], Request: sent, Response: got,
	}
}

func TestFalseProof(t *testing.T) {
	f, err := falseProof(t, oprf(t, 1), oprf(t, 2)).Examine()
	if err != nil || !f.Proved {
		t.Fatalf("%+v, %v", f, err)
	}
	if text := strings.Join(f.Words, " "); !strings.Contains(text, "email") || !strings.Contains(text, "epoch 1") {
		t.Errorf("it does not say what to compare: %s", text)
	}
	good := falseProof(t, oprf(t, 1), oprf(t, 2))
	for name, change := range map[string]func(*Record){
		"honest":         func(r *Record) { *r = falseProof(t, oprf(t, 1), oprf(t, 1)) },
		"another member": func(r *Record) { r.Accused = member.PublicOf(asker).PeerID() },
		"no member":      func(r *Record) { r.Accused = "nobody" },
		"other question": func(r *Record) { r.Request = falseProof(t, oprf(t, 1), oprf(t, 2)).Request },
		"other ledger":   func(r *Record) { r.Ledger = make([]byte, 32) },
		"no key":         func(r *Record) { r.Key = nil },
		"no answer":      func(r *Record) { r.Response = nil },
		"no question":    func(r *Record) { r.Request = nil },
		"answer changed": func(r *Record) { r.Response = append([]byte{}, r.Response...); r.Response[len(r.Response)-1] ^= 1 },
	} {
		r := good
		change(&r)
		if f, err := r.Examine(); !errors.Is(err, ErrNothing) || f.Proved {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

// TestEquivocation holds a record with each vector of evidence against the key of a voter.
func TestEquivocation(t *testing.T) {
	raw, err := specs.Vectors.ReadFile("vectors/finality.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Ledger string
		Voters []struct{ Log string }
		Cases  []struct{ Name, Type, Bytes, Error string }
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	held, refused := 0, 0
	for _, c := range v.Cases {
		if c.Type != "evidence" {
			continue
		}
		proved := false
		for _, voter := range v.Voters {
			r := Record{Kind: "finality-equivocation", Ledger: unhex(t, v.Ledger), Key: unhex(t, voter.Log), Response: unhex(t, c.Bytes)}
			f, err := r.Examine()
			if err != nil && !errors.Is(err, ErrNothing) {
				t.Errorf("%s: %v", c.Name, err)
			}
			proved = proved || f.Proved
		}
		if proved != (c.Error == "") {
			t.Errorf("%s: proved %v, want error %q", c.Name, proved, c.Error)
		}
		if proved {
			held++
		} else {
			refused++
		}
	}
	if held == 0 || refused == 0 {
		t.Errorf("%d vectors held, %d were refused", held, refused)
	}
}

// TestTwoEntries: two entries of one key under one number convict its holder, and nothing less does.
func TestTwoEntries(t *testing.T) {
	l := ledgertest.Three(t)
	one, two := l.NodeInfo(ledgertest.Bank, "/ip4/192.0.2.1/tcp/1"), l.NodeInfo(ledgertest.Bank, "/ip4/192.0.2.1/tcp/2")
	id, key := l.S.LedgerID(), ledgertest.Bank.Keys().Operator
	good := Record{Kind: "ledger-equivocation", Ledger: id[:], Key: key[:], Request: one, Response: two}
	f, err := good.Examine()
	if err != nil || !f.Proved {
		t.Fatalf("%+v, %v", f, err)
	}
	other := ledgertest.Police.Keys().Operator
	l.Put(one)
	for name, change := range map[string]func(*Record){
		"one twice":    func(r *Record) { r.Response = one },
		"next number":  func(r *Record) { r.Response = l.NodeInfo(ledgertest.Bank, "/ip4/192.0.2.1/tcp/3") },
		"another key":  func(r *Record) { r.Key = other[:] },
		"no key":       func(r *Record) { r.Key = nil },
		"other ledger": func(r *Record) { r.Ledger = make([]byte, 32) },
		"junk":         func(r *Record) { r.Request = []byte{1} },
	} {
		r := good
		change(&r)
		if f, err := r.Examine(); !errors.Is(err, ErrNothing) || f.Proved {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

// TestTwoFinals: whose signatures they are is for the ledger; that they contradict one another is seen.
func TestTwoFinals(t *testing.T) {
	certificate := func(kind finality.Kind, height, round, size uint64, signers ...byte) []byte {
		c := finality.Certificate{Statement: finality.Statement{
			Ledger: ledger, Incarnation: 1, Kind: kind, Height: height, Round: round, Value: finality.Value{Size: size},
		}}
		for _, s := range signers {
			c.Votes = append(c.Votes, finality.Vote{Signer: member.KeyID{s}})
		}
		return c.Bytes()
	}
	one := certificate(finality.Lock, 4, 2, 9, 1, 2, 3)
	r := Record{Kind: "finality-fork", Ledger: ledger[:], Request: one, Response: certificate(finality.Lock, 4, 2, 8, 2, 3, 4)}
	f, err := r.Examine()
	if err != nil || f.Proved || strings.Count(strings.Join(f.Words, "\n"), "signed both") != 2 {
		t.Errorf("%+v, %v", f, err)
	}
	for name, response := range map[string][]byte{
		"the same": one, "another height": certificate(finality.Lock, 5, 2, 8, 1), "echoes": certificate(finality.Echo, 4, 2, 8, 1), "junk": {1},
	} {
		r.Response = response
		if _, err := r.Examine(); !errors.Is(err, ErrNothing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatNobodySignedProvesNothing(t *testing.T) {
	f, err := Record{Kind: "raft-rewrite", Ledger: ledger[:], Response: []byte("frame")}.Examine()
	if err != nil || f.Proved || len(f.Words) == 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestListAndRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evidence")
	if kept, err := List(dir); err != nil || len(kept) != 0 {
		t.Errorf("no folder: %v, %v", kept, err)
	}
	want := falseProof(t, oprf(t, 1), oprf(t, 2))
	for i := range 2 {
		if _, err := Save(dir, want, time.Unix(int64(1700000000-i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	junk := filepath.Join(dir, "zz.cbor")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := List(dir)
	if err != nil || len(kept) != 3 || kept[0].Record.At != 1699999999 || kept[1].Record.Kind != "false-proof" {
		t.Fatalf("%d records, %v", len(kept), err)
	}
	if kept[2].File != junk || !errors.Is(kept[2].Err, ErrFormat) {
		t.Errorf("junk: %+v", kept[2])
	}
	if f, err := kept[0].Record.Examine(); err != nil || !f.Proved {
		t.Errorf("as read back: %+v, %v", f, err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
