//go:build !amd64 || purego

package simd

// Accelerated says whether assembly is in use.
func Accelerated() bool { return false }

func (c *Columns) prepare([]Leaf) bool        { return false }
func (c *Columns) fold(_, _ []byte, _, _ int) {}

type fastTables struct{}

func newFastTables(*Encoder, [][2]uint64, [][]byte, func(a, b byte) byte) *fastTables { return nil }

func (e *Encoder) encodeFast(_, _ []byte)  {}
func (e *Encoder) shortenFast(_, _ []byte) {}

func drawFast(_, _, _ []byte, _ int) bool { return false }

func (h *Hasher) prepare()                             {}
func (h *Hasher) sumFast([][32]byte, []byte, int) bool { return false }

func (s *Selection) decodeFast(_, _ []byte) bool { return false }

func xorMasksFast(_, _ []byte, _ byte, _ int) bool { return false }
