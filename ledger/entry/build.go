package entry

import (
	"cmp"
	"crypto/ed25519"
	"slices"
)

// Signer signs entries for one ledger with one key. It keeps no sequence number: the caller asks the
// ledger's state for the key's next one and submits one entry at a time.
type Signer struct {
	Key         ed25519.PrivateKey
	LedgerID    [32]byte
	Incarnation uint64 // 0 stands for FirstIncarnation
}

func (s Signer) sign(seq uint64, body Body) (Raw, error) {
	incarnation := max(s.Incarnation, FirstIncarnation)
	return Sign(s.Key, Header{LedgerID: s.LedgerID, Incarnation: incarnation, Seq: seq}, body)
}

// NewNodeInfo signs a member's addresses and program version. The key is the operator key.
func NewNodeInfo(s Signer, seq uint64, addresses []string, version string) (Raw, error) {
	return s.sign(seq, NodeInfo{Addresses: addresses, Version: version})
}

// NewEpochCommit signs a member's next epoch; keys may come in any order. The key is the operator key.
func NewEpochCommit(s Signer, seq, epoch uint64, keys []EpochKey) (Raw, error) {
	sorted := slices.SortedFunc(slices.Values(keys), func(a, b EpochKey) int { return cmp.Compare(a.Type, b.Type) })
	return s.sign(seq, EpochCommit{Epoch: epoch, Params: IndexV1, Keys: sorted})
}

// NewPropose signs a proposal. The key is the seat key.
func NewPropose(s Signer, seq uint64, p Proposal, reason string) (Raw, error) {
	body, err := ProposeBody(p, reason)
	if err != nil {
		return nil, err
	}
	return s.sign(seq, body)
}

// ProposeBody is the body of a proposal before it is signed, for a dry run.
func ProposeBody(p Proposal, reason string) (Propose, error) {
	content, err := encodeProposal(p)
	if err != nil {
		return Propose{}, err
	}
	return Propose{Proposal: p.ProposalKind(), Content: content, Reason: reason}, nil
}

// NewVote signs a vote. The key is the seat key.
func NewVote(s Signer, seq uint64, proposal Hash, yes bool) (Raw, error) {
	return s.sign(seq, Vote{Proposal: proposal, Yes: yes})
}

// NewWithdrawProposal signs the withdrawal of a proposal. The key is the proposer's seat key.
func NewWithdrawProposal(s Signer, seq uint64, proposal Hash) (Raw, error) {
	return s.sign(seq, WithdrawProposal{Proposal: proposal})
}
