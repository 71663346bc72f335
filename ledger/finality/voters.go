package finality

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// MaxVoters is the largest voter set; it bounds certificates.
const MaxVoters = 64

// Voter is one organisation's keys. Log signs statements, Cosigner signs cosignatures, nothing else.
type Voter struct{ Log, Cosigner member.PublicKey }

// Voters is the voter set of a height, in ascending order of the log keys' ids.
type Voters struct {
	ids  []member.KeyID
	list []Voter
}

// NewVoters returns the set. The error is [ErrVoters]: none, more than 64, or one key in two places.
func NewVoters(list []Voter) (Voters, error) {
	if len(list) == 0 || len(list) > MaxVoters {
		return Voters{}, fmt.Errorf("%w: %d voters, 1 to %d", ErrVoters, len(list), MaxVoters)
	}
	v := Voters{list: slices.Clone(list)}
	slices.SortFunc(v.list, func(a, b Voter) int { return compareIDs(a.Log.ID(), b.Log.ID()) })
	seen := map[member.PublicKey]bool{{}: true}
	for _, w := range v.list {
		if seen[w.Log] || seen[w.Cosigner] || w.Log == w.Cosigner {
			return Voters{}, fmt.Errorf("%w: a key is missing or stands twice", ErrVoters)
		}
		seen[w.Log], seen[w.Cosigner] = true, true
		v.ids = append(v.ids, w.Log.ID())
	}
	return v, nil
}

func compareIDs(a, b member.KeyID) int { return bytes.Compare(a[:], b[:]) }

// N is the number of voters.
func (v Voters) N() int { return len(v.list) }

// Cheats is b, the number of cheats that the set stands: ⌊(n−1)/3⌋. It is 0 for 3 voters, which is
// trial grade.
func (v Voters) Cheats() int { return (v.N() - 1) / 3 }

// Quorum is q = ⌊(n+b)/2⌋+1. Two quorums share more than b voters, so at least an honest one; and the
// n−b that are honest reach it alone.
func (v Voters) Quorum() int { return (v.N()+v.Cheats())/2 + 1 }

// Find returns the voter whose log key has this id.
func (v Voters) Find(id member.KeyID) (Voter, bool) {
	i, ok := slices.BinarySearchFunc(v.ids, id, compareIDs)
	if !ok {
		return Voter{}, false
	}
	return v.list[i], true
}

// Cosigner returns the id of the log key of the voter whose cosigner key signs under that name
// ([tlog.CosignerKey]).
func (v Voters) Cosigner(name string) (member.KeyID, bool) {
	i := slices.IndexFunc(v.list, func(w Voter) bool { return tlog.CosignerKey(w.Cosigner).Name == name })
	if i < 0 {
		return member.KeyID{}, false
	}
	return v.ids[i], true
}

// Equal reports whether both are the same set.
func (v Voters) Equal(o Voters) bool { return slices.Equal(v.list, o.list) }

// Roster says who votes at a height. The set of height h follows from the state at the value that is
// final at h−1, so false is answered while that has not been executed here. A set that hands over ends
// its term with a checkpoint of its own, and the next set signs larger sizes only.
type Roster interface {
	VotersAt(height uint64) (Voters, bool)
	// Turned reports whether what is final at a height ends with a change of the voters, were it only one
	// that these keys do not show, such as another node key. It is asked about the height before the one
	// whose voters are known, and is true where the roster cannot tell.
	Turned(height uint64) bool
}

// Fixed is the roster of a ledger whose voters never change.
type Fixed Voters

// VotersAt implements [Roster].
func (f Fixed) VotersAt(uint64) (Voters, bool) { return Voters(f), true }

// Turned implements [Roster].
func (f Fixed) Turned(uint64) bool { return false }

// History is the node's own executed log, read only. RootAt answers for sizes that have been executed
// and, beyond the newest final size, only up to the first entry that hands over to another voter set:
// that is how a change of voters ends its checkpoint. What it answers may change between final and the
// tip, when raft rewrites; never at or below final.
type History interface {
	RootAt(size uint64) (root [32]byte, ok bool)
}
