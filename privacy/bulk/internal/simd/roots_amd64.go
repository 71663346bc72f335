//go:build amd64 && !purego

package simd

import "math/big"

// cubeRoot is the integer part of the cube root of p·2^96.
func cubeRoot(p uint64) uint64 {
	n := new(big.Int).Lsh(new(big.Int).SetUint64(p), 96)
	var root uint64
	for b := 40; b >= 0; b-- {
		r := new(big.Int).SetUint64(root | 1<<b)
		if r.Exp(r, big.NewInt(3), nil).Cmp(n) <= 0 {
			root |= 1 << b
		}
	}
	return root
}
