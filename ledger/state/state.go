// Package state decides what the ledger accepts and what follows from it. It implements "State" of
// crosslight/ledger/v1 (specs/ledger.md).
//
//	genesis ─► New ─► State ──Apply(entry)──► State'        accepted: a leaf, an index, events
//	                    └─────Apply(entry)──► Rejection     refused: no leaf, nothing changes
//
// The machine is pure: no clock, no randomness, no disk, no map order, no floating point, and nobody's
// word. It checks every signature, every role and every rule itself, at apply, whatever the leader or
// the door in front of it has said; two nodes that apply the same entries in the same order stand at
// the same [State.Hash], and refuse the same entries for the same reason.
//
// A State is not safe for concurrent use by itself: its owner (ledger/replica) lets many readers or one
// Apply at it. What the reading methods return is the caller's to keep; nothing in it changes later.
//
// What leaks: nothing beyond the entries, which every member reads.
package state

import (
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// Limits of a consortium.
const (
	MaxMembers = 256
	MaxOpen    = 16 // open proposals of one member
)

// Status is whether a member takes part in exchanges.
type Status string

// The statuses. A suspended member neither asks nor is asked; its seat keeps its vote. One that joins does
// neither yet: it is admitted, and its node has not acknowledged the ledger.
const (
	Joining   Status = "joining"
	Active    Status = "active"
	Suspended Status = "suspended"
)

// State is what stands on the ledger after a number of entries.
type State struct {
	id          [32]byte
	incarnation uint64
	version     uint64 // newest version of entries that is accepted
	least       int    // number of voters; it follows from the founders
	createdAt   uint64
	time        uint64 // ledger time, see clock.go
	thresholds  entry.Thresholds
	policy      policy.Policy

	members []*memberRecord // in ascending order of name
	former  []*memberRecord // expelled, in the order in which they were
	keys    map[member.KeyID]keyRef
	seqs    map[member.KeyID]lastEntry
	oprf    map[[32]byte]bool // every OPRF key that was ever committed

	proposals []*proposalRecord // in order of index
	byID      map[entry.Hash]*proposalRecord

	handOver handOver          // open where its index is not 0
	anchor   entry.StateAnchor // that a quorum agreed on, zero before the first

	days   []dayStart // after the first, in ascending order
	audits []*Audit   // in the order in which they were opened
	holds  []*Hold    // in the order in which they were called for

	stirred   bool            // only while an entry is applied: see settle
	newcomers []*memberRecord // only while an entry is applied: admitted by it

	tree tlog.Frontier
}

type keyRef struct {
	owner *memberRecord
	role  member.Role
	key   member.PublicKey

	retired bool // it signs nothing more
}

// lastEntry is the newest entry that a key signed.
type lastEntry struct {
	Seq   uint64     `cbor:"1,keyasint"`
	Index uint64     `cbor:"2,keyasint"`
	Hash  entry.Hash `cbor:"3,keyasint"`
}

// New returns the state after a genesis, leaf 0.
func New(g entry.SignedGenesis) (*State, error) {
	gen := g.Genesis()
	s := &State{
		id: g.ID(), incarnation: entry.FirstIncarnation, version: 1, createdAt: gen.CreatedAt, time: gen.CreatedAt,
		thresholds: gen.Thresholds, policy: gen.Policy,
		keys: map[member.KeyID]keyRef{}, seqs: map[member.KeyID]lastEntry{},
		oprf: map[[32]byte]bool{}, byID: map[entry.Hash]*proposalRecord{},
		tree: tlog.NewFrontier(),
	}
	if len(gen.Founders) == 0 {
		return nil, entry.ErrGenesis // a zero SignedGenesis: nobody checked it
	}
	s.least = min(LeastVoters, len(gen.Founders))
	for _, card := range gen.Founders {
		m := newRecord(card.Card, 0)
		m.Founder, m.Seat, m.Voter, m.Status = true, true, true, Active
		s.insert(m)
	}
	s.tree.Append(tlog.LeafHash(g.Raw()))
	return s, nil
}

// LedgerID is the ledger's id.
func (s *State) LedgerID() [32]byte { return s.id }

// Incarnation is 1 until a recovery.
func (s *State) Incarnation() uint64 { return s.incarnation }

// Size is the number of leaves, the genesis included.
func (s *State) Size() uint64 { return s.tree.Size() }

// Root is the RFC 6962 tree hash over the leaves.
func (s *State) Root() [32]byte { return s.tree.Root() }

// Frontier is the right edge of the tree, left to right.
func (s *State) Frontier() []tlog.Hash { return s.tree.Hashes() }

// CreatedAt is the time of the genesis in Unix seconds, as its drafter's clock had it.
func (s *State) CreatedAt() uint64 { return s.createdAt }

// Policy returns the rules in force. Its slices are shared: do not write to them.
func (s *State) Policy() policy.Policy { return s.policy }

// Thresholds returns what decisions take.
func (s *State) Thresholds() entry.Thresholds { return s.thresholds }

// NextSeq is the sequence number of the next entry that the key signs.
func (s *State) NextSeq(key member.KeyID) uint64 { return s.seqs[key].Seq + 1 }

// EntryVersion is the newest version of entries that the ledger accepts.
func (s *State) EntryVersion() uint64 { return s.version }

// Trial reports whether the ledger has fewer than four voters and so stands no cheat.
func (s *State) Trial() bool { return len(s.Voters()) < 4 }
