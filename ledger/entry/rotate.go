package entry

import (
	"crypto/ed25519"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const rotateDomain = "crosslight/rotate/v1"

// Rotate puts another key in the place of a member's key of one role. With the root key's signature it
// acts at once, without it after 24 hours of ledger time in which the member can revoke the new key.
// The envelope is signed by the member's operator, seat or root key; the signatures here are over a
// [Rotation], and each can be made on its own machine.
type Rotate struct {
	Role   string           `cbor:"1,keyasint"` // member.Role
	New    member.PublicKey `cbor:"2,keyasint"`
	ByNew  []byte           `cbor:"3,keyasint"` // 64 bytes, by the new key: nobody enters a key that it does not hold
	ByOld  []byte           `cbor:"4,keyasint"` // 64 bytes or none, by the key that is replaced
	ByRoot []byte           `cbor:"5,keyasint"` // 64 bytes or none, by the root key; none where the root key itself is replaced
}

// Kind is KindRotate.
func (Rotate) Kind() Kind { return KindRotate }

func (b Rotate) check() error {
	if err := checkRole(b.Role); err != nil {
		return err
	}
	if err := b.New.Check(); err != nil {
		return fmt.Errorf("%w: new key: %w", ErrField, err)
	}
	optional := func(sig []byte) bool { return len(sig) == 0 || len(sig) == member.SignatureSize }
	if len(b.ByNew) != member.SignatureSize || !optional(b.ByOld) || !optional(b.ByRoot) {
		return fmt.Errorf("%w: a signature is not of %d bytes", ErrField, member.SignatureSize)
	}
	if b.Role == string(member.Root) && len(b.ByRoot) > 0 {
		return fmt.Errorf("%w: the root key signs its own rotation as the old key", ErrField)
	}
	return nil
}

func checkRole(role string) error {
	for _, r := range member.Roles() {
		if string(r) == role {
			return nil
		}
	}
	return fmt.Errorf("%w: no role is called so", ErrField)
}

// Rotation is what the keys of a Rotate sign. Old is the key that is replaced, zero where the role has
// none because it was revoked.
type Rotation struct {
	LedgerID    [32]byte         `cbor:"1,keyasint"`
	Incarnation uint64           `cbor:"2,keyasint"`
	Member      string           `cbor:"3,keyasint"`
	Role        member.Role      `cbor:"4,keyasint"`
	Old         member.PublicKey `cbor:"5,keyasint"`
	New         member.PublicKey `cbor:"6,keyasint"`
}

func (r Rotation) bytes() []byte {
	b, err := wire.Encode(r)
	if err != nil {
		panic(err) // the type above encodes: this is our own bug
	}
	return b
}

// Sign signs the rotation with the new, the old or the root key. 64 bytes.
func (r Rotation) Sign(key ed25519.PrivateKey) []byte {
	return member.Sign(key, rotateDomain, r.bytes())
}

// Verify checks a signature over the rotation. The error is [ErrRotation].
func (r Rotation) Verify(key member.PublicKey, sig []byte) error {
	if key.Verify(rotateDomain, r.bytes(), sig) != nil {
		return ErrRotation
	}
	return nil
}

// Body is the rotation with its signatures; byOld and byRoot may be empty.
func (r Rotation) Body(byNew, byOld, byRoot []byte) Rotate {
	return Rotate{Role: string(r.Role), New: r.New, ByNew: byNew, ByOld: byOld, ByRoot: byRoot}
}

// NewRotate signs a rotation. The key is the member's operator, seat or root key.
func NewRotate(s Signer, seq uint64, b Rotate) (Raw, error) { return s.sign(seq, b) }

// Revoke ends a key, or stops a rotation that waits. A key that stands is revoked by its member's root
// key; the new key of a rotation that waits by the member's root, operator, seat or replaced key.
type Revoke struct {
	Key member.KeyID `cbor:"1,keyasint"`
}

// Kind is KindRevoke.
func (Revoke) Kind() Kind { return KindRevoke }

func (Revoke) check() error { return nil }

// NewRevoke signs a revocation.
func NewRevoke(s Signer, seq uint64, key member.KeyID) (Raw, error) {
	return s.sign(seq, Revoke{Key: key})
}
