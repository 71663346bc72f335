package indicator

import "strings"

// Reasons about crypto addresses.
const (
	errChain           refusal = "unknown chain: bitcoin, litecoin, dogecoin, dash, zcash, ethereum, polygon, bsc, tron, xrp, solana or ton"
	errAddress         refusal = "not an address of this chain"
	errAddressChecksum refusal = "wrong checksum of the address"
	errAddressCase     refusal = "mixed case in a bech32 address"
	errAddressTest     refusal = "an address of a test network"
)

// chain checks an address and writes it the one way.
type chain struct {
	name    string
	address func(string) (string, error)
}

// chains lists the supported chains by every name in use. Chains that share Ethereum's addresses
// keep their own names: a payment is made on one of them.
var chains = map[string]chain{
	"bitcoin":  {"bitcoin", bitcoin.address},
	"btc":      {"bitcoin", bitcoin.address},
	"litecoin": {"litecoin", litecoin.address},
	"ltc":      {"litecoin", litecoin.address},
	"dogecoin": {"dogecoin", dogecoin.address},
	"doge":     {"dogecoin", dogecoin.address},
	"dash":     {"dash", dash.address},
	"zcash":    {"zcash", zcash.address},
	"zec":      {"zcash", zcash.address},
	"ethereum": {"ethereum", evmAddress},
	"eth":      {"ethereum", evmAddress},
	"polygon":  {"polygon", evmAddress},
	"matic":    {"polygon", evmAddress},
	"bsc":      {"bsc", evmAddress},
	"bnb":      {"bsc", evmAddress},
	"tron":     {"tron", tronAddress},
	"trx":      {"tron", tronAddress},
	"xrp":      {"xrp", xrpAddress},
	"ripple":   {"xrp", xrpAddress},
	"solana":   {"solana", solanaAddress},
	"sol":      {"solana", solanaAddress},
	"ton":      {"ton", tonAddress},
}

// canonicalCrypto returns chain:address with every checksum verified.
func canonicalCrypto(s string, _ Options) (result, error) {
	name, raw, err := splitPrefix(s, "chain")
	if err != nil {
		return result{}, err
	}
	c, ok := chains[name]
	if !ok {
		return result{}, errChain
	}
	address, err := c.address(raw)
	if err != nil {
		return result{}, err
	}
	return result{form: c.name + ":" + address}, nil
}

// hasBoth reports whether s holds letters of both cases.
func hasBoth(s string) bool {
	return strings.ToLower(s) != s && strings.ToUpper(s) != s
}
