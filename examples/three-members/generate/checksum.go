package main

import (
	"encoding/base64"
	"encoding/hex"

	"golang.org/x/crypto/sha3"
)

// eip55 writes an address with the case of its letters as checksum.
func eip55(address string) string {
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(address))
	sum := hex.EncodeToString(h.Sum(nil))
	out := []byte(address)
	for i, c := range out {
		if c >= 'a' && sum[i] >= '8' {
			out[i] -= 'a' - 'A'
		}
	}
	return string(out)
}

// tonFriendly writes an account of the base workchain as wallets show it (TEP-2).
func tonFriendly(tag byte, account []byte) string {
	b := append([]byte{tag, 0}, account...)
	var crc uint16
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			high := crc&0x8000 != 0
			crc <<= 1
			if high {
				crc ^= 0x1021
			}
		}
	}
	return base64.RawURLEncoding.EncodeToString(append(b, byte(crc>>8), byte(crc)))
}

// luhnDigit returns the check digit of an IMEI's first fourteen digits.
func luhnDigit(s string) string {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return string(rune('0' + (10-sum%10)%10))
}
