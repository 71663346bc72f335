package state

import (
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// handOver is a change of the voters whose last checkpoint does not stand on the ledger yet. While it is
// open no other change of the voters happens, so that at any size there are two sets at most: the one
// that ends here, and the one that signs larger sizes.
type handOver struct {
	Index  uint64     `cbor:"1,keyasint"` // of the entry that changed the voters; 0 where none is open
	Root   tlog.Hash  `cbor:"2,keyasint"` // of the tree that ends with that entry
	Voters []voterKey `cbor:"3,keyasint"` // the set that ends, in ascending order of its members' names
}

type voterKey struct {
	Log      member.PublicKey `cbor:"1,keyasint"`
	Cosigner member.PublicKey `cbor:"2,keyasint"`
}

// HandOver is an open hand-over: the voters of before have to make Size final, with Root over it.
type HandOver struct {
	Size   uint64
	Root   [32]byte
	Voters finality.Voters // that end with this size
}

// HandOver returns the hand-over that is open, and whether one is.
func (s *State) HandOver() (HandOver, bool) {
	if s.handOver.Index == 0 {
		return HandOver{}, false
	}
	return HandOver{Size: s.handOver.Index + 1, Root: s.handOver.Root, Voters: s.handOver.voters()}, true
}

func (h handOver) voters() finality.Voters {
	var keys []finality.Voter
	for _, v := range h.Voters {
		keys = append(keys, finality.Voter(v))
	}
	return votersOf(keys)
}

// changeVoters opens a hand-over around a change of the voters: the set before it still signs the
// checkpoint that ends with this entry.
func (s *State) changeVoters(index uint64, name string, change func()) Event {
	open := handOver{Index: index}
	for _, v := range s.voterKeys() {
		open.Voters = append(open.Voters, voterKey(v))
	}
	change()
	s.handOver = open
	return Event{Kind: VotersChanged, Index: index, Member: name}
}
