// Package vole is the correlation under the intersection: a subspace vector-OLE (Roy, Crypto 2022). The
// prover has a vector of slots d_j of 128 bits that it chooses; both end with rows that differ by a secret
// linear image of them:
//
//	verifier's row_j  =  prover's row_j + Φ(d_j),    Φ(d) = U(Δ ⊙ C(d))
//
// C is a binary code of length n and distance m, Δ the verifier's secret: k bits to each of n columns, and
// U shortens a row of n symbols to m bytes such that whatever differs in at most m columns stays different
// (package code). k·m = 128, so nobody without Δ can guess Φ of anything but zero with a chance above
// 2^-128.
//
//	Prover (all leaves of each column)                Verifier (all but leaf Δ_i)
//	=============================================================================
//	u_i = Σ_x g_{i,x},  v_i = Σ_x x·g_{i,x}           w_i = Σ_x (x + Δ_i)·g_{i,x}
//	                  u_i + C(d)_i, for each i
//	                  ------------------------>
//	                                                  w_i += Δ_i·(u_i + C(d)_i)
//	row = U(v)                                        row = U(w)
//	                          coins
//	                  <------------------------
//	random sums of d_j and row_j, 128 rows of
//	which are masks
//	                  ------------------------>
//	                                                  the same sums must fit
//
// Rows come in blocks of simd.Rows. The last rows are masks: simd.Draws rows of random slots, one for each
// random sum, without which the sums would say something about the slots.
package vole

import (
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"slices"

	"github.com/crosslight/crosslight/privacy/bulk/internal/code"
	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
)

// SlotSize is the length of a slot in bytes.
const SlotSize = code.MessageBits / 8

var (
	// ErrMessage reports a message of the wrong length.
	ErrMessage = errors.New("VOLE: message is not valid")
	// ErrCheck reports sums that do not fit: a prover that cheats.
	ErrCheck = errors.New("VOLE: check failed")
)

// Kind is a choice of k with its code.
type Kind struct {
	K       int // bits of a symbol of Δ
	Columns int // of the code
	RowSize int // bytes of a row: the code's distance
	encoder *simd.Encoder
}

// NewKind computes the tables for k and a code.
func NewKind(k int, c *code.Code) *Kind {
	columns := make([][2]uint64, c.Length)
	for j := range columns {
		columns[j] = c.Column(j)
	}
	e := simd.NewEncoder(k, columns, code.Syndrome(c.Length, c.Distance), code.Mul)
	return &Kind{K: k, Columns: c.Length, RowSize: c.Distance, encoder: e}
}

// Layout says where n slots and the masks lie.
type Layout struct{ Slots int }

// Drawn is the number of rows that sums are drawn from: the slots, rounded up to whole bytes of a plane.
func (l Layout) Drawn() int { return (l.Slots + 7) &^ 7 }

// Rows is that of all rows with the masks, Blocks that of the blocks that they take.
func (l Layout) Rows() int { return l.Drawn() + simd.Draws }

// Blocks is the number of blocks, of which the last may have fewer rows.
func (l Layout) Blocks() int { return (l.Rows() + simd.Rows - 1) / simd.Rows }

// rowsOf is the number of rows of a block.
func (l Layout) rowsOf(block int) int { return min(simd.Rows, l.Rows()-block*simd.Rows) }

// BlockSize is the length of a block's message in bytes.
func (k *Kind) BlockSize(l Layout, block int) int { return k.Columns * l.rowsOf(block) / 8 }

// Scratch is memory that a party works in.
type scratch struct{ planes, slots, rows, masked []byte }

func (k *Kind) newScratch() scratch {
	return scratch{
		planes: make([]byte, k.Columns*k.K*simd.PlaneSize),
		slots:  make([]byte, simd.Rows*SlotSize),
		rows:   make([]byte, simd.Rows*k.RowSize),
		masked: make([]byte, k.Columns*simd.PlaneSize),
	}
}

// Prover is the side that chooses slots.
type Prover struct {
	kind   *Kind
	leaves *simd.Columns
	scratch
}

// NewProver takes all leaves, 2^k a column.
func NewProver(k *Kind, leaves []simd.Leaf) *Prover {
	return &Prover{kind: k, leaves: simd.NewColumns(k.K, leaves), scratch: k.newScratch()}
}

// Block appends to message the block's corrections for its slots, and writes its rows, RowSize bytes each.
// slots are those of the block, SlotSize bytes each, masks included. The same block must only ever be given
// the same slots: two different ones under the same leaves would show their difference.
func (p *Prover) Block(message, rows []byte, l Layout, block int, slots []byte) []byte {
	n := l.rowsOf(block)
	clear(p.slots[copy(p.slots, slots):])
	for i := range p.kind.Columns {
		p.leaves.Fold(p.planes[i*p.kind.K*simd.PlaneSize:][:p.kind.K*simd.PlaneSize], p.masked[i*simd.PlaneSize:][:simd.PlaneSize], i, block)
	}
	p.kind.encoder.Encode(p.masked, p.slots)
	message = slices.Grow(message, p.kind.Columns*n/8)
	for i := range p.kind.Columns {
		message = append(message, p.masked[i*simd.PlaneSize:][:n/8]...)
	}
	p.kind.shorten(rows, &p.scratch, n)
	return message
}

