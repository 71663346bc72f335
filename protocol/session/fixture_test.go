package session

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// The parties of every test: a querier, a holder, and somebody else.
var (
	querierKey, holderKey, otherKey = key(1), key(2), key(3)
	querier, holder, other          = member.PublicOf(querierKey), member.PublicOf(holderKey), member.PublicOf(otherKey)
	ledgerID                        = [32]byte{0x11}
)

// counter is randomness for request ids that a test can repeat.
type counter struct{ n uint64 }

func (c *counter) Read(p []byte) (int, error) {
	c.n++
	clear(p)
	binary.BigEndian.PutUint64(p[len(p)-8:], c.n)
	return len(p), nil
}

func testAsk() Ask {
	return Ask{Ledger: ledgerID, Size: 9, Root: [32]byte{0x22}, Epoch: 3, Type: "email", Purpose: "platform-safety"}
}

func newAsker(t testing.TB, window int) *Asker {
	t.Helper()
	a, err := NewAsker(AskerConfig{Ask: testAsk(), Key: querierKey, Holder: holder, Window: window, Rand: &counter{}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newAnswerer(t testing.TB, window int) *Answerer {
	t.Helper()
	a, err := NewAnswerer(AnswererConfig{Ledger: ledgerID, Key: holderKey, Querier: querier, Window: window})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func elements(n int) []byte {
	out := make([]byte, n*ElementSize)
	for i := range out {
		out[i] = byte(i) ^ byte(i>>8)
	}
	return out
}

// evaluate stands in for the VOPRF.
func evaluate(q *Question) Evaluation {
	left := uint64(77)
	e := Evaluation{Evaluated: bytes.Clone(q.Elements), Proof: bytes.Repeat([]byte{5}, ProofSize), Size: 10, BudgetLeft: &left}
	for i := range e.Evaluated {
		e.Evaluated[i] ^= 0xff
	}
	return e
}

func ask(t testing.TB, a *Asker, n int) []byte {
	t.Helper()
	_, msg, err := a.Ask(elements(n))
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func question(t testing.TB, a *Answerer, msg []byte) *Question {
	t.Helper()
	q, err := a.Receive(msg)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func reply(t testing.TB, a *Answerer, q *Question) []byte {
	t.Helper()
	msg, err := a.Reply(q, evaluate(q))
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := wire.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goodHeader is a header for n elements that everything accepts.
func goodHeader(n int) *Header {
	k := testAsk()
	return &Header{
		V: version, Ledger: k.Ledger, Size: k.Size, Root: k.Root, Querier: querier.PeerID(), Holder: holder.PeerID(),
		Epoch: k.Epoch, Type: k.Type, Purpose: k.Purpose, ID: RequestID{7}, Count: uint64(n), Tree: ElementsRoot(elements(n)),
	}
}

func goodManifest(segments ...SegmentInfo) Manifest {
	if len(segments) == 0 {
		segments = []SegmentInfo{{Kind: BaseSegment, Name: [32]byte{1}, Count: 2, TagsSize: 144, LabelsSize: 512, Labels: [32]byte{2}}}
	}
	return Manifest{V: version, Ledger: ledgerID, Holder: holder.PeerID(), Epoch: 3, Type: "email", Version: 1, Segments: segments}
}

// signManifest signs anything, as a cheating holder can.
func signManifest(t testing.TB, m Manifest, by ed25519.PrivateKey) []byte {
	t.Helper()
	body := encode(t, m)
	return encode(t, signedManifest{body, member.Sign(by, manifestDomain, body)})
}
