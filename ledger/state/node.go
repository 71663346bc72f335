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
