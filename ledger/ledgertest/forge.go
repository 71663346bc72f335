package ledgertest

import (
	"crypto/ed25519"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Forge signs an envelope for the ledger with whatever mutate makes of it, valid or not: the signature
// is always good. Seq is the key's next one.
func (l *Ledger) Forge(key ed25519.PrivateKey, kind entry.Kind, body any, mutate func(*entry.Envelope)) []byte {
	l.T.Helper()
	encoded, err := wire.Encode(body)
	must(l.T, err)
	id := member.PublicOf(key).ID()
	e := entry.Envelope{
		V: entry.Version, LedgerID: l.S.LedgerID(), Incarnation: l.S.Incarnation(), Kind: kind,
		SignerKey: id, Seq: l.S.NextSeq(id), Body: encoded,
	}
	if mutate != nil {
		mutate(&e)
	}
	return SignEnvelope(l, key, e)
}

// SignEnvelope signs e as it is and returns its bytes.
func SignEnvelope(l *Ledger, key ed25519.PrivateKey, e entry.Envelope) []byte {
	l.T.Helper()
	part, err := wire.Encode(struct {
		V           uint64       `cbor:"1,keyasint"`
		LedgerID    [32]byte     `cbor:"2,keyasint"`
		Incarnation uint64       `cbor:"3,keyasint"`
		Kind        entry.Kind   `cbor:"4,keyasint"`
		SignerKey   member.KeyID `cbor:"5,keyasint"`
		Seq         uint64       `cbor:"6,keyasint"`
		Body        []byte       `cbor:"7,keyasint"`
	}{e.V, e.LedgerID, e.Incarnation, e.Kind, e.SignerKey, e.Seq, e.Body})
	must(l.T, err)
	e.Sig = member.Sign(key, "crosslight/entry/v1", part)
	raw, err := wire.Encode(e)
	must(l.T, err)
	return raw
}
