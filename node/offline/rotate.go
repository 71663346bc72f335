package offline

import (
	"crypto/ed25519"
	"errors"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Statement is what the keys of a rotation sign. Ask it of a draft of a rotation only.
func (d Draft) Statement() entry.Rotation {
	return entry.Rotation{
		LedgerID: d.LedgerID, Incarnation: d.Incarnation, Member: d.Member, Role: member.Role(d.Rotate.Role),
		Old: *d.Old, New: d.Rotate.New,
	}
}

// ByNewRoot adds the new root key's signature to the draft of a rotation of the root key: nobody but
// the person who draws that key has it. The error is [ErrOtherKey].
func (d *Draft) ByNewRoot(key ed25519.PrivateKey) error {
	if d.Rotate == nil || d.Rotate.New != member.PublicOf(key) {
		return ErrOtherKey
	}
	next := *d.Rotate
	next.ByNew = d.Statement().Sign(key)
	d.Rotate = &next
	return nil
}

// checkRotation: a rotation says which key it replaces, and is complete but for the root key's
// signature. That of a root key may also lack the new one's.
func (d Draft) checkRotation() error {
	if d.Old == nil {
		return errors.New("a rotation that does not say of which key")
	}
	root := d.Rotate.Role == string(member.Root)
	if len(d.Rotate.ByNew) == 0 && root {
		return nil
	}
	return d.Statement().Verify(d.Rotate.New, d.Rotate.ByNew)
}

// byRoot adds the root key's signature to the draft's rotation: as the old key's where it is the root
// key itself that is replaced.
func (d *Draft) byRoot(root ed25519.PrivateKey) {
	next, sig := *d.Rotate, d.Statement().Sign(root)
	if next.Role == string(member.Root) {
		next.ByOld = sig
	} else {
		next.ByRoot = sig
	}
	d.Rotate = &next
}

// oldName is the id of the key that is replaced.
func (d Draft) oldName() string {
	if *d.Old == (member.PublicKey{}) {
		return "none"
	}
	return d.Old.ID().String()
}
