package entry

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of a genesis.
const (
	MinFounders = 3
	MaxFounders = 64
	// Canonicalisation is the version of the canonical forms that all members use.
	Canonicalisation = "crosslight/indicator/v1"

	genesisDomain  = "crosslight/genesis/v1"
	ledgerIDDomain = "crosslight/ledger-id/v1"
	maxCreated     = 1 << 40 // seconds; keeps every reader's date arithmetic in range
)

// Genesis is the constitution of a consortium: who founds it, how it decides, what is allowed.
type Genesis struct {
	V                uint64              `cbor:"1,keyasint"`
	Founders         []member.SignedCard `cbor:"2,keyasint"` // in ascending order of name
	Policy           policy.Policy       `cbor:"3,keyasint"` // version 1
	Thresholds       Thresholds          `cbor:"4,keyasint"`
	CreatedAt        uint64              `cbor:"5,keyasint"` // Unix seconds, as the drafter's clock had it
	Nonce            [16]byte            `cbor:"6,keyasint"` // so that the same founders can found twice
	Canonicalisation string              `cbor:"7,keyasint"`
}

// genesisFile is a genesis with its signatures: as a draft, where a missing one is empty, and complete
// as leaf 0 of the ledger.
type genesisFile struct {
	Body       []byte   `cbor:"1,keyasint"` // deterministic CBOR of Genesis
	Signatures [][]byte `cbor:"2,keyasint"` // by the seat keys, in the order of Founders
}

// SignedGenesis is a genesis that has been checked in full: fields, cards, and the signature of every
// founder's seat key. Only [ParseGenesis] and [Draft.Complete] make one.
type SignedGenesis struct {
	genesis Genesis
	raw     []byte
}

// ParseGenesis reads and checks a complete genesis, leaf 0 of a ledger. It keeps a copy of raw.
func ParseGenesis(raw []byte) (SignedGenesis, error) {
	d, err := ParseDraft(raw)
	if err != nil {
		return SignedGenesis{}, err
	}
	return d.Complete()
}

// Genesis returns the constitution. Its slices are shared: do not write to them.
func (g SignedGenesis) Genesis() Genesis { return g.genesis }

// Raw returns the bytes of leaf 0: do not write to them.
func (g SignedGenesis) Raw() []byte { return g.raw }

// ID is the ledger id: SHA-256 over the domain label, a zero byte and leaf 0. It covers the founders'
// signatures, so two ceremonies over one draft give one ledger only if they end in the same file.
func (g SignedGenesis) ID() [32]byte {
	return sha256.Sum256(append([]byte(ledgerIDDomain+"\x00"), g.raw...))
}

func (g Genesis) check() error {
	if g.V != Version {
		return fmt.Errorf("%w: genesis version %d", ErrVersion, g.V)
	}
	if g.Canonicalisation != Canonicalisation {
		return fmt.Errorf("%w: canonical forms are not %s", ErrGenesis, Canonicalisation)
	}
	if g.CreatedAt == 0 || g.CreatedAt > maxCreated {
		return fmt.Errorf("%w: creation time", ErrGenesis)
	}
	if err := g.Thresholds.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	if err := g.Policy.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	if g.Policy.Version != 1 {
		return fmt.Errorf("%w: genesis carries version 1", ErrPolicyVersion)
	}
	if err := checkFounders(g.Founders); err != nil {
		return err
	}
	if err := g.checkSectors(); err != nil {
		return err
	}
	return g.checkPolicyMembers()
}

// checkSectors holds the founders, who are the first voters, to what every later set of voters is held to:
// no sector has more than half of them, which would be a Raft majority. It could order alone what the ledger
// gets to see, and nothing would become final without it, from the first entry on.
func (g Genesis) checkSectors() error {
	held := map[member.Sector]int{}
	for _, f := range g.Founders {
		held[f.Card.Sector]++
	}
	if n := len(held); uint64(n) < g.Thresholds.Sectors {
		return fmt.Errorf("%w: of %d sectors, decisions need %d", ErrFounders, n, g.Thresholds.Sectors)
	}
	for _, f := range g.Founders { // in the order of the file, so that all name the same sector
		if k := held[f.Card.Sector]; 2*k > len(g.Founders) {
			return fmt.Errorf("%w: %s would hold %d of %d", ErrSectorMajority, f.Card.Sector, k, len(g.Founders))
		}
	}
	return nil
}

func (g Genesis) checkPolicyMembers() error {
	for _, name := range g.Policy.MemberNames() {
		if !slices.ContainsFunc(g.Founders, func(f member.SignedCard) bool { return f.Card.Name == name }) {
			return fmt.Errorf("%w: a rule names %q, who is no founder", ErrUnknownMember, name)
		}
	}
	return nil
}

// checkFounders verifies the cards and that no two founders share a name or a key.
func checkFounders(founders []member.SignedCard) error {
	if len(founders) < MinFounders || len(founders) > MaxFounders {
		return fmt.Errorf("%w: %d founders, %d to %d", ErrFounders, len(founders), MinFounders, MaxFounders)
	}
	names, keys := map[string]bool{}, map[member.KeyID]bool{}
	for i, f := range founders {
		if err := f.Check(); err != nil {
			return fmt.Errorf("%w: %w", ErrCard, err)
		}
		fold := member.FoldName(f.Card.Name)
		if names[fold] {
			return fmt.Errorf("%w: two are called %q", ErrFounders, f.Card.Name)
		}
		if i > 0 && founders[i-1].Card.Name >= f.Card.Name {
			return fmt.Errorf("%w: not in ascending order of name", ErrFounders)
		}
		names[fold] = true
		for _, role := range member.Roles() {
			k := f.Card.Keys.Of(role).ID()
			if keys[k] {
				return fmt.Errorf("%w: the %s key of %q is another founder's too", ErrFounders, role, f.Card.Name)
			}
			keys[k] = true
		}
	}
	return nil
}

func encodeGenesisFile(f genesisFile) ([]byte, error) {
	raw, err := wire.Encode(f)
	if err == nil && len(raw) > MaxEnvelope {
		err = fmt.Errorf("%w: genesis of %d bytes, at most %d", ErrTooLarge, len(raw), MaxEnvelope)
	}
	return raw, err
}
