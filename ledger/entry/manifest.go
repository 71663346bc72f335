package entry

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/policy"
)

// MaxAnchors is how many manifests one entry anchors.
const MaxAnchors = 64

// Anchored names the newest manifest of one index of the member that signs.
type Anchored struct {
	Epoch    uint64   `cbor:"1,keyasint"`
	Type     string   `cbor:"2,keyasint"` // indicator type
	Version  uint64   `cbor:"3,keyasint"` // 1 to 2^48
	Manifest [32]byte `cbor:"4,keyasint"` // its hash: crosslight/index/v1
}

// ManifestAnchor states which manifests are a member's newest, so that it cannot show different members
// different indexes unnoticed. Signed by the operator key.
type ManifestAnchor struct {
	Anchors []Anchored `cbor:"1,keyasint"` // in ascending order of epoch, then type, each index once
}

// Kind is KindManifestAnchor.
func (ManifestAnchor) Kind() Kind { return KindManifestAnchor }

func (b ManifestAnchor) check() error {
	if len(b.Anchors) == 0 || len(b.Anchors) > MaxAnchors {
		return fmt.Errorf("%w: %d anchors, 1 to %d", ErrField, len(b.Anchors), MaxAnchors)
	}
	for i, a := range b.Anchors {
		if err := policy.CheckType(a.Type); err != nil {
			return fmt.Errorf("%w: %w", ErrField, err)
		}
		if err := checkNumbers(a.Epoch, a.Version); err != nil {
			return err
		}
		if a.Manifest == [32]byte{} {
			return fmt.Errorf("%w: an anchor of nothing", ErrField)
		}
		if i > 0 && !b.Anchors[i-1].before(a) {
			return fmt.Errorf("%w: anchors are not in ascending order of epoch and type", ErrField)
		}
	}
	return nil
}

func (a Anchored) before(b Anchored) bool {
	return a.Epoch < b.Epoch || a.Epoch == b.Epoch && a.Type < b.Type
}

// NewManifestAnchor signs anchors. The key is the operator key.
func NewManifestAnchor(s Signer, seq uint64, anchors []Anchored) (Raw, error) {
	return s.sign(seq, ManifestAnchor{Anchors: anchors})
}
