package entry

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Errors of the founding ceremony, for the person who holds the file.
var (
	// ErrNotAFounder reports a seat key that is no founder's.
	ErrNotAFounder = errors.New("this seat key is no founder's: have the draft made again with this member's card")
	// ErrOtherDraft reports two drafts that do not say the same.
	ErrOtherDraft = errors.New("these files are drafts of different consortia: all founders must sign one and the same draft")
)

// Draft is a genesis that founders are still signing, each on its own machine; it travels as a file.
// Its fields and every signature that it carries have been checked.
type Draft struct {
	genesis Genesis
	file    genesisFile
}

// NewGenesis drafts a consortium. Cards may come in any order; pol is normalised; 16 bytes are read
// from rnd for the nonce. The draft is not signed by anybody.
func NewGenesis(cards []member.SignedCard, pol policy.Policy, t Thresholds, createdAt uint64, rnd io.Reader) (Draft, error) {
	g := Genesis{
		V: Version, Policy: policy.Normalise(pol), Thresholds: t, CreatedAt: createdAt,
		Canonicalisation: Canonicalisation, Founders: slices.Clone(cards),
	}
	slices.SortFunc(g.Founders, func(a, b member.SignedCard) int { return cmp.Compare(a.Card.Name, b.Card.Name) })
	if _, err := io.ReadFull(rnd, g.Nonce[:]); err != nil {
		return Draft{}, fmt.Errorf("read randomness: %w", err)
	}
	if err := g.check(); err != nil {
		return Draft{}, err
	}
	body, err := wire.Encode(g)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{genesis: g, file: genesisFile{Body: body, Signatures: make([][]byte, len(g.Founders))}}
	_, err = d.Bytes()
	return d, err
}

// ParseDraft reads a draft, signed by none, some or all of its founders. A signature that is there but
// does not verify is [ErrGenesisSignature].
func ParseDraft(raw []byte) (Draft, error) {
	var d Draft
	if err := decode(raw, &d.file); err != nil {
		return Draft{}, err
	}
	if err := decode(d.file.Body, &d.genesis); err != nil {
		return Draft{}, err
	}
	if err := d.genesis.check(); err != nil {
		return Draft{}, err
	}
	if len(d.file.Signatures) != len(d.genesis.Founders) {
		return Draft{}, fmt.Errorf("%w: %d signatures for %d founders", ErrGenesisSignature, len(d.file.Signatures), len(d.genesis.Founders))
	}
	for i, f := range d.genesis.Founders {
		sig := d.file.Signatures[i]
		if len(sig) > 0 && f.Card.Keys.Seat.Verify(genesisDomain, d.file.Body, sig) != nil {
			return Draft{}, fmt.Errorf("%w: of %s", ErrGenesisSignature, f.Card.Name)
		}
	}
	return d, nil
}

// Genesis returns what the draft says. Its slices are shared: do not write to them.
func (d Draft) Genesis() Genesis { return d.genesis }

// Digest is SHA-256 of what founders sign, 32 bytes: what they compare with one another, over another
// channel, before they do.
func (d Draft) Digest() [32]byte { return sha256.Sum256(d.file.Body) }

// Bytes returns the file.
func (d Draft) Bytes() ([]byte, error) { return encodeGenesisFile(d.file) }

// Sign adds the signature of the founder whose seat key this is; a signature that is there already
// stays. The error is [ErrNotAFounder].
func (d Draft) Sign(seat ed25519.PrivateKey) (Draft, error) {
	i := slices.IndexFunc(d.genesis.Founders, func(f member.SignedCard) bool {
		return f.Card.Keys.Seat == member.PublicOf(seat)
	})
	if i < 0 {
		return Draft{}, ErrNotAFounder
	}
	if len(d.file.Signatures[i]) > 0 {
		return d, nil
	}
	d.file.Signatures = slices.Clone(d.file.Signatures)
	d.file.Signatures[i] = member.Sign(seat, genesisDomain, d.file.Body)
	return d, nil
}

// Merge puts the signatures of drafts of one genesis together. The error is [ErrOtherDraft].
func Merge(first Draft, others ...Draft) (Draft, error) {
	out := first
	out.file.Signatures = slices.Clone(first.file.Signatures)
	for _, o := range others {
		if !bytes.Equal(o.file.Body, out.file.Body) {
			return Draft{}, ErrOtherDraft
		}
		for i, sig := range o.file.Signatures {
			if len(out.file.Signatures[i]) == 0 {
				out.file.Signatures[i] = sig
			}
		}
	}
	return out, nil
}

// Missing names the founders who have not signed.
func (d Draft) Missing() []string {
	var names []string
	for i, f := range d.genesis.Founders {
		if len(d.file.Signatures[i]) == 0 {
			names = append(names, f.Card.Name)
		}
	}
	return names
}

// Complete returns the genesis once every founder has signed; until then the error is
// [ErrGenesisSignature] and names who is missing.
func (d Draft) Complete() (SignedGenesis, error) {
	if missing := d.Missing(); len(missing) > 0 {
		return SignedGenesis{}, fmt.Errorf("%w: missing %q", ErrGenesisSignature, missing)
	}
	raw, err := d.Bytes()
	if err != nil {
		return SignedGenesis{}, err
	}
	return SignedGenesis{genesis: d.genesis, raw: raw}, nil
}
