package tlog_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

const provenSize = 70

// proven is a tree of 70 leaves with a checkpoint of it.
func proven(t testing.TB, names ...string) (*tlog.Tree, tlog.CosignedCheckpoint) {
	t.Helper()
	var tree tlog.Tree
	for i := range provenSize {
		tree.Append(tlog.LeafHash(leaf(i)))
	}
	c := tlog.Checkpoint{Origin: sample().Origin, Size: provenSize, Root: tree.Root()}
	return &tree, cosignedAt(t, c, names...)
}

func policy(threshold int, names ...string) tlog.Policy {
	p := tlog.Policy{
		Origin: sample().Origin, Threshold: threshold,
		LogKeys: []tlog.Key{tlog.LogKey(sample().Origin, member.PublicOf(logKey("a")))},
	}
	for _, n := range names {
		p.Cosigners = append(p.Cosigners, cosigner(n))
	}
	return p
}

func inclusion(t testing.TB, index uint64, extra []byte) tlog.Proof {
	t.Helper()
	tree, c := proven(t, "x", "y", "z")
	path, err := tree.Inclusion(index, provenSize)
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Proof{Extra: extra, Index: index, Path: path, Checkpoint: c}
}

// TestProof: a proof of each leaf holds here and for x/mod, for that leaf and at that index only.
func TestProof(t *testing.T) {
	for _, index := range []uint64{0, 1, 31, 63, 64, 69} {
		raw := inclusion(t, index, []byte("ab")).Bytes()
		p, err := tlog.ParseProof(raw)
		if err != nil || !bytes.Equal(p.Bytes(), raw) {
			t.Fatal(err)
		}
		s, err := p.Verify(leaf(int(index)), policy(2, "q", "y", "x"))
		if err != nil || !slices.Equal(s.Cosigners, []int{1, 2}) || !slices.Equal(s.Logs, []int{0}) {
			t.Errorf("index %d: %+v, %v", index, s, err)
		}
		c := p.Checkpoint
		if err := xtlog.CheckRecord(theirHashes(p.Path), provenSize, xtlog.Hash(c.Root), int64(index), xtlog.RecordHash(leaf(int(index)))); err != nil {
			t.Errorf("x/mod: %v", err)
		}
		if _, err := p.Verify(leaf(int(index)+1), policy(0)); !errors.Is(err, tlog.ErrProven) {
			t.Errorf("another leaf: %v", err)
		}
		p.Index++
		if _, err := p.Verify(leaf(int(index)), policy(0)); !errors.Is(err, tlog.ErrProven) {
			t.Errorf("another index: %v", err)
		}
	}
}

func TestPolicy(t *testing.T) {
	p := inclusion(t, 3, nil)
	other := policy(0)
	other.Origin = tlog.Origin([32]byte{9})
	stranger := policy(0)
	stranger.LogKeys = []tlog.Key{tlog.LogKey(sample().Origin, member.PublicOf(logKey("b")))}
	twice := policy(4, "x", "y", "z")
	alias := twice.Cosigners[0]
	twice.Cosigners = append(twice.Cosigners, alias)
	for what, c := range map[string]tlog.Policy{
		"one cosignature short":         policy(3, "x", "y", "q"),
		"a cosigner listed twice":       twice,
		"another ledger":                other,
		"another log key":               stranger,
		"a threshold without cosigners": policy(1),
	} {
		if _, err := p.Verify(leaf(3), c); !errors.Is(err, tlog.ErrPolicy) {
			t.Errorf("%s: %v", what, err)
		}
	}
	forged := p
	forged.Checkpoint.Cosignatures = slices.Clone(p.Checkpoint.Cosignatures)
	forged.Checkpoint.Cosignatures[0].Sig[0] ^= 1
	if _, err := forged.Verify(leaf(3), policy(2, "x", "y", "z")); !errors.Is(err, tlog.ErrPolicy) {
		t.Errorf("a known cosigner's signature is forged: %v", err)
	}
	if _, err := p.Verify(leaf(3), policy(3, "x", "y", "z")); err != nil {
		t.Error(err)
	}
}

