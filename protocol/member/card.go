package member

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Card is what an organisation says of itself when it founds or joins a consortium. It holds public
// data only and travels as a file that people pass by hand.
type Card struct {
	V            uint64   `cbor:"1,keyasint"`
	Name         string   `cbor:"2,keyasint"`
	Sector       Sector   `cbor:"3,keyasint"`
	Jurisdiction string   `cbor:"4,keyasint"` // ISO 3166-1 alpha-2, upper case
	Keys         KeySet   `cbor:"5,keyasint"`
	Addresses    []string `cbor:"6,keyasint"` // libp2p multiaddrs without the peer ID
}

// SignedCard is a Card with a signature by each of its keys, which proves that the organisation
// holds them: nobody can enter another's key under its own name.
type SignedCard struct {
	Card       Card     `cbor:"1,keyasint"`
	Signatures [][]byte `cbor:"2,keyasint"` // 64 bytes each, in the order of Roles
}

// Limits of a card, in bytes and items.
const (
	MaxCard      = 8 << 10
	MaxAddresses = 8
	MaxAddress   = 256

	cardDomain = "crosslight/card/v1"
)

// ErrCard reports a card whose fields or signatures do not hold.
var ErrCard = errors.New("member card is not valid")

// SignCard signs c with all six keys; keys returns the private half for a role.
func SignCard(c Card, keys func(Role) ed25519.PrivateKey) (SignedCard, error) {
	body, err := wire.Encode(c)
	if err != nil {
		return SignedCard{}, err
	}
	out := SignedCard{Card: c}
	for _, role := range Roles() {
		out.Signatures = append(out.Signatures, Sign(keys(role), cardDomain, body))
	}
	return out, out.Check()
}

// Check verifies the fields and all six signatures. Errors wrap [ErrCard].
func (s SignedCard) Check() error {
	if err := s.Card.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrCard, err)
	}
	body, err := wire.Encode(s.Card)
	if err != nil {
		return err
	}
	if len(s.Signatures) != len(Roles()) {
		return fmt.Errorf("%w: %d signatures instead of %d", ErrCard, len(s.Signatures), len(Roles()))
	}
	for i, role := range Roles() {
		if err := s.Card.Keys.Of(role).Verify(cardDomain, body, s.Signatures[i]); err != nil {
			return fmt.Errorf("%w: %s key: %w", ErrCard, role, err)
		}
	}
	return nil
}

func (c Card) check() error {
	if c.V != 1 {
		return fmt.Errorf("version %d is unknown", c.V)
	}
	if err := CheckName(c.Name); err != nil {
		return err
	}
	if _, err := ParseSector(string(c.Sector)); err != nil {
		return err
	}
	if err := CheckJurisdiction(c.Jurisdiction); err != nil {
		return err
	}
	if err := CheckAddresses(c.Addresses); err != nil {
		return err
	}
	return c.Keys.Check()
}

// CheckJurisdiction accepts an ISO 3166-1 alpha-2 code in upper case, or the three-letter INT for a
// body of several states.
func CheckJurisdiction(j string) error {
	if j == "INT" {
		return nil
	}
	if len(j) != 2 || j[0] < 'A' || j[0] > 'Z' || j[1] < 'A' || j[1] > 'Z' {
		return fmt.Errorf("jurisdiction %q: two capital letters of ISO 3166-1, or INT", j)
	}
	return nil
}

// CheckAddresses accepts 1 to 8 addresses that start with a slash, at most 256 printable ASCII bytes
// each. Whether they parse as multiaddrs is for the node that dials them.
func CheckAddresses(addresses []string) error {
	if len(addresses) == 0 || len(addresses) > MaxAddresses {
		return fmt.Errorf("%d addresses: 1 to %d", len(addresses), MaxAddresses)
	}
	for _, a := range addresses {
		if len(a) == 0 || len(a) > MaxAddress || a[0] != '/' {
			return errors.New("an address is not a multiaddr")
		}
		for i := range len(a) {
			if a[i] <= ' ' || a[i] > '~' {
				return errors.New("an address is not a multiaddr")
			}
		}
	}
	return nil
}
