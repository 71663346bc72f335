//go:build !amd64 || purego

package simd

func best() level { return plain }

func (c *Columns) prepare([]Leaf) bool        { return false }
func (c *Columns) fold(_, _ []byte, _, _ int) {}
func (c *Columns) expand([]byte, int, int)    {}

func (p *program) runFast([]byte) bool { return false }

type fastTables struct{}

func newFastTables(*Encoder, [][2]uint64, [][]byte, func(a, b byte) byte) *fastTables { return nil }

func (e *Encoder) encodeFast(_, _ []byte)  {}
func (e *Encoder) shortenFast(_, _ []byte) {}

func drawFast(_, _, _ []byte, _ int) bool { return false }

// midstate is empty: the portable hash begins with the prefix each time.
type midstate struct{}

func (h *Hasher) prepare()                             { h.midstate = midstate{} }
func (h *Hasher) sumFast([][32]byte, []byte, int) bool { return false }

func (s *Selection) decodeFast(_, _ []byte) bool { return false }

func xorMasksFast(_, _ []byte, _ byte, _ int) bool { return false }
