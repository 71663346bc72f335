// Package invite is the file that an organisation is given so that it can join a running consortium:
// which ledger, and a point of its history that the newcomer's replica must pass through, so that
// nobody can lead it to another history of the same founders (specs/ledger.md, "Joining").
//
// What leaks: nothing secret. The ledger id is to be compared over a second channel.
package invite

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxSize is the longest invitation, in bytes.
const MaxSize = 128 << 10

// ErrInvitation reports a file that is no invitation of a version that this program knows.
var ErrInvitation = errors.New("not a usable invitation")

// Invitation pins a ledger at the size at which a member stood when it wrote it.
type Invitation struct {
	V       uint64   `cbor:"1,keyasint"`
	Genesis []byte   `cbor:"2,keyasint"` // leaf 0
	Size    uint64   `cbor:"3,keyasint"` // leaves, at least 1
	Root    [32]byte `cbor:"4,keyasint"` // of the tree at Size
	Peers   []Peer   `cbor:"5,keyasint"`
}

// Peer is a member's node at that point, where founders' cards may be out of date.
type Peer struct {
	ID        string   `cbor:"1,keyasint"`
	Addresses []string `cbor:"2,keyasint"`
}

const maxPeers = 256

// Encode returns the file.
func (i Invitation) Encode() ([]byte, error) {
	if _, err := i.check(); err != nil {
		return nil, err
	}
	return wire.Encode(i)
}

// Parse reads an invitation and checks its genesis in full.
func Parse(raw []byte) (Invitation, entry.SignedGenesis, error) {
	var i Invitation
	if err := wire.Decode(raw, &i, MaxSize); err != nil {
		return i, entry.SignedGenesis{}, fmt.Errorf("%w: %w", ErrInvitation, err)
	}
	g, err := i.check()
	return i, g, err
}

func (i Invitation) check() (entry.SignedGenesis, error) {
	if i.V != 1 {
		return entry.SignedGenesis{}, fmt.Errorf("%w: version %d", ErrInvitation, i.V)
	}
	if i.Size == 0 || len(i.Peers) > maxPeers {
		return entry.SignedGenesis{}, fmt.Errorf("%w: a field is out of range", ErrInvitation)
	}
	for _, p := range i.Peers {
		if len(p.ID) == 0 || len(p.ID) > 128 {
			return entry.SignedGenesis{}, fmt.Errorf("%w: a peer ID is out of range", ErrInvitation)
		}
		if err := member.CheckAddresses(p.Addresses); err != nil {
			return entry.SignedGenesis{}, fmt.Errorf("%w: %w", ErrInvitation, err)
		}
	}
	g, err := entry.ParseGenesis(i.Genesis)
	if err != nil {
		return g, fmt.Errorf("%w: %w", ErrInvitation, err)
	}
	return g, nil
}
