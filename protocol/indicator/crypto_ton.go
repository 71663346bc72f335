package indicator

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// The tag byte of a user-friendly TON address (TEP-2).
const (
	tonBounceable    = 0x11
	tonNonBounceable = 0x51
	tonTestOnly      = 0x80
)

// tonAddress returns the raw form workchain:hex, from it or from the 48 characters of base64 or
// base64url that wallets show. Bounceable and non-bounceable forms name the same account.
func tonAddress(s string) (string, error) {
	if workchain, account, found := strings.Cut(s, ":"); found {
		return tonRaw(workchain, account)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(s))
	if err != nil || len(raw) != 36 {
		return "", errAddress
	}
	crc := crc16(raw[:34])
	switch {
	case raw[34] != byte(crc>>8) || raw[35] != byte(crc):
		return "", errAddressChecksum
	case raw[0]&tonTestOnly != 0:
		return "", errAddressTest
	case raw[0] != tonBounceable && raw[0] != tonNonBounceable:
		return "", errAddress
	}
	return tonRaw(strconv.Itoa(int(int8(raw[1]))), hex.EncodeToString(raw[2:34]))
}

// tonRaw checks the parts of a raw address: the two workchains that exist and 32 bytes.
func tonRaw(workchain, account string) (string, error) {
	if workchain != "0" && workchain != "-1" {
		return "", errAddress
	}
	account, err := fixedHex(account, 64)
	if err != nil {
		return "", errAddress
	}
	return workchain + ":" + account, nil
}

// crc16 is CRC-16/XMODEM: polynomial 0x1021, initial value 0.
func crc16(b []byte) uint16 {
	var crc uint16
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
