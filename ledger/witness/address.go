package witness

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// VerifierKey is what the cosignatures of a witness with that public key verify with, and what it hands to
// those who ask it.
func VerifierKey(public member.PublicKey) tlog.Key { return tlog.CosignerKey(public) }

// ParseClient reads a witness's address: its submission prefix, a number sign, and its verifier key. The
// error is [tlog.ErrKey].
func ParseClient(address string, h *http.Client) (*Client, error) {
	url, vkey, _ := strings.Cut(address, "#")
	key, err := tlog.ParseKey(vkey)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != tlog.AlgCosignature || !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("%w: not URL#KEY of a witness", tlog.ErrKey)
	}
	return NewClient(url, key, h), nil
}
