package replica

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// A node that was away while the voters changed has the hand-over's locks from the ledger, and not always its
// cosignatures, which nobody sends any more. It asks the others for them (crosslight/checkpoints/v1).

// voted notes, under finals' lock, who voted on a size with which their term ended.
func (f *finals) voted(size uint64) {
	if f.sets == nil {
		f.sets = map[uint64]finality.Voters{}
	}
	f.sets[size] = f.before
}

// at returns, under the lock, the kept point of a size and who voted on it.
func (f *finals) at(size uint64) (p FinalPoint, voters finality.Voters, ok bool) {
	if f.point.Height > 0 && f.point.Size == size {
		return f.point, f.before, true
	}
	for _, p := range f.handovers {
		if voters, ok := f.sets[size]; ok && p.Size == size && size <= f.point.Size {
			return p, voters, true
		}
	}
	return FinalPoint{}, finality.Voters{}, false
}

// Uncosigned returns the checkpoints with which voters ended whose cosignatures by a quorum of them this
// replica lacks, in ascending order of size. The newest is not among them: its voters send them.
func (r *Replica) Uncosigned() []tlog.Checkpoint {
	if r.decider == nil {
		return nil
	}
	f := r.decider.finals
	f.mu.RLock()
	defer f.mu.RUnlock()
	var out []tlog.Checkpoint
	for _, p := range f.handovers {
		voters, ok := f.sets[p.Size]
		if ok && p.Size < f.point.Size && len(p.Cosignatures) < voters.Quorum() {
			out = append(out, r.checkpoint(p))
		}
	}
	return out
}

func (r *Replica) checkpoint(p FinalPoint) tlog.Checkpoint {
	return tlog.Checkpoint{Origin: tlog.Origin(r.decider.ledger), Size: p.Size, Root: p.Root}
}

// Cosignatures returns those of the voters that this replica holds of a checkpoint: of its newest final
// point, or of one with which voters ended.
func (r *Replica) Cosignatures(c tlog.Checkpoint) []tlog.Cosignature {
	if r.decider == nil {
		return nil
	}
	f := r.decider.finals
	f.mu.RLock()
	defer f.mu.RUnlock()
	p, voters, ok := f.at(c.Size)
	if !ok || r.checkpoint(p) != c {
		return nil
	}
	var out []tlog.Cosignature
	for _, s := range p.Cosignatures {
		if v, ok := voters.Find(s.Signer); ok {
			out = append(out, s.Note(v.Cosigner))
		}
	}
	return out
}

// Cosigned returns the kept final point of a size with the cosignatures of exactly a quorum of those who voted
// on it: the voters of before its last entry. The voters of the state there may be others already, and a
// quorum of those is another number. Errors: [finality.ErrQuorum] where too few have cosigned it here, or no
// such point is kept.
func (r *Replica) Cosigned(size uint64) (FinalPoint, []tlog.Cosignature, error) {
	if r.decider == nil {
		return FinalPoint{}, nil, fmt.Errorf("%w: nothing is made final here", finality.ErrQuorum)
	}
	f := r.decider.finals
	f.mu.RLock()
	p, voters, ok := f.at(size)
	f.mu.RUnlock()
	if !ok {
		return FinalPoint{}, nil, fmt.Errorf("%w: no final point of size %d is kept", finality.ErrQuorum, size)
	}
	list, err := finality.QuorumNote(r.decider.ledger, finality.Value{Size: p.Size, Root: p.Root}, voters, p.Cosignatures)
	return p, list, err
}

// AddCosignatures keeps, of what others sent, the cosignatures by the voters who ended with c, and says how
// many were new. What does not verify, or is of anybody else, counts for nothing.
func (r *Replica) AddCosignatures(c tlog.Checkpoint, list []tlog.Cosignature) (added int) {
	if r.decider == nil {
		return 0
	}
	f := r.decider.finals
	f.mu.Lock()
	defer f.mu.Unlock()
	p, voters, ok := f.at(c.Size)
	if !ok || p.Size == f.point.Size || r.checkpoint(p) != c {
		return 0
	}
	p.Cosignatures = slices.Clone(p.Cosignatures) // readers have the old ones
	for _, s := range list {
		signer, ok := voters.Cosigner(s.Name)
		if !ok {
			continue
		}
		own := finality.Cosignature{
			Height: p.Height, Value: finality.Value{Size: p.Size, Root: p.Root}, Time: s.Time, Signer: signer, Sig: s.Sig,
		}
		i, there := slices.BinarySearchFunc(p.Cosignatures, signer, func(a finality.Cosignature, id member.KeyID) int {
			return bytes.Compare(a.Signer[:], id[:])
		})
		if there || own.Verify(r.decider.ledger, voters) != nil {
			continue
		}
		p.Cosignatures = slices.Insert(p.Cosignatures, i, own)
		added++
	}
	if added > 0 {
		f.keepTurn(p) // one that cannot be written is asked for again
	}
	return added
}
