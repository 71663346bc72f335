package audit_test

import (
	"context"
	"crypto"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

var platform, bank, police = ledgertest.Platform, ledgertest.Bank, ledgertest.Police

// small is a ledger with an entry of every kind: a node info, an epoch, a suspension with its votes.
func small(t testing.TB) *ledgertest.Ledger {
	l := ledgertest.Three(t)
	l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/1"))
	l.Put(l.Epoch(bank, 0, "email"))
	id := l.Put(l.Propose(platform, entry.Suspend{Member: bank.Name})).Hash
	l.Put(l.Vote(platform, id, true))
	l.Put(l.Vote(police, id, false))
	l.Put(l.Vote(bank, id, false))
	return l
}

func source(l *ledgertest.Ledger) audit.Source {
	return audit.Source{
		LedgerID: l.S.LedgerID(), Size: l.S.Size(), Root: l.S.Root(),
		Leaves: each(l.Leaves), LogKey: bank.Private(member.Log),
	}
}

func each(leaves [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, l := range leaves {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// memory is a sink of a map.
type memory map[string][]byte

func (m memory) Put(name string, data []byte) error {
	m[name] = append([]byte(nil), data...)
	return nil
}
func (memory) Commit() error { return nil }
func (memory) Abort()        {}

func exported(t testing.TB, l *ledgertest.Ledger) memory {
	t.Helper()
	m := memory{}
	if err := audit.Export(context.Background(), source(l), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// write puts files in a new folder.
func write(t testing.TB, files memory) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		put(t, dir, name, data)
	}
	return dir
}

func put(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, data, 0o600))
}

func verify(dir string) error {
	_, err := audit.Verify(dir, audit.Options{})
	return err
}

// recomputed is what a forger can make of other leaves: every tile, the root and the checkpoint anew,
// signed by whatever keys it has; a checkpoint without any it signs with a key of nobody.
func recomputed(t testing.TB, l *ledgertest.Ledger, leaves [][]byte, keys ...crypto.Signer) memory {
	t.Helper()
	files := memory{}
	tiler := tlog.Tiler{Emit: func(tile tlog.Tile, data []byte) error { return files.Put(tile.Path(), data) }}
	tree := tlog.NewFrontier()
	for _, leaf := range leaves {
		must(t, tiler.Add(leaf))
		tree.Append(tlog.LeafHash(leaf))
	}
	must(t, tiler.Finish())
	signed, err := tlog.SignCheckpoint(tlog.Checkpoint{
		Origin: tlog.Origin(l.S.LedgerID()), Size: tree.Size(), Root: tree.Root(),
	}, keys...)
	must(t, err)
	must(t, files.Put("checkpoint", signed.Bytes()))
	return files
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copyOf returns leaves that can be changed.
func copyOf(leaves [][]byte) [][]byte {
	var out [][]byte
	for _, l := range leaves {
		out = append(out, append([]byte(nil), l...))
	}
	return out
}

func parsed(t testing.TB, raw []byte) tlog.CosignedCheckpoint {
	t.Helper()
	c, err := tlog.ParseCosignedCheckpoint(raw)
	must(t, err)
	return c
}
