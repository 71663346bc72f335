package vole

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/crosslight/crosslight/privacy/bulk/internal/code"
	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
)

var kinds = []*Kind{NewKind(4, code.BCH245), NewKind(8, code.BCH185)}

func read(name string, n int) []byte {
	b := make([]byte, n)
	if _, err := rand.NewChaCha8(sha256.Sum256([]byte(name))).Read(b); err != nil {
		panic(err)
	}
	return b
}

func coinsOf(name string) cipher.Stream {
	b, err := aes.NewCipher(read(name, 32))
	if err != nil {
		panic(err)
	}
	return cipher.NewCTR(b, make([]byte, 16))
}

// session is a correlation over n slots whose messages tamper may change.
type session struct {
	kind             *Kind
	layout           Layout
	slots, mine, her []byte // the prover's slots and rows, the verifier's rows
	prover           *Prover
	verifier         *Verifier
	delta            []byte
}

func correlate(t testing.TB, k *Kind, n int, tamper func(block int, m []byte)) session {
	t.Helper()
	s := session{kind: k, layout: Layout{n}, delta: read("delta", k.Columns)}
	b := read("leaves", k.Columns<<k.K*simd.LeafSize)
	all, most := make([]simd.Leaf, k.Columns<<k.K), make([]simd.Leaf, k.Columns<<k.K)
	for i := range all {
		copy(all[i].Key[:], b[i*simd.LeafSize:])
		copy(all[i].Nonce[:], b[i*simd.LeafSize+16:])
	}
	for i := range s.delta {
		s.delta[i] &= 1<<k.K - 1
		for y := 1; y < 1<<k.K; y++ {
			most[i<<k.K|y] = all[i<<k.K|y^int(s.delta[i])]
		}
	}
	s.prover, s.verifier = NewProver(k, all), NewVerifier(k, s.delta, most)
	s.slots = read("slots", s.layout.Rows()*SlotSize)
	s.mine, s.her = make([]byte, s.layout.Rows()*k.RowSize), make([]byte, s.layout.Rows()*k.RowSize)
	for block := range s.layout.Blocks() {
		from, to := block*simd.Rows, min((block+1)*simd.Rows, s.layout.Rows())
		m := s.prover.Block(nil, s.mine[from*k.RowSize:to*k.RowSize], s.layout, block, s.slots[from*SlotSize:to*SlotSize])
		if tamper != nil {
			tamper(block, m)
		}
		if err := s.verifier.Block(s.her[from*k.RowSize:to*k.RowSize], s.layout, block, m); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// phi is U(Δ ⊙ C(d)), from the code's columns and the matrix.
func (s *session) phi(slot []byte) []byte {
	c := code.BCH245
	if s.kind.K == 8 {
		c = code.BCH185
	}
	h := code.Syndrome(c.Length, c.Distance)
	out := make([]byte, s.kind.RowSize)
	for i := range c.Length {
		set, bit := c.Column(i), byte(0)
		for b := range code.MessageBits {
			bit ^= byte(set[b>>6]>>(b&63)) & (slot[b>>3] >> (b & 7)) & 1
		}
		for t := range out {
			out[t] ^= code.Mul(h[t][i], bit*s.delta[i])
		}
	}
	return out
}

func TestCorrelation(t *testing.T) {
	for _, k := range kinds {
		for _, n := range []int{1, 1000, 2048, 4500} {
			s := correlate(t, k, n, nil)
			for j := 0; j < s.layout.Rows(); j += 1 + s.layout.Rows()/50 {
				want := s.phi(s.slots[j*SlotSize:][:SlotSize])
				for i := range want {
					want[i] ^= s.mine[j*k.RowSize+i]
				}
				if !bytes.Equal(s.her[j*k.RowSize:][:k.RowSize], want) {
					t.Fatalf("k = %d, %d slots, row %d", k.K, n, j)
				}
			}
			answer := k.Answer(s.layout, s.slots, s.mine, coinsOf("coins"))
			if err := s.verifier.Check(s.layout, s.her, coinsOf("coins"), answer); err != nil {
				t.Fatalf("k = %d, %d slots: %v", k.K, n, err)
			}
		}
	}
}

// TestWrongCorrelation: a prover whose slots are not a word of the code in one column is found unless that
// column's part of Δ is zero, where its message made no difference. Found or not depends on Δ as it would
// for a guess of that column, which is what the security argument allows.
func TestWrongCorrelation(t *testing.T) {
	for _, k := range kinds {
		for column := 0; column < k.Columns; column += 31 {
			s := correlate(t, k, 300, func(block int, m []byte) { m[column*len(m)/k.Columns+5] ^= 1 })
			answer := k.Answer(s.layout, s.slots, s.mine, coinsOf("coins"))
			err := s.verifier.Check(s.layout, s.her, coinsOf("coins"), answer)
			if errors.Is(err, ErrCheck) != (s.delta[column] != 0) {
				t.Fatalf("k = %d, column %d, Δ %x: %v", k.K, column, s.delta[column], err)
			}
		}
	}
}

func TestWrongAnswer(t *testing.T) {
	for _, k := range kinds {
		s := correlate(t, k, 100, nil)
		answer := k.Answer(s.layout, s.slots, s.mine, coinsOf("coins"))
		for at := 0; at < len(answer); at += 7 {
			bad := bytes.Clone(answer)
			bad[at] ^= 0x80
			if err := s.verifier.Check(s.layout, s.her, coinsOf("coins"), bad); !errors.Is(err, ErrCheck) {
				t.Fatalf("byte %d: %v", at, err)
			}
		}
		if err := s.verifier.Check(s.layout, s.her, coinsOf("other coins"), answer); !errors.Is(err, ErrCheck) {
			t.Errorf("an answer to other coins: %v", err)
		}
		if err := s.verifier.Check(s.layout, s.her, coinsOf("coins"), answer[1:]); !errors.Is(err, ErrMessage) {
			t.Error(err)
		}
		if err := s.verifier.Block(s.her, s.layout, 0, make([]byte, 3)); !errors.Is(err, ErrMessage) {
			t.Error(err)
		}
	}
}
