package audit

import (
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// Roster is whose keys stood on a ledger and who ever voted: what evidence against a member is held against.
// That of a genesis knows the founders as they founded; that of an export all who came until it was made.
type Roster struct {
	LedgerID [32]byte
	state    *state.State
	sets     []finality.Voters // in the order in which they voted
}

// RosterGenesis knows the founders of a ledger, whose genesis is leaf 0. Errors are rejections of package
// entry.
func RosterGenesis(raw []byte) (Roster, error) {
	g, err := entry.ParseGenesis(raw)
	if err != nil {
		return Roster{}, err
	}
	s, err := state.New(g)
	if err != nil {
		return Roster{}, err
	}
	return Roster{g.ID(), s, []finality.Voters{s.FinalityVoters()}}, nil
}

// Roster knows everybody who was on the ledger up to a verified export.
func (r Report) Roster() Roster { return Roster{r.LedgerID, r.state, r.sets} }

// Owner is the member whose key this is or was, and in which role; false where no key of this id ever stood
// on the ledger as it is known here.
func (r Roster) Owner(key member.KeyID) (public member.PublicKey, name string, role member.Role, ok bool) {
	public, name, role, _, ok = r.state.KeyByID(key)
	return public, name, role, ok
}

// Voters are the voter sets that signed checkpoints, the newest first.
func (r Roster) Voters() []finality.Voters {
	out := slices.Clone(r.sets)
	slices.Reverse(out)
	return out
}

// OPRFKey is the public key that a member committed to for a type in an epoch; false where none stands on the
// ledger as it is known here, as of a member that was expelled.
func (r Roster) OPRFKey(name string, epoch uint64, indicator string) (key [32]byte, ok bool) {
	for _, e := range r.state.Epochs(name) {
		for _, k := range e.Commit.Keys {
			if e.Commit.Epoch == epoch && k.Type == indicator {
				return k.Public, true
			}
		}
	}
	return key, false
}
