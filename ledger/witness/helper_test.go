package witness_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/protocol/member"
)

var origin = tlog.Origin([32]byte{7})

func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("witness test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// history is a ledger whose leaves follow from a name; two histories with a common beginning share it.
type history struct {
	t    testing.TB
	tree tlog.Tree
}

// grow appends n leaves of a name.
func (h *history) grow(name string, n int) *history {
	for range n {
		h.tree.Append(tlog.LeafHash(fmt.Appendf(nil, "%s %d", name, h.tree.Size())))
	}
	return h
}

func newHistory(t testing.TB) *history { return &history{t: t} }

// note is the checkpoint at a size, signed by a log key and cosigned by voters.
func (h *history) note(size uint64, log string, voters ...string) tlog.Note {
	h.t.Helper()
	root, err := h.tree.RootAt(size)
	must(h.t, err)
	c := tlog.Checkpoint{Origin: origin, Size: size, Root: root}
	signed, err := tlog.SignCheckpoint(c, key(log))
	must(h.t, err)
	var list []tlog.Cosignature
	for _, v := range voters {
		s, err := tlog.Cosign(c, key(v), 1000)
		must(h.t, err)
		list = append(list, s)
	}
	out, err := tlog.NewCosignedCheckpoint(signed, list...)
	must(h.t, err)
	return out.Note()
}

// request is growth from an old size to n.
func (h *history) request(old uint64, n tlog.Note) tlog.Growth {
	h.t.Helper()
	g := tlog.Growth{Old: old, Note: n}
	if old < n.Size && n.Size <= h.tree.Size() {
		path, err := h.tree.Consistency(old, n.Size)
		must(h.t, err)
		g.Path = path
	}
	return g
}

func (h *history) prove(size uint64) witness.Prove {
	return func(old uint64) ([]tlog.Hash, error) { return h.tree.Consistency(old, size) }
}

// memory is a store that can fail, before or after it has kept what it was given.
type memory struct {
	notes           map[string]tlog.Note
	fail, failAfter error
	log             *[]string
}

func newMemory() *memory { return &memory{notes: map[string]tlog.Note{}} }

func (m *memory) Newest(origin string) (tlog.Note, bool, error) {
	n, ok := m.notes[origin]
	return n, ok, nil
}

func (m *memory) Keep(n tlog.Note) error {
	if m.log != nil {
		*m.log = append(*m.log, fmt.Sprintf("keep %d", n.Size))
	}
	if m.fail != nil {
		return m.fail
	}
	m.notes[n.Origin] = n
	return m.failAfter
}

// trusting asks for a signature of the log key "log" alone, as C2SP's witnesses do.
func trusting(o string) (tlog.Policy, bool) {
	return tlog.Policy{Origin: origin, LogKeys: []tlog.Key{tlog.LogKey(origin, member.PublicOf(key("log")))}}, o == origin
}

// trustingVoters asks for three cosignatures of four voters too.
func trustingVoters(o string) (tlog.Policy, bool) {
	p, ok := trusting(o)
	p.Threshold = 3
	for _, v := range []string{"v1", "v2", "v3", "v4"} {
		p.Cosigners = append(p.Cosigners, tlog.CosignerKey(member.PublicOf(key(v))))
	}
	return p, ok
}

var noon = time.Unix(1_800_000_000, 0)

func newWitness(s witness.Store, name string) *witness.Witness {
	return witness.New(witness.Config{Key: key(name), Store: s, Trust: trusting, Now: func() time.Time { return noon }})
}

// cosigned checks that an answer is the witness's cosignature of c.
func cosigned(t testing.TB, w *witness.Witness, answer []byte, c tlog.Checkpoint) {
	t.Helper()
	lines, err := tlog.ParseLines(answer)
	must(t, err)
	s, err := tlog.CosignatureOf(lines[0])
	must(t, err)
	if err := s.Verify(c, w.Key()); err != nil || len(lines) != 1 || s.Time != uint64(noon.Unix()) {
		t.Fatalf("%+v: %v", s, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
