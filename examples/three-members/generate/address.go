package main

import (
	"crypto/sha256"
	"math/big"
	"strings"
)

const (
	base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	bech32Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
)

// base58Check writes a version, a payload and the first bytes of a double SHA-256 in base58.
func base58Check(version byte, payload []byte) string {
	b := append([]byte{version}, payload...)
	sum := sha256.Sum256(b)
	sum = sha256.Sum256(sum[:])
	b = append(b, sum[:4]...)
	var out []byte
	n, base, rem := new(big.Int).SetBytes(b), big.NewInt(58), new(big.Int)
	for n.Sign() > 0 {
		n.DivMod(n, base, rem)
		out = append([]byte{base58Alphabet[rem.Int64()]}, out...)
	}
	for i := 0; b[i] == 0; i++ {
		out = append([]byte{'1'}, out...)
	}
	return string(out)
}

// segwitV0 writes a witness program of 20 bytes per BIP 173.
func segwitV0(program []byte) string {
	data := []byte{0}
	n, mask := new(big.Int).SetBytes(program), big.NewInt(31)
	for i := len(program)*8/5 - 1; i >= 0; i-- {
		five := new(big.Int).Rsh(n, uint(5*i))
		data = append(data, byte(five.And(five, mask).Int64()))
	}
	check := polymod(append(append([]byte{3, 3, 0, 2, 3}, data...), 0, 0, 0, 0, 0, 0)) ^ 1 // "bc" expanded
	for i := 5; i >= 0; i-- {
		data = append(data, byte(check>>(5*i)&31))
	}
	var b strings.Builder
	b.WriteString("bc1")
	for _, d := range data {
		b.WriteByte(bech32Alphabet[d])
	}
	return b.String()
}

// polymod is the checksum of BIP 173.
func polymod(values []byte) uint32 {
	generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	check := uint32(1)
	for _, v := range values {
		top := check >> 25
		check = (check&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range generator {
			if top>>i&1 == 1 {
				check ^= g
			}
		}
	}
	return check
}