func TestProofRefuses(t *testing.T) {
	good := string(inclusion(t, 3, []byte("ab")).Bytes())
	bare := string(inclusion(t, 3, nil).Bytes())
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	hash := strings.Split(bare, "\n")[2]
	for what, raw := range map[string]string{
		"empty":                     "",
		"another version":           replace("@v1", "@v2"),
		"no header":                 good[strings.Index(good, "\n")+1:],
		"an index with a zero":      replace("index 3", "index 03"),
		"a signed index":            replace("index 3", "index +3"),
		"an index beyond 63 bits":   replace("index 3", "index 9223372036854775808"),
		"no index":                  replace("index 3\n", ""),
		"extra after the index":     strings.Replace(bare, "index 3\n", "index 3\nextra YWI=\n", 1),
		"empty extra":               strings.Replace(bare, "index", "extra \nindex", 1),
		"extra twice":               replace("extra YWI=\n", "extra YWI=\nextra YWI=\n"),
		"loose extra":               replace("extra YWI=", "extra YWJ="),
		"too much extra":            string(inclusion(t, 3, make([]byte, tlog.MaxExtra+1)).Bytes()),
		"a hash too short":          replace(hash, hash[:40]),
		"loose bits in a hash":      replace(hash+"\n", looseBits(hash+"\n")),
		"sixty-four hashes":         replace(hash+"\n", strings.Repeat(hash+"\n", 60)),
		"no checkpoint":             good[:strings.Index(good, "\n\n")+1],
		"carriage returns":          strings.ReplaceAll(good, "\n", "\r\n"),
		"an empty line in the path": replace(hash+"\n", hash+"\n\n"),
		"bytes after the end":       good + "\n",
		"longer than any":           good + strings.Repeat("x", tlog.MaxProof),
	} {
		if _, err := tlog.ParseProof([]byte(raw)); !errors.Is(err, tlog.ErrProof) && !errors.Is(err, tlog.ErrCheckpoint) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func growth(t testing.TB, old uint64) tlog.Growth {
	t.Helper()
	tree, c := proven(t, "x")
	path, err := tree.Consistency(old, provenSize)
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Growth{Old: old, Path: path, Note: c.Note()}
}

// TestGrowth: growth from every earlier size holds here and for x/mod, and from no other root.
func TestGrowth(t *testing.T) {
	tree, _ := proven(t)
	for old := uint64(0); old <= provenSize; old++ {
		raw := growth(t, old).Bytes()
		g, err := tlog.ParseGrowth(raw)
		if err != nil || !bytes.Equal(g.Bytes(), raw) {
			t.Fatal(err)
		}
		root, err := tree.RootAt(old)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Verify(root); err != nil {
			t.Errorf("from %d: %v", old, err)
		}
		if old == 0 {
			continue
		}
		if err := xtlog.CheckTree(theirHashes(g.Path), provenSize, xtlog.Hash(g.Note.Root), int64(old), xtlog.Hash(root)); err != nil {
			t.Errorf("x/mod from %d: %v", old, err)
		}
		root[0] ^= 1
		if err := g.Verify(root); !errors.Is(err, tlog.ErrProven) {
			t.Errorf("from %d and another root: %v", old, err)
		}
	}
	back := growth(t, 3)
	back.Old = provenSize + 1
	if err := back.Verify(tlog.Hash{}); !errors.Is(err, tlog.ErrProven) {
		t.Errorf("backwards: %v", err)
	}
}

func TestGrowthRefuses(t *testing.T) {
	good := string(growth(t, 3).Bytes())
	for what, raw := range map[string]string{
		"empty":               "",
		"no old size":         good[strings.Index(good, "\n")+1:],
		"a leading zero":      "old 03" + strings.TrimPrefix(good, "old 3"),
		"a negative size":     "old -3" + strings.TrimPrefix(good, "old 3"),
		"no empty line":       strings.Replace(good, "\n\n", "\n", 1),
		"no checkpoint":       good[:strings.Index(good, "\n\n")+2],
		"bytes after the end": good + "x",
	} {
		if _, err := tlog.ParseGrowth([]byte(raw)); !errors.Is(err, tlog.ErrProof) && !errors.Is(err, tlog.ErrCheckpoint) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzProof(f *testing.F) {
	f.Add(inclusion(f, 3, nil).Bytes())
	f.Add(inclusion(f, 0, []byte("x")).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := tlog.ParseProof(b); err == nil && !bytes.Equal(p.Bytes(), b) {
			t.Fatal("a proof has two encodings")
		}
	})
}

func FuzzGrowth(f *testing.F) {
	f.Add(growth(f, 3).Bytes())
	f.Add(growth(f, 0).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := tlog.ParseGrowth(b); err == nil && !bytes.Equal(g.Bytes(), b) {
			t.Fatal("a proof of growth has two encodings")
		}
	})
}
