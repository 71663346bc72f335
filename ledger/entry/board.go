package entry

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
)

// Expel ends a membership for good: the name and the keys never come back. Grave threshold.
type Expel struct {
	Member string `cbor:"1,keyasint"`
}

// ProposalKind is ProposeExpel.
func (Expel) ProposalKind() ProposalKind { return ProposeExpel }

// Subject is the member's name.
func (p Expel) Subject() string { return p.Member }

func (p Expel) check() error { return checkMemberName(p.Member) }

// SetSeat gives a member a seat on the board, or takes it away. Grave threshold.
type SetSeat struct {
	Member string `cbor:"1,keyasint"`
	Seat   bool   `cbor:"2,keyasint"`
}

// ProposalKind is ProposeSeat.
func (SetSeat) ProposalKind() ProposalKind { return ProposeSeat }

// Subject is the member's name.
func (p SetSeat) Subject() string { return p.Member }

func (p SetSeat) check() error { return checkMemberName(p.Member) }

// SetVoter makes a member's node a voter of raft and of checkpoints, or ends that. Grave threshold.
type SetVoter struct {
	Member string `cbor:"1,keyasint"`
	Voter  bool   `cbor:"2,keyasint"`
}

// ProposalKind is ProposeVoter.
func (SetVoter) ProposalKind() ProposalKind { return ProposeVoter }

// Subject is the member's name.
func (p SetVoter) Subject() string { return p.Member }

func (p SetVoter) check() error { return checkMemberName(p.Member) }

// SetSector moves a member to another sector. Constitutional threshold, since yes from several sectors
// is what every decision takes.
type SetSector struct {
	Member string        `cbor:"1,keyasint"`
	Sector member.Sector `cbor:"2,keyasint"`
}

// ProposalKind is ProposeSector.
func (SetSector) ProposalKind() ProposalKind { return ProposeSector }

// Subject is the member's name.
func (p SetSector) Subject() string { return p.Member }

func (p SetSector) check() error {
	if _, err := member.ParseSector(string(p.Sector)); err != nil {
		return fmt.Errorf("%w: %w", ErrField, err)
	}
	return checkMemberName(p.Member)
}

// SetThresholds changes what decisions take. Constitutional threshold.
type SetThresholds struct {
	Thresholds Thresholds `cbor:"1,keyasint"`
}

// ProposalKind is ProposeThresholds.
func (SetThresholds) ProposalKind() ProposalKind { return ProposeThresholds }

// Subject is what is to be changed.
func (SetThresholds) Subject() string { return "thresholds" }

func (p SetThresholds) check() error {
	if err := p.Thresholds.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrField, err)
	}
	return nil
}

// RevokeKey revokes a member's key by the board, for where its root key cannot or will not. Grave
// threshold.
type RevokeKey struct {
	Key member.KeyID `cbor:"1,keyasint"`
}

// ProposalKind is ProposeRevoke.
func (RevokeKey) ProposalKind() ProposalKind { return ProposeRevoke }

// Subject is the key's id.
func (p RevokeKey) Subject() string { return "key " + p.Key.String() }

func (RevokeKey) check() error { return nil }

// SetUpgrade lets the ledger accept entries of the next version. A node whose program does not know
// that version halts at the first such entry. Grave threshold.
type SetUpgrade struct {
	Version uint64 `cbor:"1,keyasint"`
}

// ProposalKind is ProposeUpgrade.
func (SetUpgrade) ProposalKind() ProposalKind { return ProposeUpgrade }

// Subject is the version.
func (p SetUpgrade) Subject() string { return fmt.Sprintf("entries of version %d", p.Version) }

func (p SetUpgrade) check() error {
	if p.Version < 2 {
		return fmt.Errorf("%w: %w", ErrField, errors.New("version 1 needs no upgrade"))
	}
	return nil
}
