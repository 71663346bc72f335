package pprf

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/privacy/bulk/internal/baseot"
)

func source(name string) *rand.ChaCha8 { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

func deal(s Shape) (both [][2]baseot.Key, choices []byte, chosen []baseot.Key) {
	b := make([]byte, s.Transfers()*33)
	if _, err := source("base").Read(b); err != nil {
		panic(err)
	}
	for i := range s.Transfers() {
		pair := [2]baseot.Key{baseot.Key(b[i*33:]), baseot.Key(b[i*33+16:])}
		c := b[i*33+32] & 1
		both, choices, chosen = append(both, pair), append(choices, c), append(chosen, pair[c])
	}
	return both, choices, chosen
}

func TestAllButOne(t *testing.T) {
	for _, s := range []Shape{{1, 1}, {20, 4}, {3, 8}} {
		both, choices, chosen := deal(s)
		all, message, err := Offer(baseot.Session{1}, s, both, source("offer"))
		if err != nil {
			t.Fatal(err)
		}
		if len(message) != s.MessageSize() {
			t.Fatalf("%d bytes, want %d", len(message), s.MessageSize())
		}
		missing, leaves, err := Take(baseot.Session{1}, s, choices, chosen, message)
		if err != nil {
			t.Fatal(err)
		}
		for tree := range s.Trees {
			at := 0
			for d := range s.Depth {
				at = 2*at + int(1-choices[tree*s.Depth+d])
			}
			if int(missing[tree]) != at {
				t.Fatalf("tree %d: leaf %d is missing, want %d", tree, missing[tree], at)
			}
			for y := range 1 << s.Depth {
				got, want := leaves[tree<<s.Depth|y], all[tree<<s.Depth|(y^at)]
				if (got == want) != (y != 0) {
					t.Fatalf("%v, tree %d, index %d", s, tree, y)
				}
			}
		}
	}
}

// TestDefinition walks from a root to each leaf by itself, as specs/bulk-psi.md has it.
func TestDefinition(t *testing.T) {
	s := Shape{Trees: 2, Depth: 4}
	both, _, _ := deal(s)
	leaves, _, err := Offer(baseot.Session{5}, s, both, source("offer"))
	if err != nil {
		t.Fatal(err)
	}
	rnd := source("offer")
	for tree := range s.Trees {
		root := make([]byte, 16)
		_, _ = rnd.Read(root)
		for x := range 1 << s.Depth {
			n := root
			for depth := range s.Depth {
				above := x >> (s.Depth - depth) // the node's place in its level
				sum := sha256.Sum256(slices.Concat([]byte("crosslight/bulk/v1 node\x00"), append([]byte{5}, make([]byte, 31)...),
					[]byte{0, byte(tree), byte(depth), 0, byte(above)}, n))
				n = sum[16*(x>>(s.Depth-depth-1)&1):][:16]
			}
			sum := sha512.Sum512(slices.Concat([]byte("crosslight/bulk/v1 leaf\x00"), append([]byte{5}, make([]byte, 31)...),
				[]byte{0, byte(tree), 0, 0, byte(x)}, n))
			if leaf := leaves[tree<<s.Depth|x]; !bytes.Equal(leaf.Key[:], sum[:16]) || !bytes.Equal(leaf.Nonce[:], sum[16:24]) {
				t.Errorf("tree %d, leaf %d", tree, x)
			}
		}
	}
}

// TestCheatingOfferer changes each byte that a taker's leaves depend on. Where the taker's choice reads it,
// the proof finds it; where not, the leaves are those of an honest offerer.
func TestCheatingOfferer(t *testing.T) {
	s := Shape{2, 4}
	both, choices, chosen := deal(s)
	_, message, err := Offer(baseot.Session{1}, s, both, source("offer"))
	if err != nil {
		t.Fatal(err)
	}
	_, honest, err := Take(baseot.Session{1}, s, choices, chosen, message)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for at := range message {
		bad := bytes.Clone(message)
		bad[at] ^= 0x10
		_, leaves, err := Take(baseot.Session{1}, s, choices, chosen, bad)
		if err == nil {
			for i := range leaves {
				if leaves[i] != honest[i] {
					t.Fatalf("byte %d changes leaf %d and is not found", at, i)
				}
			}
			continue
		}
		if !errors.Is(err, ErrProof) {
			t.Fatal(err)
		}
		read++
	}
	if want := s.Trees*(s.Depth*nodeSize+proofSize) + 32; read != want {
		t.Errorf("%d bytes are held by the proof, want %d", read, want)
	}
	if _, _, err := Take(baseot.Session{1}, s, choices, chosen, message[1:]); !errors.Is(err, ErrMessage) {
		t.Error(err)
	}
}
