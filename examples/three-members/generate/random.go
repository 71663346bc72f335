package main

import (
	"encoding/hex"
	"math/rand/v2"
)

// random is a seeded source. It uses nothing of math/rand but PCG's 64-bit outputs, whose sequence
// is fixed by its definition, so that no release of Go changes the data.
type random struct{ pcg *rand.PCG }

func newRandom(seed uint64) *random { return &random{rand.NewPCG(seed, 0x63726f73736c6967)} }

// below returns a number from 0 to n-1. Its bias is of no matter here.
func (r *random) below(n int) int { return int((r.pcg.Uint64() >> 1) % uint64(n)) }

// oneOf returns one of the choices.
func oneOf[T any](r *random, choices ...T) T { return choices[r.below(len(choices))] }

// text returns n characters of an alphabet.
func (r *random) text(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.below(len(alphabet))]
	}
	return string(b)
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyz"
	alnum   = letters + digits
)

// bytes returns n bytes.
func (r *random) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.pcg.Uint64() >> 56)
	}
	return b
}

// hex returns n bytes in hexadecimal.
func (r *random) hex(n int) string { return hex.EncodeToString(r.bytes(n)) }

// shuffle permutes list in place.
func shuffle[T any](r *random, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := r.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}
