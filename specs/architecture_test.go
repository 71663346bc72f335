package specs

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/crosslight/crosslight/"

// allowed says which floors a floor may import, beside itself. What is missing here is forbidden.
var allowed = map[string][]string{
	"cmd":      {"node", "ledger/audit", "ledger/witness", "protocol/indicator", "examples"},
	"node":     {"node", "ledger", "privacy", "protocol"},
	"ledger":   {"ledger", "protocol/member", "protocol/indicator", "protocol/wire"},
	"protocol": {"protocol"},
	"privacy":  {"privacy"},
	"specs":    {},
	"examples": {"protocol/indicator"},
}

// homes gives each fixed dependency the one place where it may be imported, tests included.
var homes = map[string][]string{
	"github.com/spf13/viper":           {"cmd"},
	"github.com/spf13/cobra":           {"cmd"},
	"github.com/libp2p/":               {"node/p2p"},
	"github.com/hashicorp/raft":        {"ledger/replica"},
	"github.com/cloudflare/circl":      {"privacy", "protocol/member", "node/bench"},
	"github.com/danielgtaylor/huma":    {"node/api"},
	"modernc.org/sqlite":               {"node/store"},
	"filippo.io/age":                   {"node/keys"},
	"filippo.io/edwards25519":          {"privacy/ristretto", "protocol/member"},
	"github.com/nyaruka/phonenumbers":  {"protocol/indicator"},
	"github.com/prometheus/":           {"node/telemetry"},
	"github.com/fxamacker/cbor":        {"protocol/wire"},
	"github.com/transparency-dev/":     {"ledger/tlog", "protocol/session"},
	"github.com/vbauerster/mpb":        {"cmd"},
	"github.com/jedib0t/go-pretty":     {"cmd"},
	"github.com/edsrzf/mmap-go":        {"node/mirror"},
	"github.com/anishathalye/":         {"ledger/sim"},
	"github.com/nlnwa/whatwg-url":      {"protocol/indicator"},
	"github.com/btcsuite/btcd/btcutil": {"protocol/indicator"},
	"github.com/mmcloughlin/avo":       {"privacy/bulk"},
}

type edge struct{ file, from, to string }

// TestImportDirections proves the directions of the architecture: cmd -> node -> {ledger, privacy,
// protocol}, nothing upward, nothing sideways, and one home for each library.
func TestImportDirections(t *testing.T) {
	edges := imports(t)
	if len(edges) < 100 {
		t.Fatalf("found only %d imports: the walk does not see the tree", len(edges))
	}
	for _, e := range edges {
		if problem := e.problem(); problem != "" {
			t.Errorf("%s: %s", e.file, problem)
		}
	}
}

// TestForbiddenImportsAreSeen shows that the check can fail.
func TestForbiddenImportsAreSeen(t *testing.T) {
	for _, e := range []edge{
		{"", "ledger/state", module + "node/store"},
		{"", "privacy/index", module + "protocol/wire"},
		{"", "protocol/session", module + "privacy/voprf"},
		{"", "node/hub", module + "cmd/crosslight"},
		{"", "cmd/crosslight", module + "ledger/replica"},
		{"", "node/store", "github.com/hashicorp/raft"},
		{"", "protocol/wire", "github.com/libp2p/go-libp2p/core/peer"},
		{"", "node/store", module + "specs"},
	} {
		if e.problem() == "" {
			t.Errorf("%s may import %s", e.from, e.to)
		}
	}
}

func (e edge) problem() string {
	test := strings.HasSuffix(e.file, "_test.go")
	if to, ours := strings.CutPrefix(e.to, module); ours {
		if to == "specs" && test {
			return ""
		}
		floor, _, _ := strings.Cut(e.from, "/")
		for _, ok := range allowed[floor] {
			if within(to, ok) {
				return ""
			}
		}
		if within(to, e.from) || test && within(e.from, to) {
			return ""
		}
		return e.from + " imports " + to + ", which the architecture forbids"
	}
	for library, places := range homes {
		if !within(e.to, strings.TrimSuffix(library, "/")) {
			continue
		}
		for _, place := range places {
			if within(e.from, place) {
				return ""
			}
		}
		return e.to + " is at home in " + strings.Join(places, ", ") + ", not in " + e.from
	}
	return ""
}

func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func imports(t *testing.T) []edge {
	t.Helper()
	var edges []edge
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), "../"))
		if from == ".." {
			return nil
		}
		for _, spec := range f.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			edges = append(edges, edge{path, from, to})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return edges
}

// TestTopLevel holds the root of the repository to what its owner fixed.
func TestTopLevel(t *testing.T) {
	want := map[string]bool{"cmd": true, "node": true, "protocol": true, "ledger": true, "privacy": true, "specs": true, "examples": true}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !want[e.Name()] {
			t.Errorf("the folder %s does not belong at the top level", e.Name())
		}
	}
}
