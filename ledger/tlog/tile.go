package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// TileWidth is the number of hashes, or of entries, in a full tile.
const TileWidth = 256

// Tile names a tile of C2SP tlog-tiles. Level counts in steps of eight levels of the tree; entries have
// their own. Width is 1 to 256; a tile of less than 256 is partial.
type Tile struct {
	Entries bool
	Level   uint
	Index   uint64
	Width   int
}

// Path is the tile's path: "tile/0/x001/x234/067", "tile/entries/000.p/5".
func (t Tile) Path() string {
	level := "entries"
	if !t.Entries {
		level = fmt.Sprintf("%d", t.Level)
	}
	n := fmt.Sprintf("%03d", t.Index%1000)
	for rest := t.Index / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	if t.Width < TileWidth {
		n += fmt.Sprintf(".p/%d", t.Width)
	}
	return "tile/" + level + "/" + n
}

// Layout lists the tiles of a tree of size leaves: entries first, then each level, each in ascending
// order. These and no others make up an export.
func Layout(size uint64) []Tile {
	tiles := layoutLevel(nil, size, Tile{Entries: true})
	for level := uint(0); size > 0; level, size = level+1, size/TileWidth {
		tiles = layoutLevel(tiles, size, Tile{Level: level})
	}
	return tiles
}

func layoutLevel(tiles []Tile, count uint64, t Tile) []Tile {
	t.Width = TileWidth
	for ; t.Index < count/TileWidth; t.Index++ {
		tiles = append(tiles, t)
	}
	if t.Width = int(count % TileWidth); t.Width > 0 {
		tiles = append(tiles, t)
	}
	return tiles
}

// Tiler turns leaves into tiles and keeps at most one tile a level in memory. Emit is called once for
// each tile, with bytes that are the callee's; its errors end the work.
type Tiler struct {
	Emit    func(t Tile, data []byte) error
	entries []byte
	held    int
	bundles uint64
	levels  []tileLevel
}

type tileLevel struct {
	hashes []Hash
	done   uint64
}

// ErrLeafSize reports a leaf that does not fit a bundle.
var ErrLeafSize = errors.New("leaf does not fit the 16-bit length of an entry bundle")

// Add adds a leaf.
func (b *Tiler) Add(leaf []byte) error {
	if len(leaf) > math.MaxUint16 {
		return ErrLeafSize
	}
	b.entries = append(binary.BigEndian.AppendUint16(b.entries, uint16(len(leaf))), leaf...)
	if b.held++; b.held == TileWidth {
		if err := b.flushEntries(); err != nil {
			return err
		}
	}
	return b.addHash(0, LeafHash(leaf))
}

// Finish emits the partial tiles.
func (b *Tiler) Finish() error {
	if b.held > 0 {
		if err := b.flushEntries(); err != nil {
			return err
		}
	}
	for level := range b.levels {
		if len(b.levels[level].hashes) > 0 {
			if err := b.flushLevel(level); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Tiler) flushEntries() error {
	data := b.entries
	t := Tile{Entries: true, Index: b.bundles, Width: b.held}
	b.entries, b.held = nil, 0
	b.bundles++
	return b.Emit(t, data)
}

func (b *Tiler) addHash(level int, h Hash) error {
	if level == len(b.levels) {
		b.levels = append(b.levels, tileLevel{})
	}
	l := &b.levels[level]
	l.hashes = append(l.hashes, h)
	if len(l.hashes) < TileWidth {
		return nil
	}
	f := NewFrontier()
	for _, h := range l.hashes {
		f.Append(h)
	}
	if err := b.flushLevel(level); err != nil {
		return err
	}
	return b.addHash(level+1, f.Root())
}

func (b *Tiler) flushLevel(level int) error {
	l := &b.levels[level]
	data := make([]byte, 0, len(l.hashes)*HashSize)
	for _, h := range l.hashes {
		data = append(data, h[:]...)
	}
	t := Tile{Level: uint(level), Index: l.done, Width: len(l.hashes)}
	l.hashes = l.hashes[:0]
	l.done++
	return b.Emit(t, data)
}

// ErrBundle reports an entry bundle that does not hold exactly the leaves it should.
var ErrBundle = errors.New("entry bundle is malformed")

// Bundle splits an entry bundle into its width leaves, which share its bytes.
func Bundle(data []byte, width int) ([][]byte, error) {
	leaves := make([][]byte, 0, width)
	for range width {
		if len(data) < 2 {
			return nil, fmt.Errorf("%w: ends before its last leaf", ErrBundle)
		}
		n := int(binary.BigEndian.Uint16(data))
		if data = data[2:]; len(data) < n {
			return nil, fmt.Errorf("%w: ends inside a leaf", ErrBundle)
		}
		leaves, data = append(leaves, data[:n:n]), data[n:]
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("%w: bytes after its last leaf", ErrBundle)
	}
	return leaves, nil
}
