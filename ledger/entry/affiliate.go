package entry

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/protocol/member"
)

// MaxAffiliates is how many members one member may declare.
const MaxAffiliates = 16

// Affiliate declares which other members belong to the same undertaking as the one that signs: two that
// have declared each other count as one wherever a budget is kept. It takes the place of the member's last
// declaration. Signed by the operator key.
type Affiliate struct {
	Members []string `cbor:"1,keyasint"` // in ascending order, each once, at most 16
}

// Kind is KindAffiliate.
func (Affiliate) Kind() Kind { return KindAffiliate }

func (b Affiliate) check() error {
	if len(b.Members) > MaxAffiliates {
		return fmt.Errorf("%w: %d affiliates, at most %d", ErrField, len(b.Members), MaxAffiliates)
	}
	for i, name := range b.Members {
		if err := member.CheckName(name); err != nil {
			return fmt.Errorf("%w: %w", ErrField, err)
		}
		if i > 0 && b.Members[i-1] >= name {
			return fmt.Errorf("%w: affiliates are not in ascending order without duplicates", ErrField)
		}
	}
	return nil
}

// NewAffiliate signs a declaration; names may come in any order. The key is the operator key.
func NewAffiliate(s Signer, seq uint64, members []string) (Raw, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(members)))
	return s.sign(seq, Affiliate{Members: sorted})
}
