package state

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const stateDomain = "crosslight/state/v1"

// image is everything that the state decides by, in one order. The indexes by key and by id are not in
// it: they follow from the rest.
type image struct {
	ID          [32]byte          `cbor:"1,keyasint"`
	Incarnation uint64            `cbor:"2,keyasint"`
	CreatedAt   uint64            `cbor:"3,keyasint"`
	Thresholds  entry.Thresholds  `cbor:"4,keyasint"`
	Policy      policy.Policy     `cbor:"5,keyasint"`
	Members     []memberImage     `cbor:"6,keyasint"` // in ascending order of name
	Seqs        []seqImage        `cbor:"7,keyasint"` // in ascending order of key id
	Proposals   []proposalImage   `cbor:"8,keyasint"` // in order of index
	Size        uint64            `cbor:"9,keyasint"`
	Frontier    []tlog.Hash       `cbor:"10,keyasint"`
	Time        uint64            `cbor:"11,keyasint"`
	Version     uint64            `cbor:"12,keyasint"`
	Former      []memberImage     `cbor:"13,keyasint"` // in the order in which they were expelled
	HandOver    handOver          `cbor:"14,keyasint"`
	Anchor      entry.StateAnchor `cbor:"15,keyasint"`
	Days        []dayStart        `cbor:"16,keyasint,omitempty"`
	Audits      []auditImage      `cbor:"17,keyasint,omitempty"`
	Holds       []Hold            `cbor:"18,keyasint,omitempty"`
}

type memberImage struct {
	Name         string        `cbor:"1,keyasint"`
	Sector       member.Sector `cbor:"2,keyasint"`
	Jurisdiction string        `cbor:"3,keyasint"`
	Keys         member.KeySet `cbor:"4,keyasint"`
	Addresses    []string      `cbor:"5,keyasint"`
	Version      string        `cbor:"6,keyasint"`
	Status       Status        `cbor:"7,keyasint"`
	Founder      bool          `cbor:"8,keyasint"`
	Seat         bool          `cbor:"9,keyasint"`
	Voter        bool          `cbor:"10,keyasint"`
	AdmittedAt   uint64        `cbor:"11,keyasint"`
	Epochs       []epochImage  `cbor:"12,keyasint"`
	Attested     uint64        `cbor:"13,keyasint"`
	Call         call          `cbor:"14,keyasint"`
	Emergency    Emergency     `cbor:"15,keyasint"`
	Rest         rest          `cbor:"16,keyasint"`
	SeatFrom     uint64        `cbor:"17,keyasint"`
	SeatUntil    uint64        `cbor:"18,keyasint"`
	Retired      []RetiredKey  `cbor:"19,keyasint"`
	Rotations    []rotation    `cbor:"20,keyasint"`
	Rested       rested        `cbor:"21,keyasint"`
	Admitted     tlog.Hash     `cbor:"22,keyasint"`
	AckedAt      uint64        `cbor:"23,keyasint"`
	Vouched      vouched       `cbor:"24,keyasint"`
	SuspendedAt  uint64        `cbor:"25,keyasint"`
	Affiliates   []string      `cbor:"26,keyasint"`

	// Left out where there are none.
	Commits   []dayCommitImage `cbor:"27,keyasint,omitempty"`
	Manifests []ManifestAnchor `cbor:"30,keyasint,omitempty"`
}

type epochImage struct {
	Commit entry.EpochCommit `cbor:"1,keyasint"`
	Index  uint64            `cbor:"2,keyasint"`
	Opened uint64            `cbor:"3,keyasint"`
	Called uint64            `cbor:"4,keyasint"`
	Cause  EpochCause        `cbor:"5,keyasint"`
	Until  uint64            `cbor:"6,keyasint"`
}

type seqImage struct {
	Key  member.KeyID `cbor:"1,keyasint"`
	Last lastEntry    `cbor:"2,keyasint"`
}

type proposalImage struct {
	ID       entry.Hash    `cbor:"1,keyasint"`
	Body     entry.Propose `cbor:"2,keyasint"`
	Proposer string        `cbor:"3,keyasint"`
	State    ProposalState `cbor:"4,keyasint"`
	Index    uint64        `cbor:"5,keyasint"`
	Votes    []ballotImage `cbor:"6,keyasint"`
	Decided  uint64        `cbor:"7,keyasint"`
	Failure  string        `cbor:"8,keyasint"`
	Deadline uint64        `cbor:"9,keyasint"`
}

type ballotImage struct {
	Member string        `cbor:"1,keyasint"`
	Sector member.Sector `cbor:"2,keyasint"`
	Yes    bool          `cbor:"3,keyasint"`
	Index  uint64        `cbor:"4,keyasint"`
}

// Hash is SHA-256 over a domain label, a zero byte and the deterministic encoding of everything that
// the state decides by. It costs time in proportion to the state; Apply does not compute it.
func (s *State) Hash() [32]byte {
	img := image{
		ID: s.id, Incarnation: s.incarnation, CreatedAt: s.createdAt, Thresholds: s.thresholds,
		Policy: s.policy, Seqs: s.seqImages(), Size: s.tree.Size(), Frontier: s.tree.Hashes(), Time: s.time,
		Version: s.version, HandOver: s.handOver, Anchor: s.anchor, Days: s.days, Audits: s.auditImages(), Holds: s.Holds(),
	}
	for _, m := range s.members {
		img.Members = append(img.Members, m.image())
	}
	for _, m := range s.former {
		img.Former = append(img.Former, m.image())
	}
	for _, p := range s.proposals {
		img.Proposals = append(img.Proposals, p.image())
	}
	b, err := wire.Encode(img)
	if err != nil {
		panic(err) // the types above all encode: this is our own bug
	}
	return sha256.Sum256(append([]byte(stateDomain+"\x00"), b...))
}

func (s *State) seqImages() []seqImage {
	out := make([]seqImage, 0, len(s.seqs))
	for k, last := range s.seqs {
		out = append(out, seqImage{k, last})
	}
	slices.SortFunc(out, func(a, b seqImage) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return out
}

func (m *memberRecord) image() memberImage {
	img := memberImage{
		Name: m.Name, Sector: m.Sector, Jurisdiction: m.Jurisdiction, Keys: m.Keys,
		Addresses: m.Addresses, Version: m.Version, Status: m.Status, Founder: m.Founder,
		Seat: m.Seat, Voter: m.Voter, AdmittedAt: m.AdmittedAt, Attested: m.attested,
		Call: m.call, Emergency: m.emergency, Rest: m.rest,
		SeatFrom: m.SeatFrom, SeatUntil: m.seatUntil, Retired: m.retired, Rotations: m.rotations, Rested: m.rested, Admitted: m.admitted, AckedAt: m.ackedAt, Vouched: m.vouched,
		SuspendedAt: m.SuspendedAt, Affiliates: m.affiliates,
		Manifests: m.manifests,
	}
	for _, e := range m.epochs {
		img.Epochs = append(img.Epochs, epochImage(e))
	}
	for _, c := range m.commits {
		img.Commits = append(img.Commits, c.image())
	}
	return img
}

func (p *proposalRecord) image() proposalImage {
	img := proposalImage{
		ID: p.ID, Body: p.body, Proposer: p.Proposer, State: p.State,
		Index: p.Index, Decided: p.Decided, Failure: p.Failure, Deadline: p.Deadline,
	}
	for _, b := range p.Votes {
		img.Votes = append(img.Votes, ballotImage(b))
	}
	return img
}
