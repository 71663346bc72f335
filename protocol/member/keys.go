package member

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/mr-tron/base58"
)

// Role is what a key is for. A member has one key for each, all distinct, so that the loss of one
// is not the loss of the others.
type Role string

// The roles. Node is the libp2p identity and signs requests, receipts and manifests; Operator signs
// what the organisation states about its own node (NodeInfo, EpochCommit); Seat votes; Log signs
// checkpoints; Cosigner is kept for final checkpoints; Root, to be kept offline, rotates the others.
const (
	Node     Role = "node"
	Operator Role = "operator"
	Seat     Role = "seat"
	Log      Role = "log"
	Cosigner Role = "cosigner"
	Root     Role = "root"
)

// Roles lists the roles in the order in which they stand in a [KeySet].
func Roles() []Role { return []Role{Node, Operator, Seat, Log, Cosigner, Root} }

// PublicKey is an Ed25519 public key, 32 bytes.
type PublicKey [ed25519.PublicKeySize]byte

// PublicOf returns the public half of priv.
func PublicOf(priv ed25519.PrivateKey) PublicKey {
	return PublicKey(priv.Public().(ed25519.PublicKey))
}

// KeyID names a key on the ledger: the first 16 bytes of SHA-256 over a domain label and the key.
type KeyID [16]byte

// ID returns the key's name.
func (k PublicKey) ID() KeyID {
	h := sha256.Sum256(append([]byte("crosslight/key-id/v1\x00"), k[:]...))
	return KeyID(h[:16])
}

func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// KeySet is the public half of a member's six keys. 32 bytes each.
type KeySet struct {
	Node     PublicKey `cbor:"1,keyasint"`
	Operator PublicKey `cbor:"2,keyasint"`
	Seat     PublicKey `cbor:"3,keyasint"`
	Log      PublicKey `cbor:"4,keyasint"`
	Cosigner PublicKey `cbor:"5,keyasint"`
	Root     PublicKey `cbor:"6,keyasint"`
}

// Of returns the key for role.
func (s KeySet) Of(role Role) PublicKey {
	switch role {
	case Node:
		return s.Node
	case Operator:
		return s.Operator
	case Seat:
		return s.Seat
	case Log:
		return s.Log
	case Cosigner:
		return s.Cosigner
	case Root:
		return s.Root
	}
	panic("member: unknown role " + string(role))
}

// With returns the set with another key for role. The zero key stands for none.
func (s KeySet) With(role Role, k PublicKey) KeySet {
	switch role {
	case Node:
		s.Node = k
	case Operator:
		s.Operator = k
	case Seat:
		s.Seat = k
	case Log:
		s.Log = k
	case Cosigner:
		s.Cosigner = k
	case Root:
		s.Root = k
	default:
		panic("member: unknown role " + string(role))
	}
	return s
}

// ErrKeySet reports a key set in which a key is missing, is none, or serves two roles.
var ErrKeySet = errors.New("key set is not valid")

// Check refuses a set with a zero key, one key in two roles, or a key that [PublicKey.Check] refuses.
// Errors wrap [ErrKeySet].
func (s KeySet) Check() error {
	seen := map[PublicKey]Role{{}: "zero"}
	for _, role := range Roles() {
		k := s.Of(role)
		if other, ok := seen[k]; ok {
			return fmt.Errorf("%w: the %s key is also the %s key", ErrKeySet, role, other)
		}
		seen[k] = role
		if err := k.Check(); err != nil {
			return fmt.Errorf("%w: %s key: %w", ErrKeySet, role, err)
		}
	}
	return nil
}

// PeerID returns the libp2p peer ID of a node key: base58 of the identity multihash over the
// protobuf-encoded key (libp2p specs, peer-ids/peer-ids.md, "Ed25519").
func (k PublicKey) PeerID() string {
	return base58.Encode(append([]byte{0x00, 0x24, 0x08, 0x01, 0x12, 0x20}, k[:]...))
}

// ErrPeerID reports a text that is not the peer ID of an Ed25519 key.
var ErrPeerID = errors.New("not the peer ID of a node key")

// ParsePeerID returns the node key that a peer ID is made of. The error is [ErrPeerID].
func ParsePeerID(s string) (PublicKey, error) {
	if len(s) > 64 {
		return PublicKey{}, ErrPeerID
	}
	b, err := base58.Decode(s)
	if err != nil || len(b) != 6+ed25519.PublicKeySize {
		return PublicKey{}, ErrPeerID
	}
	k := PublicKey(b[6:])
	if k.PeerID() != s || k.Check() != nil {
		return PublicKey{}, ErrPeerID
	}
	return k, nil
}

// ErrSignature reports a signature that the key did not make over this message and domain.
var ErrSignature = errors.New("signature does not verify")

// SignatureSize is the length of a signature in bytes.
const SignatureSize = ed25519.SignatureSize

func message(domain string, msg []byte) []byte {
	out := make([]byte, 0, len(domain)+1+len(msg))
	return append(append(append(out, domain...), 0), msg...)
}

// Sign signs msg under domain, a label such as "crosslight/entry/v1" that holds no zero byte.
func Sign(priv ed25519.PrivateKey, domain string, msg []byte) []byte {
	return ed25519.Sign(priv, message(domain, msg))
}

// Verify checks sig, 64 bytes, over msg under domain, by the equation of specs/wire.md, "Conventions".
// It proves something of keys that pass [PublicKey.Check] only. The zero key, which stands for none, is
// a point of small order under which signatures can be made up: it verifies nothing. The error is
// [ErrSignature].
func (k PublicKey) Verify(domain string, msg, sig []byte) error {
	if k == (PublicKey{}) || len(sig) != SignatureSize || !ed25519.Verify(k[:], message(domain, msg), sig) {
		return ErrSignature
	}
	return nil
}
