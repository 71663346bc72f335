package indicator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/mr-tron/base58"
)

// tronVersion is the first byte of a Tron address on the main network.
const tronVersion = 0x41

// tronAddress returns the Base58Check form (T...), from it or from 41 and 20 bytes in hexadecimal.
func tronAddress(s string) (string, error) {
	if len(s) == 42 && allBytes(s, isHex) {
		raw, err := hex.DecodeString(s)
		if err != nil || raw[0] != tronVersion {
			return "", errAddress
		}
		return encodeCheck(raw, base58.BTCAlphabet), nil
	}
	return checked(s, base58.BTCAlphabet, tronVersion)
}

// xrpAlphabet is the XRP Ledger's own base58 alphabet.
var xrpAlphabet = base58.NewAlphabet("rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz")

// xrpAddress returns the classic address (r...): version 0 and 20 bytes. X-addresses carry a
// destination tag and are refused, since their account has no one form in them.
func xrpAddress(s string) (string, error) {
	return checked(s, xrpAlphabet, 0x00)
}

// checked verifies a Base58Check address of 21 bytes with the given version and writes it anew.
func checked(s string, alphabet *base58.Alphabet, version byte) (string, error) {
	if len(s) > maxBase58 || !isASCII(s) {
		return "", errAddress
	}
	raw, err := base58.DecodeAlphabet(s, alphabet)
	if err != nil || len(raw) != 1+hash160+4 {
		return "", errAddress
	}
	body := raw[:1+hash160]
	if encodeCheck(body, alphabet) != s {
		return "", errAddressChecksum
	}
	if body[0] != version {
		return "", errAddress
	}
	return s, nil
}

// encodeCheck appends the first four bytes of SHA-256 twice, and encodes.
func encodeCheck(body []byte, alphabet *base58.Alphabet) string {
	h := sha256.Sum256(body)
	h = sha256.Sum256(h[:])
	return base58.EncodeAlphabet(append(bytes.Clone(body), h[:4]...), alphabet)
}

// solanaAddress returns base58 of exactly 32 bytes. There is no checksum: any 32 bytes are an
// account.
func solanaAddress(s string) (string, error) {
	if len(s) > maxBase58 || !isASCII(s) {
		return "", errAddress
	}
	raw, err := base58.Decode(s)
	if err != nil || len(raw) != 32 {
		return "", errAddress
	}
	return base58.Encode(raw), nil
}
