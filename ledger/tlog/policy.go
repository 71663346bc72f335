package tlog

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
)

// ErrPolicy reports a checkpoint that does not bear the signatures that a policy asks for.
var ErrPolicy = errors.New("checkpoint does not bear the signatures that are asked for")

// Policy is what somebody demands of a checkpoint before believing it: the ledger, one signature of one
// of its log keys, and cosignatures of so many different keys. An empty list of log keys demands none.
// For a final checkpoint Cosigners are the voters of its height and Threshold is their quorum.
type Policy struct {
	Origin    string
	LogKeys   []Key
	Cosigners []Key
	Threshold int // cosigners, 0 for none
}

// Signers are the positions, in a policy, of the keys whose signatures stand under a checkpoint.
type Signers struct{ Logs, Cosigners []int }

// Check verifies the signatures by keys of the policy and counts them, a key once. As C2SP signed-note
// ("Signatures") has it, lines of unknown keys count for nothing, and one that is not the work of the
// known key whose name and id it bears refuses the whole. The error is [ErrPolicy].
func (p Policy) Check(n Note) (Signers, error) {
	if n.Origin != p.Origin {
		return Signers{}, fmt.Errorf("%w: it is of another ledger", ErrPolicy)
	}
	var s Signers
	var err error
	if s.Logs, err = known(n, p.LogKeys); err != nil {
		return Signers{}, err
	}
	if s.Cosigners, err = known(n, p.Cosigners); err != nil {
		return Signers{}, err
	}
	if len(p.LogKeys) > 0 && len(s.Logs) == 0 {
		return Signers{}, fmt.Errorf("%w: no log key of this ledger signed it", ErrPolicy)
	}
	if len(s.Cosigners) < p.Threshold {
		return Signers{}, fmt.Errorf("%w: %d of %d cosignatures", ErrPolicy, len(s.Cosigners), p.Threshold)
	}
	return s, nil
}

// known lists the keys that signed, in their own order. A public key counts once, since cosignatures do
// not commit to a name.
func known(n Note, keys []Key) ([]int, error) {
	var signers []int
	claimed, verified := map[int]bool{}, map[int]bool{}
	counted := map[member.PublicKey]bool{} // under however many names
	for i, k := range keys {
		for at, l := range n.Lines {
			if l.Name != k.Name || l.ID != k.ID() {
				continue
			}
			claimed[at] = true
			if !k.verify(n.Checkpoint, l) {
				continue
			}
			verified[at] = true
			if !counted[k.Public] {
				counted[k.Public] = true
				signers = append(signers, i)
			}
		}
	}
	for at := range claimed {
		if !verified[at] {
			return nil, fmt.Errorf("%w: a signature of %s does not verify", ErrPolicy, n.Lines[at].Name)
		}
	}
	return signers, nil
}

// verify reports whether the key made the line.
func (k Key) verify(c Checkpoint, l Line) bool {
	switch k.Algorithm {
	case AlgEd25519:
		return len(l.Sig) == ed25519.SignatureSize && ed25519.Verify(k.Public[:], c.Text(), l.Sig)
	case AlgCosignature:
		s, err := CosignatureOf(l)
		return err == nil && s.Verify(c, k) == nil
	}
	return false
}
