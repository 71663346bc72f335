package ledgertest

import (
	"crypto/ed25519"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Rotation is the organisation's rotation of a role to key, signed by the new key and by those of old
// and root that are not nil.
func (l *Ledger) Rotation(o Org, role member.Role, key, old, root ed25519.PrivateKey) entry.Rotate {
	l.T.Helper()
	r, err := l.S.Rotation(o.Name, role, member.PublicOf(key))
	must(l.T, err)
	sign := func(k ed25519.PrivateKey) []byte {
		if k == nil {
			return nil
		}
		return r.Sign(k)
	}
	return r.Body(sign(key), sign(old), sign(root))
}

// Rotate signs a rotation with a key of the organisation.
func (l *Ledger) Rotate(by ed25519.PrivateKey, b entry.Rotate) entry.Raw {
	l.T.Helper()
	s, seq := l.signer(by)
	return l.made(entry.NewRotate(s, seq, b))
}

// Revoke signs a revocation with a key.
func (l *Ledger) Revoke(by ed25519.PrivateKey, key member.KeyID) entry.Raw {
	l.T.Helper()
	s, seq := l.signer(by)
	return l.made(entry.NewRevoke(s, seq, key))
}

func (l *Ledger) signer(key ed25519.PrivateKey) (entry.Signer, uint64) {
	return entry.Signer{Key: key, LedgerID: l.S.LedgerID(), Incarnation: l.S.Incarnation()}, l.S.NextSeq(member.PublicOf(key).ID())
}
