package nodetest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/forward"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

var shared = hub.Value{Type: "email", Raw: "shared@example.com"}

func statusAt(report hub.QueryReport, holder string) string {
	for _, a := range report.Asked {
		if a.Member == holder {
			return a.Status
		}
	}
	return "not asked"
}

// TestHolderDown: the others' answers stand, the missing one is named.
func TestHolderDown(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	importCSV(t, c, "police", "email,shared@example.com,livestream,3,POL-1,,\n")
	if got := ask(t, c, "platform", shared); len(got.Matches) != 2 {
		t.Fatalf("before: %+v", got)
	}
	c.Stop("bank")
	got := ask(t, c, "platform", shared)
	if len(got.Matches) != 1 || got.Matches[0].Holder != "police" || !got.Partial || statusAt(got, "bank") != "unreachable" {
		t.Fatalf("with the bank down: %+v", got)
	}
	c.Start("bank")
	c.Ready()
	if got := ask(t, c, "platform", shared); len(got.Matches) != 2 || got.Partial {
		t.Fatalf("with the bank back: %+v", got)
	}
}

// answerWith serves the query protocol with a key of the caller's choice.
func (r *Rogue) answerWith(t *testing.T, querier member.Card, key *voprf.SecretKey) {
	r.Host.Handle(session.QueryProtocol, 8, func(_ context.Context, s p2p.Stream) {
		machine, err := session.NewAnswerer(session.AnswererConfig{
			Ledger: r.LedgerID, Key: r.Ring.Private(member.Node), Querier: querier.Keys.Node,
		})
		if err != nil {
			t.Error(err)
			return
		}
		for {
			msg, err := wire.ReadFrame(s, session.MaxQuery)
			if err != nil {
				return
			}
			q, err := machine.Receive(msg)
			if err != nil {
				t.Error(err)
				return
			}
			evaluated, proof, err := key.Evaluate(q.Elements)
			if err != nil {
				t.Error(err)
				return
			}
			reply, err := machine.Reply(q, session.Evaluation{Evaluated: evaluated, Proof: proof, Size: 1})
			if err != nil || wire.WriteFrame(s, reply) != nil {
				return
			}
		}
	})
}

// mirrorFrom serves the index of a home as it is.
func (r *Rogue) mirrorFrom(t *testing.T, dir string) {
	t.Helper()
	m, err := mirror.Open(dir, mirror.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	r.Host.Handle(session.MirrorProtocol, 8, func(_ context.Context, s p2p.Stream) {
		machine := session.NewProvider(r.LedgerID)
		for {
			msg, err := wire.ReadFrame(s, session.MaxMirrorAsk)
			if err != nil {
				return
			}
			q, err := machine.Receive(msg)
			if err != nil {
				t.Error(err)
				return
			}
			reply, err := provide(m, r.Card.Keys.Node, machine, q)
			if err != nil || wire.WriteFrame(s, reply) != nil {
				return
			}
		}
	})
}

func provide(m *mirror.Mirror, holder member.PublicKey, machine *session.Provider, q *session.MirrorRequest) ([]byte, error) {
	if q.Kind == session.ManifestsKind {
		var raw [][]byte
		all, err := m.Manifests(holder)
		for _, signed := range all {
			raw = append(raw, signed.Raw)
		}
		if err != nil {
			return nil, err
		}
		return machine.Manifests(raw, false)
	}
	ref, _, err := m.Find(holder, q.Name)
	if err != nil {
		return nil, err
	}
	part, err := m.ReadPart(ref, q.Name, q.File, q.Offset, q.Length)
	if err != nil {
		return nil, err
	}
	return machine.Part(part)
}

// TestFalseProof: a holder that evaluates under another key than the one on the ledger, with a proof
// that is right for that other key, is caught, named, and the evidence is kept.
func TestFalseProof(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "police", "email,shared@example.com,livestream,3,POL-1,,\n")
	rogue := c.Rogue("bank")
	other, err := voprf.DeriveKey(sha256.Sum256([]byte("another key")), []byte("bench"))
	c.must(err)
	rogue.answerWith(t, c.Card("platform"), other)
	rogue.mirrorFrom(t, home.Home(c.Home("bank")).Mirror())
	got := ask(t, c, "platform", shared)
	if statusAt(got, "bank") != "bad-proof" || statusAt(got, "police") != "ok" || len(got.Matches) != 1 || !got.Partial {
		t.Fatalf("report %+v", got)
	}
	if got.ProofsVerified != 1 || got.Evaluations != 2 {
		t.Fatalf("%d evaluations, %d proved", got.Evaluations, got.ProofsVerified)
	}
	kept, err := os.ReadDir(home.Home(c.Home("platform")).Evidence())
	if err != nil || len(kept) != 1 || !strings.Contains(kept[0].Name(), "false-proof") {
		t.Fatalf("evidence: %v, %v", kept, err)
	}
}

