package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

func TestExportVerifies(t *testing.T) {
	l := small(t)
	dir := filepath.Join(t.TempDir(), "export")
	sink, err := audit.NewFolder(dir)
	must(t, err)
	must(t, audit.Export(context.Background(), source(l), sink))
	id := l.S.LedgerID()
	r, err := audit.Verify(dir, audit.Options{LedgerID: &id})
	must(t, err)
	if r.LedgerID != id || r.Size != 7 || r.Root != l.S.Root() || r.StateHash != l.S.Hash() || !r.Trial ||
		len(r.Members) != 3 || r.CreatedAt != ledgertest.CreatedAt || r.Policy != 1 || !slices.Equal(r.Signers, []string{bank.Name}) {
		t.Errorf("report %+v", r)
	}
	if len(r.Proposals) != 1 || r.Proposals[0].State != state.Rejected {
		t.Errorf("proposals %+v", r.Proposals)
	}
	other := [32]byte{1}
	if _, err := audit.Verify(dir, audit.Options{LedgerID: &other}); !errors.Is(err, audit.ErrPinned) {
		t.Errorf("another id: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(entries) != 1 {
		t.Errorf("left beside the export: %v, %v", entries, err)
	}
}

// TestExportIsDeterministic: the folder and the tar stream hold the same bytes, each time.
func TestExportIsDeterministic(t *testing.T) {
	l := small(t)
	var first, second bytes.Buffer
	must(t, audit.Export(context.Background(), source(l), audit.NewTar(&first)))
	must(t, audit.Export(context.Background(), source(l), audit.NewTar(&second)))
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two exports of one ledger differ")
	}
	dir := filepath.Join(t.TempDir(), "out")
	must(t, audit.Unpack(&first, dir))
	must(t, verify(dir))
	for name, data := range exported(t, l) {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}

// TestManyTiles: several bundles and two levels of tiles.
func TestManyTiles(t *testing.T) {
	l := ledgertest.Three(t)
	for i := range 600 {
		l.Put(l.NodeInfo(bank, fmt.Sprintf("/ip4/192.0.2.1/tcp/%d", i+1)))
	}
	files := exported(t, l)
	want := []string{
		"checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/89", "tile/1/000.p/2",
		"tile/entries/000", "tile/entries/001", "tile/entries/002.p/89",
	}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Fatalf("files %q", got)
	}
	must(t, verify(write(t, files)))
	for _, name := range want {
		changed := maps.Clone(files)
		changed[name] = bytes.Clone(files[name])
		changed[name][len(changed[name])/2] ^= 1
		if verify(write(t, changed)) == nil {
			t.Errorf("a changed byte in %s passed", name)
		}
	}
}

// TestXModReadsExport: x/mod's note and tlog, as they are, accept the checkpoint, and prove each entry
// and each earlier size from the tiles of an export.
func TestXModReadsExport(t *testing.T) {
	l := small(t)
	files := exported(t, l)
	origin, _, _ := strings.Cut(string(files["checkpoint"]), "\n")
	logKey := bank.Keys().Log
	vkey, err := note.NewEd25519VerifierKey(origin, logKey[:])
	must(t, err)
	verifier, err := note.NewVerifier(vkey)
	must(t, err)
	n, err := note.Open(files["checkpoint"], note.VerifierList(verifier))
	must(t, err)
	lines := strings.Split(n.Text, "\n")
	root, err := xtlog.ParseHash(lines[2])
	must(t, err)
	tree := xtlog.Tree{N: 7, Hash: root}
	if lines[1] != "7" {
		t.Fatalf("size %s", lines[1])
	}
	reader := xtlog.TileHashReader(tree, tileReader{files})
	for i, leaf := range l.Leaves {
		proof, err := xtlog.ProveRecord(tree.N, int64(i), reader)
		must(t, err)
		must(t, xtlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), xtlog.RecordHash(leaf)))
		old, err := xtlog.TreeHash(int64(i)+1, reader)
		must(t, err)
		growth, err := xtlog.ProveTree(tree.N, int64(i)+1, reader)
		must(t, err)
		must(t, xtlog.CheckTree(growth, tree.N, tree.Hash, int64(i)+1, old))
	}
}

type tileReader struct{ files memory }

func (tileReader) Height() int                      { return 8 }
func (tileReader) SaveTiles([]xtlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []xtlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		data, ok := r.files[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)]
		if !ok {
			return nil, fmt.Errorf("no %s", tile.Path())
		}
		out = append(out, data)
	}
	return out, nil
}

// TestExportRefusesItsSource: leaves that do not give the size and root are not written out.
func TestExportRefusesItsSource(t *testing.T) {
	l := small(t)
	broken := errors.New("disk")
	stop, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(*audit.Source)
		want   error
	}{
		"a leaf too few":  {t.Context(), func(s *audit.Source) { s.Leaves = each(l.Leaves[:6]) }, audit.ErrSource},
		"a leaf too many": {t.Context(), func(s *audit.Source) { s.Leaves = each(append(copyOf(l.Leaves), nil)) }, audit.ErrSource},
		"another root":    {t.Context(), func(s *audit.Source) { s.Root[0] ^= 1 }, audit.ErrSource},
		"a leaf too long": {t.Context(), func(s *audit.Source) { s.Leaves = each([][]byte{make([]byte, entry.MaxEnvelope+1)}) }, audit.ErrSource},
		"a read error": {t.Context(), func(s *audit.Source) {
			s.Leaves = func(yield func([]byte, error) bool) { yield(nil, broken) }
		}, broken},
		"cancelled": {stop, func(*audit.Source) {}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "export")
			sink, err := audit.NewFolder(dir)
			must(t, err)
			src := source(l)
			c.change(&src)
			if err := audit.Export(c.ctx, src, sink); !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
			if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestSignedByNobody: a member's other keys, an outsider's log key, a member of another consortium.
func TestSignedByNobody(t *testing.T) {
	l := small(t)
	for name, key := range map[string]struct {
		o    ledgertest.Org
		role member.Role
	}{
		"an outsider's log key": {ledgertest.Hotline, member.Log},
		"a member's node key":   {bank, member.Node},
		"a member's seat key":   {bank, member.Seat},
		"a member's cosigner":   {bank, member.Cosigner},
	} {
		files := recomputed(t, l, l.Leaves, key.o.Private(key.role))
		if err := verify(write(t, files)); !errors.Is(err, audit.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
		files = recomputed(t, l, l.Leaves, key.o.Private(key.role), bank.Private(member.Log))
		if err := verify(write(t, files)); !errors.Is(err, audit.ErrSignature) {
			t.Errorf("%s beside a good one: %v", name, err)
		}
	}
	files := recomputed(t, l, l.Leaves, police.Private(member.Log), bank.Private(member.Log))
	r, err := audit.Verify(write(t, files), audit.Options{})
	if err != nil || !slices.Equal(r.Signers, []string{bank.Name, police.Name}) {
		t.Errorf("two members: %q, %v", r.Signers, err)
	}
}
