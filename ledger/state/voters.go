package state

import (
	"github.com/crosslight/crosslight/ledger/finality"
)

// FinalityVoters is who signs checkpoints: the log and cosigner keys of the members whose nodes vote.
// It panics where two voters share a key, which no accepted entry leads to.
func (s *State) FinalityVoters() finality.Voters {
	v, err := finality.NewVoters(s.voterKeys())
	if err != nil {
		panic("state: " + err.Error()) // keys stand once, voters are 1 to 64: our own bug
	}
	return v
}

// voterKeys are the keys of FinalityVoters in ascending order of the members' names.
func (s *State) voterKeys() []finality.Voter {
	var out []finality.Voter
	for _, m := range s.members {
		if m.Voter {
			out = append(out, finality.Voter{Log: m.Keys.Log, Cosigner: m.Keys.Cosigner})
		}
	}
	return out
}