// TestGarbageFromAMember: whatever a member sends, on every protocol, the others go on.
func TestGarbageFromAMember(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	rogue := c.Rogue("platform")
	bank := c.Card("bank")
	oversized := binary.BigEndian.AppendUint32(nil, 1<<31)
	truncated := append(binary.BigEndian.AppendUint32(nil, 1000), "short"...)
	for _, protocol := range []string{session.QueryProtocol, session.MirrorProtocol, forward.Protocol, "crosslight/raft/v1", "crosslight/nothing/v1"} {
		for name, bytes := range map[string][]byte{
			"noise": bytes.Repeat([]byte{0xff, 0x00, 0x7f}, 5000), "oversized": oversized, "truncated": truncated,
			"empty frame": make([]byte, 4), "not CBOR": append(binary.BigEndian.AppendUint32(nil, 3), 0xff, 0xff, 0xff), "nothing": nil,
		} {
			s := rogue.open(t, bank, protocol)
			_ = s.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = s.Write(bytes)
			_ = s.CloseWrite()
			if answer, err := io.ReadAll(io.LimitReader(s, 1<<20)); len(answer) > 4096 {
				t.Errorf("%s, %s: %d bytes of answer, %v", protocol, name, len(answer), err)
			}
			_ = s.Reset()
		}
	}
	if got := ask(t, c, "police", shared); len(got.Matches) != 1 || statusAt(got, "bank") != "ok" {
		t.Fatalf("the bank was disturbed: %+v", got)
	}
}

// question sends one request of the rogue's and returns the holder's refusal, or nil.
func (r *Rogue) question(t *testing.T, to member.Card, change func(*session.AskerConfig)) error {
	t.Helper()
	cfg := session.AskerConfig{
		Ask: session.Ask{
			Ledger: r.LedgerID, Size: 1, Epoch: 1, Type: "email", Purpose: "child-protection-investigation",
			Case: bytes.Repeat([]byte{1}, 32),
		},
		Key: r.Ring.Private(member.Node), Holder: to.Keys.Node,
	}
	change(&cfg)
	machine, err := session.NewAsker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	key, err := voprf.DeriveKey([32]byte{byte(len(cfg.Ask.Type))}, []byte("elements"))
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public()
	client, err := voprf.NewClient(public[:])
	if err != nil {
		t.Fatal(err)
	}
	blinded, err := client.Blind([][]byte{[]byte("anything")})
	if err != nil {
		t.Fatal(err)
	}
	_, msg, err := machine.Ask(blinded.Elements())
	if err != nil {
		t.Fatal(err)
	}
	s := r.open(t, to, session.QueryProtocol)
	defer s.Reset() //nolint:errcheck // the test is done with it
	_ = s.SetDeadline(time.Now().Add(5 * time.Second))
	if err := wire.WriteFrame(s, msg); err != nil {
		t.Fatal(err)
	}
	reply, err := wire.ReadFrame(s, session.MaxResponse)
	if err != nil {
		t.Fatal(err)
	}
	_, err = machine.Receive(reply)
	return err
}

