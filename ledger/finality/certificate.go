package finality

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxCertificate is the longest certificate in bytes.
const MaxCertificate = 6 << 10

// Certificate is one statement with the signatures of exactly a quorum: of echoes, which justifies and
// releases locks, or of locks, which is final. It convinces whoever knows the voters of its height.
type Certificate struct {
	Statement
	Votes []Vote // ascending by signer
}

// Vote is one signature of a certificate.
type Vote struct {
	Signer member.KeyID
	Sig    [member.SignatureSize]byte
}

type certificateWire struct {
	Statement []byte     `cbor:"1,keyasint"`
	Votes     []voteWire `cbor:"2,keyasint"`
}

type voteWire struct {
	Signer [16]byte `cbor:"1,keyasint"`
	Sig    [64]byte `cbor:"2,keyasint"`
}

func (c Certificate) wire() certificateWire {
	w := certificateWire{Statement: c.Statement.Bytes()}
	for _, v := range c.Votes {
		w.Votes = append(w.Votes, voteWire{v.Signer, v.Sig})
	}
	return w
}

// Bytes is the certificate's encoding.
func (c Certificate) Bytes() []byte { return encode(c.wire()) }

// ParseCertificate reads what Bytes wrote, strictly. Errors: those of package wire, [ErrVersion],
// [ErrShape], [ErrQuorum].
func ParseCertificate(b []byte) (Certificate, error) {
	var w certificateWire
	if err := wire.Decode(b, &w, MaxCertificate); err != nil {
		return Certificate{}, err
	}
	return parseCertificate(w)
}

func parseCertificate(w certificateWire) (Certificate, error) {
	st, err := ParseStatement(w.Statement)
	if err != nil {
		return Certificate{}, err
	}
	if st.Kind == Proposal {
		return Certificate{}, fmt.Errorf("%w: a certificate of proposals", ErrShape)
	}
	if len(w.Votes) == 0 || len(w.Votes) > MaxVoters {
		return Certificate{}, fmt.Errorf("%w: %d votes", ErrQuorum, len(w.Votes))
	}
	c := Certificate{Statement: st}
	for _, v := range w.Votes {
		if n := len(c.Votes); n > 0 && compareIDs(c.Votes[n-1].Signer, v.Signer) >= 0 {
			return Certificate{}, fmt.Errorf("%w: signers are not in order", ErrQuorum)
		}
		c.Votes = append(c.Votes, Vote{v.Signer, v.Sig})
	}
	return c, nil
}

// Verify checks the certificate against the voters of its height. Errors: [ErrQuorum], [ErrVoter],
// [ErrSignature].
func (c Certificate) Verify(voters Voters) error {
	return c.verify(voters, func(Signed) bool { return false })
}

// verify is Verify with a memory of signatures that have been verified before.
func (c Certificate) verify(voters Voters, known func(Signed) bool) error {
	if len(c.Votes) != voters.Quorum() {
		return fmt.Errorf("%w: %d votes of %d", ErrQuorum, len(c.Votes), voters.Quorum())
	}
	if !slices.IsSortedFunc(c.Votes, func(a, b Vote) int { return compareIDs(a.Signer, b.Signer) }) {
		return fmt.Errorf("%w: signers are not in order", ErrQuorum)
	}
	for i, s := range c.signed() {
		voter, ok := voters.Find(s.Signer)
		if !ok {
			return ErrVoter
		}
		if i > 0 && c.Votes[i-1].Signer == s.Signer {
			return fmt.Errorf("%w: one voter twice", ErrQuorum)
		}
		if known(s) {
			continue
		}
		if err := s.Verify(voter.Log); err != nil {
			return err
		}
	}
	return nil
}

// signed takes the certificate apart.
func (c Certificate) signed() []Signed {
	out := make([]Signed, len(c.Votes))
	for i, v := range c.Votes {
		out[i] = Signed{c.Statement, v.Signer, v.Sig}
	}
	return out
}

// signers lists who signed.
func (c Certificate) signers() []member.KeyID {
	out := make([]member.KeyID, len(c.Votes))
	for i, v := range c.Votes {
		out[i] = v.Signer
	}
	return out
}
