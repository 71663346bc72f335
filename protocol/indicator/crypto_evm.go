package indicator

import (
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/sha3"
)

// evmAddress returns 0x and 20 bytes in lowercase hexadecimal. A missing 0x is no ambiguity after
// the chain's name. Mixed case is a checksum (EIP-55) and must be right; one case is none.
func evmAddress(s string) (string, error) {
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	if len(digits) != 40 || !allBytes(digits, isHex) {
		return "", errAddress
	}
	lower := strings.ToLower(digits)
	if hasBoth(digits) && eip55(lower) != digits {
		return "", errAddressChecksum
	}
	return "0x" + lower, nil
}

// eip55 writes 40 lowercase hexadecimal digits with the letters' case as checksum.
func eip55(lower string) string {
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(lower))
	sum := hex.EncodeToString(h.Sum(nil))
	out := []byte(lower)
	for i, c := range out {
		if isLower(c) && sum[i] >= '8' {
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}
