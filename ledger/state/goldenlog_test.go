package state_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/specs"
)

// record adds a log to the corpus. Files that are there stay as they are: whoever has to change one has
// changed what old ledgers mean.
var record = flag.Uint64("state.record", 0, "write specs/vectors/ledger-log-N.json, which must not exist, from seed N")

const recordedEntries = 160

// goldenLog is a seeded log with what became of each entry and where it led.
type goldenLog struct {
	Description string        `json:"description"`
	Genesis     string        `json:"genesis"` // hex
	Entries     []goldenEntry `json:"entries"`
	Size        uint64        `json:"size"`
	Root        string        `json:"root"`
	StateHash   string        `json:"state_hash"`
}

type goldenEntry struct {
	Entry   string `json:"entry"`   // hex
	Verdict string `json:"verdict"` // the kind of what is accepted, or the rejection's name
}

// TestGoldenLogs executes every log of the corpus, from its bytes alone, in turn and checked ahead: the
// verdicts, the root and the state hash are those that were written down once.
func TestGoldenLogs(t *testing.T) {
	if *record > 0 {
		recordLog(t, *record)
		return // what was embedded before it was written
	}
	names, err := fs.Glob(specs.Vectors, "vectors/ledger-log-*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			data, err := specs.Vectors.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var g goldenLog
			if err := json.Unmarshal(data, &g); err != nil {
				t.Fatal(err)
			}
			replayLog(t, g)
		})
	}
}

func replayLog(t *testing.T, g goldenLog) {
	genesis, err := entry.ParseGenesis(unhex(t, g.Genesis))
	if err != nil {
		t.Fatal(err)
	}
	inTurn, ahead := fresh(t, genesis), fresh(t, genesis)
	var raws [][]byte
	for i, e := range g.Entries {
		raw := unhex(t, e.Entry)
		if got := named(inTurn.Apply(raw)); got != e.Verdict {
			t.Fatalf("entry %d: %s, once %s", i, got, e.Verdict)
		}
		raws = append(raws, raw)
	}
	for i, p := range ahead.Prefetch(raws) {
		if got := named(ahead.ApplyPrefetched(p)); got != g.Entries[i].Verdict {
			t.Fatalf("entry %d: %s ahead, once %s", i, got, g.Entries[i].Verdict)
		}
	}
	for _, s := range []interface {
		Size() uint64
		Root() [32]byte
		Hash() [32]byte
	}{inTurn, ahead} {
		root, hash := s.Root(), s.Hash()
		if s.Size() != g.Size || hex.EncodeToString(root[:]) != g.Root || hex.EncodeToString(hash[:]) != g.StateHash {
			t.Errorf("size %d, root %x, state %x; once %d, %s, %s", s.Size(), root, hash, g.Size, g.Root, g.StateHash)
		}
	}
}

func recordLog(t *testing.T, seed uint64) {
	genesis := ledgertest.Genesis(t, platform, bank, police)
	made := newStream(t, genesis, seed)
	g := goldenLog{
		Description: fmt.Sprintf("crosslight/ledger/v1: a random log of seed %d, what becomes of each entry, and where it ends. It never changes.", seed),
		Genesis:     hex.EncodeToString(genesis.Raw()),
	}
	for range recordedEntries {
		raw := made.next()
		g.Entries = append(g.Entries, goldenEntry{hex.EncodeToString(raw), named(made.l.S.Apply(raw))})
	}
	root, hash := made.l.S.Root(), made.l.S.Hash()
	g.Size, g.Root, g.StateHash = made.l.S.Size(), hex.EncodeToString(root[:]), hex.EncodeToString(hash[:])
	data, err := json.MarshalIndent(g, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fmt.Sprintf("../../specs/vectors/ledger-log-%d.json", seed), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = f.Write(append(data, '\n'))
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