// TestRefusals: what a holder refuses by itself, whatever the querier's own node would have let
// through.
func TestRefusals(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	rogue := c.Rogue("platform")
	bank := c.Card("bank")
	genesisRoot := rootAtOne(t, c)
	fixed := func() io.Reader { return strings.NewReader(strings.Repeat("x", 64)) }
	// A refusal is made out to the peer that Noise proved, and void for the key that signed.
	const void session.Code = "void"
	for _, tc := range []struct {
		name   string
		change func(*session.AskerConfig)
		want   session.Code
	}{
		{"a question that is allowed", func(a *session.AskerConfig) { a.Rand = fixed() }, session.OK},
		{"its id with another question", func(a *session.AskerConfig) { a.Rand = fixed() }, session.RequestReused},
		{"another ledger", func(a *session.AskerConfig) { a.Ask.Ledger[0] ^= 1 }, session.WrongLedger},
		{"another history", func(a *session.AskerConfig) { a.Ask.Root[0] ^= 1 }, session.StaleCheckpoint},
		{"an epoch that is not in force", func(a *session.AskerConfig) { a.Ask.Epoch = 9 }, session.EpochOver},
		{"a type that does not exist", func(a *session.AskerConfig) { a.Ask.Type = "shoe-size" }, session.NotPermitted},
		{"a purpose that is not on the ledger", func(a *session.AskerConfig) { a.Ask.Purpose = "curiosity" }, session.NotPermitted},
		{"no case reference", func(a *session.AskerConfig) { a.Ask.Case = nil }, session.NotPermitted},
		{"another's signature", func(a *session.AskerConfig) { _, a.Key, _ = ed25519.GenerateKey(rand.Reader) }, void},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := rogue.question(t, bank, func(a *session.AskerConfig) {
				a.Ask.Root = genesisRoot
				tc.change(a)
			})
			got := session.OK
			var refusal *session.Refusal
			if errors.As(err, &refusal) {
				got = refusal.Code
			} else if errors.Is(err, session.ErrReceipt) {
				got = void
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tc.want && !(tc.want == session.WrongLedger && got == session.Malformed) {
				t.Fatalf("the holder answers %s, not %s", got, tc.want)
			}
		})
	}
}

// TestStranger: who is no member gets no stream, on any protocol, in either direction.
func TestStranger(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	_, key, err := ed25519.GenerateKey(rand.Reader)
	c.must(err)
	bank := c.Card("bank")
	host := openHost(t, p2p.Config{Key: key, Admit: func(string) bool { return true }},
		map[string][]string{bank.Keys.Node.PeerID(): bank.Addresses})
	for _, protocol := range []string{session.QueryProtocol, session.MirrorProtocol, forward.Protocol, "crosslight/raft/v1"} {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		s, err := host.Open(ctx, bank.Keys.Node.PeerID(), protocol)
		if err == nil {
			_ = s.SetDeadline(time.Now().Add(2 * time.Second))
			_ = wire.WriteFrame(s, []byte{0xa0})
			var n int
			n, err = s.Read(make([]byte, 1))
			if n > 0 {
				t.Errorf("%s: a stranger is answered", protocol)
			}
		}
		cancel()
		if err == nil {
			t.Errorf("%s: a stranger is let in", protocol)
		}
	}
}

func TestStartRefusals(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	if _, err := c.TryStart("bank"); !errors.Is(err, home.ErrInUse) {
		t.Errorf("two nodes on one home: %v", err)
	}
	busy := c.Node("police").APIAddr()
	c.Stop("bank")
	c.opts.Config = func(_ string, cfg *node.Config) { cfg.APIListen = busy }
	if _, err := c.TryStart("bank"); !errors.Is(err, node.ErrPortInUse) {
		t.Errorf("API port in use: %v", err)
	}
	c.opts.Config = func(_ string, cfg *node.Config) { cfg.P2PListen = c.Card("police").Addresses }
	if _, err := c.TryStart("bank"); !errors.Is(err, p2p.ErrPortInUse) {
		t.Errorf("network port in use: %v", err)
	}
	c.opts.Config = func(_ string, cfg *node.Config) { cfg.Passphrase = []byte("not the passphrase") }
	if _, err := c.TryStart("bank"); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	c.opts.Config = nil
	c.Start("bank") // none of the failures left anything behind
	c.Ready()
}
