package tlog_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/crosslight/crosslight/ledger/tlog"
)

func TestTilePaths(t *testing.T) {
	for want, tile := range map[string]tlog.Tile{
		"tile/0/000":                       {Width: 256},
		"tile/0/000.p/1":                   {Width: 1},
		"tile/1/999":                       {Level: 1, Index: 999, Width: 256},
		"tile/2/x001/000":                  {Level: 2, Index: 1000, Width: 256},
		"tile/entries/x001/x234/067.p/9":   {Entries: true, Index: 1234067, Width: 9},
		"tile/entries/x001/x000/000.p/255": {Entries: true, Index: 1000000, Width: 255},
	} {
		if got := tile.Path(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestTilesAgainstXMod: for sizes around the edges of tiles, our tiles are the ones that x/mod lists,
// with the bytes that it reads from the tree.
func TestTilesAgainstXMod(t *testing.T) {
	for _, size := range []int{1, 2, 255, 256, 257, 511, 512, 513, 1000} {
		stored := theirStore{}
		tiles := map[string][]byte{}
		tiler := tlog.Tiler{Emit: func(tile tlog.Tile, data []byte) error {
			if tiles[tile.Path()] != nil {
				t.Errorf("%s twice", tile.Path())
			}
			tiles[tile.Path()] = bytes.Clone(data)
			return nil
		}}
		for i := range size {
			hashes, err := xtlog.StoredHashes(int64(i), leaf(i), stored)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, hashes...)
			if err := tiler.Add(leaf(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := tiler.Finish(); err != nil {
			t.Fatal(err)
		}
		checkTiles(t, size, tiles, stored)
	}
}

func checkTiles(t *testing.T, size int, tiles map[string][]byte, stored theirStore) {
	t.Helper()
	layout := tlog.Layout(uint64(size))
	if len(layout) != len(tiles) {
		t.Fatalf("size %d: %d tiles, layout has %d", size, len(tiles), len(layout))
	}
	theirs := map[string]xtlog.Tile{}
	for _, tile := range xtlog.NewTiles(8, 0, int64(size)) {
		theirs[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)] = tile
	}
	index := 0
	for _, tile := range layout {
		data, ok := tiles[tile.Path()]
		if !ok {
			t.Fatalf("size %d: %s is missing", size, tile.Path())
		}
		if tile.Entries {
			leaves, err := tlog.Bundle(data, tile.Width)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range leaves {
				if !bytes.Equal(l, leaf(index)) {
					t.Fatalf("size %d: leaf %d", size, index)
				}
				index++
			}
			continue
		}
		want, err := xtlog.ReadTileData(theirs[tile.Path()], stored)
		if err != nil || !bytes.Equal(want, data) {
			t.Errorf("size %d: %s differs: %v", size, tile.Path(), err)
		}
		delete(theirs, tile.Path())
	}
	if index != size {
		t.Errorf("size %d: bundles hold %d leaves", size, index)
	}
	for path := range theirs {
		t.Errorf("size %d: x/mod has %s too", size, path)
	}
}

type theirStore []xtlog.Hash

func (s theirStore) ReadHashes(indexes []int64) ([]xtlog.Hash, error) {
	var out []xtlog.Hash
	for _, i := range indexes {
		out = append(out, s[i])
	}
	return out, nil
}

func TestBundleRefuses(t *testing.T) {
	good := []byte("\x00\x01a\x00\x00")
	if leaves, err := tlog.Bundle(good, 2); err != nil || string(leaves[0]) != "a" || len(leaves[1]) != 0 {
		t.Fatalf("%q, %v", leaves, err)
	}
	for name, c := range map[string]struct {
		data  string
		width int
	}{
		"empty":               {"", 1},
		"half a length":       {"\x00", 1},
		"ends inside a leaf":  {"\x00\x02a", 1},
		"a leaf too few":      {string(good), 3},
		"a leaf too many":     {string(good), 1},
		"bytes after the end": {string(good) + "x", 2},
		"length beyond":       {"\xff\xffa", 1},
	} {
		if _, err := tlog.Bundle([]byte(c.data), c.width); !errors.Is(err, tlog.ErrBundle) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tiler := tlog.Tiler{Emit: func(tlog.Tile, []byte) error { return nil }}
	if err := tiler.Add(make([]byte, math.MaxUint16+1)); !errors.Is(err, tlog.ErrLeafSize) {
		t.Error(err)
	}
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"), 2)
	f.Add([]byte("\xff"), 1)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		if width < 0 || width > tlog.TileWidth {
			return
		}
		leaves, err := tlog.Bundle(data, width)
		if err != nil {
			return
		}
		var again []byte
		for _, l := range leaves {
			again = append(append(again, byte(len(l)>>8), byte(len(l))), l...)
		}
		if !bytes.Equal(again, data) || len(leaves) != width {
			t.Fatal("a bundle has two encodings")
		}
	})
}
