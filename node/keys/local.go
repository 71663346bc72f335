package keys

import (
	"crypto/hmac"
	"crypto/sha256"
)

const localDomain = "crosslight/local/v1"

// Local returns a secret of 32 bytes for one use on this machine: it never leaves the node, is the same
// after a restart and after every rotation, and nobody has it without the passphrase. What the store
// keeps under it says nothing to who has the store alone. It is HMAC-SHA-256 (RFC 2104) of the use,
// keyed with the identity that the ring's epochs are sealed to, which is drawn once and never published.
func (r *Ring) Local(use string) [32]byte {
	mac := hmac.New(sha256.New, []byte(r.epochs.String()))
	mac.Write(append([]byte(localDomain), 0))
	mac.Write([]byte(use))
	return [32]byte(mac.Sum(nil))
}