func (k *Kind) shorten(rows []byte, s *scratch, n int) {
	if n == simd.Rows {
		k.encoder.Shorten(rows, s.planes)
		return
	}
	k.encoder.Shorten(s.rows, s.planes)
	copy(rows, s.rows[:n*k.RowSize])
}

// Verifier is the side with Δ.
type Verifier struct {
	kind    *Kind
	leaves  *simd.Columns
	missing []byte // Δ
	phi     []byte // Φ of each of the 128 bits, RowSize bytes each
	scratch
}

// NewVerifier takes Δ, a byte a column, and for each column the leaves such that index y is leaf y + Δ_i.
func NewVerifier(k *Kind, missing []byte, leaves []simd.Leaf) *Verifier {
	v := &Verifier{kind: k, missing: missing, leaves: simd.NewColumns(k.K, leaves), scratch: k.newScratch()}
	v.phi = v.images()
	return v
}

// images computes Φ of the unit vectors, as a block of rows whose planes are those of the code's words
// where Δ has a bit.
func (v *Verifier) images() []byte {
	for b := range code.MessageBits {
		v.slots[b*SlotSize+b>>3] |= 1 << (b & 7)
	}
	v.kind.encoder.Encode(v.masked, v.slots)
	for i := range v.kind.Columns {
		for b := range v.kind.K {
			simd.XorMasked(v.planes[(i*v.kind.K+b)*simd.PlaneSize:], v.masked[i*simd.PlaneSize:][:simd.PlaneSize], -uint64(v.missing[i]>>b&1))
		}
	}
	v.kind.encoder.Shorten(v.rows, v.planes)
	return append([]byte(nil), v.rows[:code.MessageBits*v.kind.RowSize]...)
}

// Images returns Φ of each of the 128 unit vectors, RowSize bytes each.
func (v *Verifier) Images() []byte { return v.phi }

// Block takes a block's message and writes its rows. The error is [ErrMessage].
func (v *Verifier) Block(rows []byte, l Layout, block int, message []byte) error {
	n := l.rowsOf(block)
	if len(message) != v.kind.BlockSize(l, block) {
		return ErrMessage
	}
	for i := range v.kind.Columns {
		planes := v.planes[i*v.kind.K*simd.PlaneSize:][:v.kind.K*simd.PlaneSize]
		v.leaves.Fold(planes, nil, i, block)
		simd.XorMasks(planes, message[i*n/8:][:n/8], v.missing[i], v.kind.K)
	}
	v.kind.shorten(rows, &v.scratch, n)
	return nil
}

// AnswerSize is the length of the prover's answer in bytes.
func (k *Kind) AnswerSize() int { return simd.Draws * (SlotSize + k.RowSize) }

// Answer draws the sums of slots and rows that the coins ask for. slots and rows are all of the vector,
// masks included.
func (k *Kind) Answer(l Layout, slots, rows []byte, coins cipher.Stream) []byte {
	out := make([]byte, k.AnswerSize())
	ofSlots, ofRows := out[:simd.Draws*SlotSize], out[simd.Draws*SlotSize:]
	l.draw(coins, func(from, to int, coins []byte) {
		simd.Draw(ofSlots, slots[from*SlotSize:to*SlotSize], coins, SlotSize)
		simd.Draw(ofRows, rows[from*k.RowSize:to*k.RowSize], coins, k.RowSize)
	})
	subtle.XORBytes(ofSlots, ofSlots, slots[l.Drawn()*SlotSize:])
	subtle.XORBytes(ofRows, ofRows, rows[l.Drawn()*k.RowSize:])
	return out
}

// draw calls f for one range of drawn rows after the other with the coins for it, the stream's next bytes.
func (l Layout) draw(stream cipher.Stream, f func(from, to int, coins []byte)) {
	buffer := make([]byte, simd.DrawSize(simd.Rows))
	for from := 0; from < l.Drawn(); from += simd.Rows {
		to := min(from+simd.Rows, l.Drawn())
		coins := buffer[:simd.DrawSize(to-from)]
		clear(coins)
		stream.XORKeyStream(coins, coins)
		f(from, to, coins)
	}
}

// Check holds an answer against the verifier's rows. Errors are [ErrMessage] and [ErrCheck].
func (v *Verifier) Check(l Layout, rows []byte, coins cipher.Stream, answer []byte) error {
	k := v.kind
	if len(answer) != k.AnswerSize() {
		return ErrMessage
	}
	sums := make([]byte, simd.Draws*k.RowSize)
	l.draw(coins, func(from, to int, coins []byte) {
		simd.Draw(sums, rows[from*k.RowSize:to*k.RowSize], coins, k.RowSize)
	})
	subtle.XORBytes(sums, sums, rows[l.Drawn()*k.RowSize:])
	slots, want := answer[:simd.Draws*SlotSize], answer[simd.Draws*SlotSize:]
	for h := range simd.Draws {
		sum := sums[h*k.RowSize:][:k.RowSize]
		for b := range code.MessageBits {
			simd.XorMasked(sum, v.phi[b*k.RowSize:][:k.RowSize], -uint64(slots[h*SlotSize+b>>3]>>(b&7)&1))
		}
	}
	if subtle.ConstantTimeCompare(sums, want) != 1 {
		return ErrCheck
	}
	return nil
}
