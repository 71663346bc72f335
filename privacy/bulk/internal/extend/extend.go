// Package extend makes many random oblivious transfers from 128: the extension of SoftSpokenOT (Roy,
// Crypto 2022) with k = 1 and the repetition code, which is that of Ishai, Kilian, Nissim and Petrank
// (Crypto 2003) with a check under which it holds against cheating parties.
//
//	Chooser (choices b_j)                              Offerer (secret D, 128 bits)
//	==============================================================================
//	from both keys of base OT i: g_{i,0}, g_{i,1}      knows one of them: g_{i,1-D_i}
//	u_i = g_{i,0} + g_{i,1},  v_i = g_{i,1}            w_i = g_{i,1-D_i}
//	                  u_i + b, for each i
//	                  ------------------------>
//	                                                   w_i += D_i·(u_i + b), so that by rows
//	                                                   w_j = v_j + b_j·D
//	                         coins
//	                  <------------------------
//	random sums of (b_j, v_j), 128 rows of which are masks
//	                  ------------------------>
//	                                                   the same sums of w_j must agree
//	key_j = H(j, v_j)                                  keys_j = H(j, w_j), H(j, w_j + D)
//
// The roles are the other way round than in the base OTs: the chooser sent there.
package extend

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/privacy/bulk/internal/baseot"
	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
)

// Base is the number of base OTs, and the security of the extension in bits.
const Base = 128

const rowSize = Base / 8

var (
	// ErrMessage reports a message of the wrong length.
	ErrMessage = errors.New("OT extension: message is not valid")
	// ErrCheck reports sums that do not agree: a chooser that cheats.
	ErrCheck = errors.New("OT extension: check failed")
)

// drawn is how many rows the check draws from: n rounded up to whole bytes. Base rows of masks follow.
func drawn(n int) int { return (n + 7) &^ 7 }

func total(n int) int { return drawn(n) + Base }

// OfferSize is the length of the chooser's first message for n transfers in bytes, CoinSize that of the
// coins, AnswerSize that of the answer.
func OfferSize(n int) int { return Base * total(n) / 8 }

// CoinSize is the number of random bytes that the check of n transfers takes.
func CoinSize(n int) int { return simd.DrawSize(drawn(n)) }

// AnswerSize is the length of the chooser's answer in bytes.
const AnswerSize = simd.Draws/8 + simd.Draws*rowSize

// Chooser is the side that chooses.
type Chooser struct {
	session baseot.Session
	n       int
	choices []byte // a bit a row, masks included
	rows    []byte // v
}

// NewChooser takes both keys of each base OT and chooses at random. The message is OfferSize(n) bytes.
func NewChooser(session baseot.Session, keys [][2]baseot.Key, n int, rnd io.Reader) (*Chooser, []byte, error) {
	c := &Chooser{session: session, n: n, choices: make([]byte, total(n)/8)}
	if _, err := io.ReadFull(rnd, c.choices); err != nil {
		return nil, nil, fmt.Errorf("read randomness: %w", err)
	}
	size := len(c.choices)
	message, v := make([]byte, 0, OfferSize(n)), make([]byte, 0, OfferSize(n))
	for i := range keys {
		g0, g1 := stream(session, i, keys[i][0], size), stream(session, i, keys[i][1], size)
		subtle.XORBytes(g0, g0, g1)
		subtle.XORBytes(g0, g0, c.choices)
		message, v = append(message, g0...), append(v, g1...)
	}
	c.rows = toRows(v, size)
	return c, message, nil
}

// Answer draws the sums that the coins, CoinSize(n) bytes, ask for.
func (c *Chooser) Answer(coins []byte) ([]byte, error) {
	if len(coins) != CoinSize(c.n) {
		return nil, ErrMessage
	}
	bits, sums := make([]byte, simd.Draws/8), make([]byte, simd.Draws*rowSize)
	simd.Draw(sums, c.rows[:drawn(c.n)*rowSize], coins, rowSize)
	subtle.XORBytes(sums, sums, c.rows[drawn(c.n)*rowSize:])
	for h := range simd.Draws {
		var x byte
		for j := range drawn(c.n) / 8 {
			x ^= coins[j*simd.Draws+h] & c.choices[j]
		}
		bits[h>>3] |= parity(x) << (h & 7)
	}
	subtle.XORBytes(bits, bits, c.choices[drawn(c.n)/8:])
	return append(bits, sums...), nil
}

