package draw

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"

	"github.com/crosslight/crosslight/protocol/member"
)

const seatDomain = "crosslight/audit/v1 seat nonce"

// SeatNonce is the nonce of a seat whose key is on a machine without a node: SHA-256 over a domain label
// and the seat's signature over ledger, audit, round and member. That machine need keep nothing between
// commitment and reveal, for Ed25519 signs the same bytes alike (RFC 8032 §5.1.6). Who has not the key
// cannot make the signature, so to everybody else the nonce is 32 random bytes as long as the signature
// stays where it is made: nothing but its hash may leave.
func SeatNonce(seat ed25519.PrivateKey, ledger, audit [32]byte, round uint64, name string) Nonce {
	msg := append(ledger[:], audit[:]...)
	msg = append(binary.BigEndian.AppendUint64(msg, round), lp(name)...)
	h := sha256.New()
	h.Write([]byte(seatDomain + "\x00"))
	h.Write(member.Sign(seat, seatDomain, msg))
	return Nonce{Member: name, Nonce: [32]byte(h.Sum(nil))}
}
