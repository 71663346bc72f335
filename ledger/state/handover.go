package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
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

// prepareHandOver wants the voters of before to have locked exactly the tree that ends with the entry
// that replaced them. What has waited for it then goes on: see settle.
func (s *State) prepareHandOver(by *memberRecord, b entry.HandOver) (change, error) {
	open, ok := s.HandOver()
	if !ok {
		return nil, entry.ErrNoHandOver
	}
	c, err := b.Decode()
	if err != nil {
		return nil, err
	}
	switch {
	case c.Kind != finality.Lock:
		return nil, fmt.Errorf("%w: it is of %s", entry.ErrCertificate, c.Kind)
	case c.Ledger != s.id || c.Incarnation != s.incarnation:
		return nil, fmt.Errorf("%w: it is another ledger's, or another incarnation's", entry.ErrCertificate)
	case c.Value.Size != open.Size || c.Value.Root != tlog.Hash(open.Root):
		return nil, fmt.Errorf("%w: it is of size %d or of another tree, the voters changed at size %d", entry.ErrCertificate, c.Value.Size, open.Size)
	}
	if err := c.Verify(open.Voters); err != nil {
		return nil, fmt.Errorf("%w: %w", entry.ErrCertificate, err)
	}
	return func(index uint64) []Event {
		s.handOver, s.stirred = handOver{}, true
		return []Event{{Kind: HandedOver, Index: index, Member: by.Name}}
	}, nil
}

// CheckHandOver says whether a certificate would hand over now.
func (s *State) CheckHandOver(c finality.Certificate) error {
	_, err := s.prepareHandOver(&memberRecord{}, entry.HandOver{Certificate: c.Bytes()})
	return err
}
