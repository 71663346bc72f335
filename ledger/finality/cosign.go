package finality

import (
	"cmp"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// Final is a value that q voters have locked in one round. Only a machine hands one out, after it has
// verified the certificate; what takes a Final cannot be called with less.
type Final struct{ certificate Certificate }

// Certificate is the quorum of locks.
func (f Final) Certificate() Certificate { return f.certificate }

// Height is the checkpoint's number.
func (f Final) Height() uint64 { return f.certificate.Height }

// Value is what is final.
func (f Final) Value() Value { return f.certificate.Value }

// Checkpoint is the value as a C2SP checkpoint of its ledger.
func (f Final) Checkpoint() tlog.Checkpoint {
	return tlog.Checkpoint{Origin: tlog.Origin(f.certificate.Ledger), Size: f.certificate.Value.Size, Root: f.certificate.Value.Root}
}

// OpenFinal verifies a quorum of locks, for exports and restarts. Errors: [ErrShape] for another kind,
// and those of [Certificate.Verify].
func OpenFinal(c Certificate, voters Voters) (Final, error) {
	if c.Kind != Lock {
		return Final{}, fmt.Errorf("%w: a certificate of %s is not final", ErrShape, c.Kind)
	}
	if err := c.Verify(voters); err != nil {
		return Final{}, err
	}
	return Final{c}, nil
}

// Cosignature is a C2SP tlog-cosignature of a final checkpoint by a voter's cosigner key, which signs
// nothing else. q of them prove finality to anyone who knows C2SP and nothing of this package.
type Cosignature struct {
	Height uint64 // not signed; says which voters to look among
	Value  Value
	Time   uint64       // Unix seconds, from the cosigner's clock
	Signer member.KeyID // of the voter's log key
	Sig    [ed25519.SignatureSize]byte
}

type cosignatureWire struct {
	Height uint64   `cbor:"1,keyasint"`
	Size   uint64   `cbor:"2,keyasint"`
	Root   [32]byte `cbor:"3,keyasint"`
	Time   uint64   `cbor:"4,keyasint"`
	Signer [16]byte `cbor:"5,keyasint"`
	Sig    [64]byte `cbor:"6,keyasint"`
}

// Cosign signs f. f must have come out of [Ready.Cosign]; time is in Unix seconds, at most 2^48.
func Cosign(f Final, signer member.KeyID, key ed25519.PrivateKey, time uint64) Cosignature {
	return Cosignature{
		f.Height(), f.Value(), time, signer,
		[64]byte(ed25519.Sign(key, tlog.CosignatureMessage(f.Checkpoint(), time))),
	}
}

// Verify checks the cosignature. Errors: [ErrVoter], [ErrSignature].
func (c Cosignature) Verify(ledger [32]byte, voters Voters) error {
	voter, ok := voters.Find(c.Signer)
	if !ok {
		return ErrVoter
	}
	cp := tlog.Checkpoint{Origin: tlog.Origin(ledger), Size: c.Value.Size, Root: c.Value.Root}
	if !ed25519.Verify(voter.Cosigner[:], tlog.CosignatureMessage(cp, c.Time), c.Sig[:]) {
		return ErrSignature
	}
	return nil
}

// Note is the cosignature as C2SP has it, under the name of the cosigner's key.
func (c Cosignature) Note(cosigner member.PublicKey) tlog.Cosignature {
	key := tlog.CosignerKey(cosigner)
	return tlog.Cosignature{Name: key.Name, ID: key.ID(), Time: c.Time, Sig: c.Sig}
}

// QuorumNote is the proof that a checkpoint is final in C2SP's form: the q newest of the cosignatures that
// verify, of one value and one voter each, out of all that were collected. The same list gives the same
// ones. The error is [ErrQuorum] where they are fewer.
func QuorumNote(ledger [32]byte, v Value, voters Voters, list []Cosignature) ([]tlog.Cosignature, error) {
	newest := map[member.KeyID]Cosignature{}
	for _, c := range list {
		before, ok := newest[c.Signer]
		if c.Value != v || ok && before.Time >= c.Time || c.Verify(ledger, voters) != nil {
			continue
		}
		newest[c.Signer] = c
	}
	if len(newest) < voters.Quorum() {
		return nil, fmt.Errorf("%w: cosigned by %d of %d", ErrQuorum, len(newest), voters.Quorum())
	}
	best := slices.SortedFunc(maps.Values(newest), func(a, b Cosignature) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), compareIDs(a.Signer, b.Signer))
	})
	var out []tlog.Cosignature
	for _, c := range best[:voters.Quorum()] {
		voter, _ := voters.Find(c.Signer)
		out = append(out, c.Note(voter.Cosigner))
	}
	return out, nil
}
