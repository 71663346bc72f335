package keys

import (
	"crypto/ed25519"
	"fmt"
	"slices"

	"filippo.io/age"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// maxPlain bounds the plain text of every key file.
const maxPlain = 4 << 10

// bundle is the plain text of member.age: seeds of RFC 8032, 32 bytes each.
type bundle struct {
	V        uint64           `cbor:"1,keyasint"`
	Node     []byte           `cbor:"2,keyasint"`
	Operator []byte           `cbor:"3,keyasint"`
	Seat     []byte           `cbor:"4,keyasint"`
	Log      []byte           `cbor:"5,keyasint"`
	Cosigner []byte           `cbor:"6,keyasint"`
	Root     member.PublicKey `cbor:"7,keyasint"` // the public half alone
	Epochs   string           `cbor:"8,keyasint"` // AGE-SECRET-KEY-1...
	// SeatPublic is there, and Seat is empty, when the seat key is kept elsewhere.
	SeatPublic *member.PublicKey `cbor:"9,keyasint,omitempty"`
	// Destroyed are the keys whose seed is empty because it was destroyed after a rotation, in the order of
	// roles; the seat's is told by SeatPublic.
	Destroyed []destroyedKey `cbor:"10,keyasint,omitempty"`
}

// rootFile is the plain text of root.age.
type rootFile struct {
	V    uint64 `cbor:"1,keyasint"`
	Root []byte `cbor:"2,keyasint"`
}

// online lists the roles whose private keys a running node has.
func online() []member.Role {
	return []member.Role{member.Node, member.Operator, member.Seat, member.Log, member.Cosigner}
}

func (b *bundle) seed(role member.Role) *[]byte {
	switch role {
	case member.Node:
		return &b.Node
	case member.Operator:
		return &b.Operator
	case member.Seat:
		return &b.Seat
	case member.Log:
		return &b.Log
	case member.Cosigner:
		return &b.Cosigner
	}
	panic("keys: no seed for role " + string(role))
}

func (r *Ring) bundle() bundle {
	b := bundle{V: 1, Root: r.first.Root, Epochs: r.epochs.String()}
	for _, role := range online() {
		if role == member.Seat && r.born[role] == nil {
			b.Seat, b.SeatPublic = []byte{}, &r.first.Seat
			continue
		}
		if r.born[role] == nil {
			*b.seed(role) = []byte{}
			b.Destroyed = append(b.Destroyed, destroyedKey{string(role), r.first.Of(role)})
			continue
		}
		*b.seed(role) = r.born[role].Seed()
	}
	return b
}

// ring reads a plain bundle; errors wrap [ErrDamaged].
func ring(dir string, plain []byte) (*Ring, error) {
	var b bundle
	if err := wire.Decode(plain, &b, maxPlain); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if b.V != 1 {
		return nil, fmt.Errorf("%w: version %d is unknown", ErrDamaged, b.V)
	}
	for _, d := range b.Destroyed {
		if role := member.Role(d.Role); role == member.Seat || !slices.Contains(online(), role) || len(*b.seed(role)) > 0 {
			return nil, fmt.Errorf("%w: a destroyed key of no role", ErrDamaged)
		}
	}
	born := map[member.Role]ed25519.PrivateKey{}
	for _, role := range online() {
		seed := *b.seed(role)
		if len(seed) == 0 && (role == member.Seat && b.SeatPublic != nil || b.destroyed(role)) {
			continue
		}
		if len(seed) != ed25519.SeedSize {
			return nil, fmt.Errorf("%w: the %s key has a wrong length", ErrDamaged, role)
		}
		born[role] = ed25519.NewKeyFromSeed(seed)
	}
	epochs, err := age.ParseX25519Identity(b.Epochs)
	if err != nil {
		return nil, fmt.Errorf("%w: the epochs' identity does not parse", ErrDamaged)
	}
	set := b.publicSet(born)
	if err := set.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r := newRing(dir, epochs, born, set)
	if err := r.loadRotated(); err != nil {
		return nil, err
	}
	_, err = r.choose(r.set) // without current.cbor a key that was destroyed would be in use again
	return r, err
}

func (b bundle) destroyed(role member.Role) bool {
	return slices.ContainsFunc(b.Destroyed, func(d destroyedKey) bool { return d.Role == string(role) })
}

// publicSet is the public half of all keys, those that are kept elsewhere included.
func (b bundle) publicSet(private map[member.Role]ed25519.PrivateKey) member.KeySet {
	set := publicSet(private, b.Root)
	if b.SeatPublic != nil {
		set.Seat = *b.SeatPublic
	}
	for _, d := range b.Destroyed {
		set = set.With(member.Role(d.Role), d.Public)
	}
	return set
}

func publicSet(private map[member.Role]ed25519.PrivateKey, root member.PublicKey) member.KeySet {
	public := func(role member.Role) member.PublicKey {
		if private[role] == nil {
			return member.PublicKey{}
		}
		return member.PublicOf(private[role])
	}
	return member.KeySet{
		Node: public(member.Node), Operator: public(member.Operator), Seat: public(member.Seat),
		Log: public(member.Log), Cosigner: public(member.Cosigner), Root: root,
	}
}