// Keys returns for each transfer the choice, a byte 0 or 1, and the key that goes with it.
func (c *Chooser) Keys() (choices []byte, keys []baseot.Key) {
	choices, keys = make([]byte, c.n), make([]baseot.Key, c.n)
	for j := range keys {
		choices[j] = c.choices[j>>3] >> (j & 7) & 1
		keys[j] = hash(c.session, j, c.rows[j*rowSize:][:rowSize])
	}
	return choices, keys
}

// Offerer is the side that has both keys of each transfer.
type Offerer struct {
	session baseot.Session
	n       int
	secret  [rowSize]byte // D
	rows    []byte        // w
}

// NewOfferer takes the choices that it made in the base OTs, a byte each, the keys that it got by them,
// and the chooser's message. The error is [ErrMessage].
func NewOfferer(session baseot.Session, choices []byte, keys []baseot.Key, n int, message []byte) (*Offerer, error) {
	if len(message) != OfferSize(n) {
		return nil, ErrMessage
	}
	o := &Offerer{session: session, n: n}
	size := total(n) / 8
	w := make([]byte, 0, len(message))
	for i, c := range choices {
		bit := 1 ^ c
		o.secret[i>>3] |= bit << (i & 7)
		g := stream(session, i, keys[i], size)
		// Where D_i is one, the known stream is g_{i,0} and w_i = g_{i,0} + u_i + b; else it is g_{i,1},
		// where v_i = g_{i,1} asks for w_i = v_i.
		simd.XorMasked(g, message[i*size:][:size], -uint64(bit))
		w = append(w, g...)
	}
	o.rows = toRows(w, size)
	return o, nil
}

// Check holds the chooser's answer against the coins. The error is [ErrMessage] or [ErrCheck].
func (o *Offerer) Check(coins, answer []byte) error {
	if len(answer) != AnswerSize {
		return ErrMessage
	}
	sums := make([]byte, simd.Draws*rowSize)
	simd.Draw(sums, o.rows[:drawn(o.n)*rowSize], coins, rowSize)
	subtle.XORBytes(sums, sums, o.rows[drawn(o.n)*rowSize:])
	bits, want := answer[:simd.Draws/8], answer[simd.Draws/8:]
	for h := range simd.Draws {
		simd.XorMasked(sums[h*rowSize:][:rowSize], o.secret[:], -uint64(bits[h>>3]>>(h&7)&1))
	}
	if subtle.ConstantTimeCompare(sums, want) != 1 {
		return ErrCheck
	}
	return nil
}

// Keys returns both keys of each transfer.
func (o *Offerer) Keys() [][2]baseot.Key {
	keys := make([][2]baseot.Key, o.n)
	var other [rowSize]byte
	for j := range keys {
		row := o.rows[j*rowSize:][:rowSize]
		subtle.XORBytes(other[:], row, o.secret[:])
		keys[j] = [2]baseot.Key{hash(o.session, j, row), hash(o.session, j, other[:])}
	}
	return keys
}

const (
	streamDomain = "crosslight/bulk/v1 extension stream"
	keyDomain    = "crosslight/bulk/v1 extension key"
)

// stream is AES-128 in counter mode under the key, from a counter that the session and the column fix: whoever
// searches holds each key that it tries against one column.
func stream(session baseot.Session, i int, key baseot.Key, size int) []byte {
	in := append(append([]byte(streamDomain), 0), session[:]...)
	iv := sha256.Sum256(binary.BigEndian.AppendUint32(in, uint32(i)))
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	out := make([]byte, size)
	cipher.NewCTR(b, iv[:aes.BlockSize]).XORKeyStream(out, out)
	return out
}

func hash(session baseot.Session, j int, row []byte) baseot.Key {
	in := append(append([]byte(keyDomain), 0), session[:]...)
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint32(in, uint32(j)), row...))
	return baseot.Key(sum[:baseot.KeySize])
}

// toRows turns Base columns of size bytes into rows of 128 bits.
func toRows(columns []byte, size int) []byte {
	rows := make([]byte, size*8*rowSize)
	for i := range Base {
		for at, v := range columns[i*size:][:size] {
			for b := range 8 {
				rows[(at*8+b)*rowSize+i>>3] |= v >> b & 1 << (i & 7)
			}
		}
	}
	return rows
}

func parity(x byte) byte {
	x ^= x >> 4
	x ^= x >> 2
	return (x ^ x>>1) & 1
}
