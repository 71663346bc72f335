package session

import (
	"crypto/sha256"
	"testing"

	"pgregory.net/rapid"
)

// mth is RFC 6962 §2.1 as it is written there.
func mth(leaves [][]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	l, r := mth(leaves[:k]), mth(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
}

func TestElementsRoot(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		flat := elements(rapid.IntRange(0, 70).Draw(rt, "elements"))
		var leaves [][]byte
		for i := 0; i < len(flat); i += ElementSize {
			leaves = append(leaves, flat[i:i+ElementSize])
		}
		if got, want := ElementsRoot(flat), mth(leaves); got != want {
			rt.Fatalf("%d elements: got %x, want %x", len(leaves), got, want)
		}
	})
}
