package indicator

import (
	"bytes"
	"errors"
	"strings"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/btcsuite/btcd/btcutil/bech32"
)

// utxoChain is what tells the addresses of Bitcoin's descendants apart.
type utxoChain struct {
	versions [][]byte // version bytes of Base58Check payloads: pay to key hash, pay to script hash
	hrp      string   // human-readable part of segwit addresses, empty where there are none
	testHRP  string
}

var (
	bitcoin  = utxoChain{versions: [][]byte{{0x00}, {0x05}}, hrp: "bc", testHRP: "tb"}
	litecoin = utxoChain{versions: [][]byte{{0x30}, {0x32}}, hrp: "ltc", testHRP: "tltc"}
	dogecoin = utxoChain{versions: [][]byte{{0x1E}, {0x16}}}
	dash     = utxoChain{versions: [][]byte{{0x4C}, {0x10}}}
	zcash    = utxoChain{versions: [][]byte{{0x1C, 0xB8}, {0x1C, 0xBD}}} // transparent addresses only
)

// hash160 is the length of a hashed key or script in bytes.
const hash160 = 20

// maxBase58 bounds what is decoded, since decoding takes quadratic time.
const maxBase58 = 64

func (c utxoChain) address(s string) (string, error) {
	lower := strings.ToLower(s)
	switch {
	case c.hrp != "" && strings.HasPrefix(lower, c.hrp+"1"):
		return c.segwit(s)
	case c.testHRP != "" && strings.HasPrefix(lower, c.testHRP+"1"):
		return "", errAddressTest
	}
	return c.base58Check(s)
}

// base58Check keeps the case, which carries information.
func (c utxoChain) base58Check(s string) (string, error) {
	if len(s) > maxBase58 {
		return "", errAddress
	}
	payload, version, err := base58.CheckDecode(s)
	if errors.Is(err, base58.ErrChecksum) {
		return "", errAddressChecksum
	}
	if err != nil {
		return "", errAddress
	}
	whole := append([]byte{version}, payload...)
	for _, v := range c.versions {
		if bytes.HasPrefix(whole, v) && len(whole) == len(v)+hash160 {
			return base58.CheckEncode(payload, version), nil
		}
	}
	return "", errAddress
}

// segwit checks a witness program per BIP 173 and BIP 350 and returns it in lowercase.
func (c utxoChain) segwit(s string) (string, error) {
	if hasBoth(s) {
		return "", errAddressCase
	}
	hrp, data, encoding, err := bech32.DecodeGeneric(s)
	if err != nil {
		return "", errAddressChecksum
	}
	if hrp != c.hrp || len(data) == 0 || data[0] > 16 {
		return "", errAddress
	}
	program, err := bech32.ConvertBits(data[1:], 5, 8, false)
	if err != nil || !witnessProgram(data[0], len(program)) {
		return "", errAddress
	}
	if (encoding == bech32.Version0) != (data[0] == 0) {
		return "", errAddressChecksum
	}
	return strings.ToLower(s), nil
}

// witnessProgram reports whether BIP 141 allows a program of n bytes at a version.
func witnessProgram(version byte, n int) bool {
	if version == 0 {
		return n == 20 || n == 32
	}
	return n >= 2 && n <= 40
}
