package state

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
)

// prepareNodeInfo: suspended members too keep their node reachable, for raft and for their vote.
func (s *State) prepareNodeInfo(by *memberRecord, b entry.NodeInfo) (change, error) {
	if by.Version == b.Version && slices.Equal(by.Addresses, b.Addresses) {
		return nil, fmt.Errorf("%w: %s has this address and version", entry.ErrNoChange, by.Name)
	}
	return func(index uint64) []Event {
		by.Addresses, by.Version = slices.Clone(b.Addresses), b.Version
		return []Event{{Kind: NodeInfoChanged, Index: index, Member: by.Name}}
	}, nil
}

// prepareEpochCommit refuses a suspended member, whom nobody may ask, and every key that stands: two
// members under one key could sell each other's answers.
func (s *State) prepareEpochCommit(by *memberRecord, b entry.EpochCommit) (change, error) {
	if by.Status == Suspended {
		return nil, fmt.Errorf("%w: %s opens no epoch until it is reinstated", entry.ErrSuspended, by.Name)
	}
	if by.Status == Joining {
		return nil, fmt.Errorf("%w: %s opens no epoch before", entry.ErrNotAcknowledged, by.Name)
	}
	if b.Epoch != by.Epoch+1 {
		return nil, fmt.Errorf("%w: %d, the next of %s is %d", entry.ErrEpoch, b.Epoch, by.Name, by.Epoch+1)
	}
	seen := map[[32]byte]bool{}
	for _, k := range b.Keys {
		if s.oprf[k.Public] || seen[k.Public] {
			return nil, fmt.Errorf("%w: %s", entry.ErrKeyStands, k.Type)
		}
		seen[k.Public] = true
	}
	if err := b.VerifyPossession(s.id, by.Name); err != nil {
		return nil, err
	}
	return func(index uint64) []Event {
		for _, k := range b.Keys {
			s.oprf[k.Public] = true
		}
		by.Epoch = b.Epoch
		by.epochs = append(by.epochs, Epoch{Commit: b, Index: index})
		return []Event{{Kind: EpochCommitted, Index: index, Member: by.Name, Epoch: b.Epoch}}
	}, nil
}
