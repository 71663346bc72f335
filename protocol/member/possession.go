package member

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/zk/dl"
)

// PossessionSize is the length in bytes of a proof of possession: the commitment V, 32 bytes, and
// the response r, 32 bytes.
const PossessionSize = 64

const possessionDomain = "crosslight/possession/v1"

var (
	// ErrPossession reports a proof of possession that does not hold for this key and context.
	ErrPossession = errors.New("proof of possession does not verify")
	// ErrOPRFKey reports an OPRF key that is not one: a public key that is no canonical ristretto255
	// element or is the identity, a secret that is no canonical scalar or is zero.
	ErrOPRFKey = errors.New("not an OPRF key")
)

// PossessionContext is what a proof of possession is bound to: the ledger, the member, the epoch and
// the indicator type under which the key is committed (specs/query.md, "Keys"). Every part has its
// length before it, so that no two tuples give the same bytes.
func PossessionContext(ledger [32]byte, name string, epoch uint64, typ string) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(possessionDomain)))
	out = append(append(out, possessionDomain...), ledger[:]...)
	out = append(binary.BigEndian.AppendUint16(out, uint16(len(name))), name...)
	out = binary.BigEndian.AppendUint64(out, epoch)
	return append(binary.BigEndian.AppendUint16(out, uint16(len(typ))), typ...)
}

// ProvePossession proves knowledge of the secret scalar (32 bytes, little-endian, reduced and not
// zero) behind an OPRF public key: a Schnorr proof made non-interactive as in RFC 8235, over
// ristretto255, with context as the prover's identity. The proof is V || r, 64 bytes, and shows
// nothing of the scalar.
//
// The nonce is hashed from 64 bytes of rnd together with the scalar and the context: a source that
// repeats itself gives the same proof again and not the key. Time does not depend on the scalar.
func ProvePossession(scalar, context []byte, rnd io.Reader) ([]byte, error) {
	g := group.Ristretto255
	k := g.NewScalar()
	if err := k.UnmarshalBinary(scalar); err != nil || k.IsZero() {
		return nil, fmt.Errorf("%w: the secret is not a scalar", ErrOPRFKey)
	}
	v, err := possessionNonce(scalar, context, rnd)
	if err != nil {
		return nil, err
	}
	public, commit := g.NewElement().MulGen(k), g.NewElement().MulGen(v)
	c, err := possessionChallenge(commit, public, context)
	if err != nil {
		return nil, err
	}
	r := g.NewScalar().Sub(v, g.NewScalar().Mul(k, c))
	head, err := commit.MarshalBinary()
	if err != nil {
		return nil, err
	}
	tail, err := r.MarshalBinary()
	return append(head, tail...), err
}

// possessionNonce returns a scalar that is uniform to everyone who lacks rnd or the secret.
func possessionNonce(scalar, context []byte, rnd io.Reader) (group.Scalar, error) {
	seed := make([]byte, 64, 64+len(scalar)+len(context))
	if _, err := io.ReadFull(rnd, seed); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	seed = append(append(seed, scalar...), context...)
	v := group.Ristretto255.HashToScalar(seed, []byte(possessionDomain+" nonce"))
	if v.IsZero() {
		return nil, errors.New("randomness gave a zero nonce")
	}
	return v, nil
}

// possessionChallenge is the challenge of RFC 8235 §3.3 as [dl.Verify] computes it: the generator,
// the commitment, the public key, and the two labels with 4-byte lengths, hashed to a scalar.
func possessionChallenge(commit, public group.Element, context []byte) (group.Scalar, error) {
	var transcript []byte
	for _, e := range []group.Element{group.Ristretto255.Generator(), commit, public} {
		b, err := e.MarshalBinary()
		if err != nil {
			return nil, err
		}
		transcript = append(transcript, b...)
	}
	for _, label := range [][]byte{context, []byte(possessionDomain)} {
		transcript = binary.BigEndian.AppendUint32(transcript, uint32(len(label)))
		transcript = append(transcript, label...)
	}
	return group.Ristretto255.HashToScalar(transcript, []byte(possessionDomain)), nil
}

// VerifyPossession checks that whoever made proof (64 bytes) knew the secret of public (32 bytes)
// and meant context. Errors are [ErrOPRFKey] and [ErrPossession]. It handles public data only.
func VerifyPossession(public, context, proof []byte) error {
	g := group.Ristretto255
	key := g.NewElement()
	if err := key.UnmarshalBinary(public); err != nil || key.IsIdentity() {
		return fmt.Errorf("%w: the public key is not an element", ErrOPRFKey)
	}
	if len(proof) != PossessionSize {
		return fmt.Errorf("%w: %d bytes instead of %d", ErrPossession, len(proof), PossessionSize)
	}
	p := dl.Proof{V: g.NewElement(), R: g.NewScalar()}
	if p.V.UnmarshalBinary(proof[:32]) != nil || p.R.UnmarshalBinary(proof[32:]) != nil {
		return fmt.Errorf("%w: not in canonical encoding", ErrPossession)
	}
	if !dl.Verify(g, g.Generator(), key, p, context, []byte(possessionDomain)) {
		return ErrPossession
	}
	return nil
}
