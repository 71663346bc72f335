package audit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// handOverFolder holds the last checkpoint of each voter set that has ended, under its size. It is no
// part of tlog-tiles, whose readers ask for files by name and never see it.
const handOverFolder = "handover"

func handOverName(size uint64) string { return handOverFolder + "/" + strconv.FormatUint(size, 10) }

// Final proves that what is exported is final. Cosignatures are by exactly a quorum of the voters of the
// source's size; HandOvers are all there are below that size, in ascending order of size.
type Final struct {
	Cosignatures []tlog.Cosignature
	HandOvers    []HandOver
}

// HandOver is the last checkpoint of a voter set: it ends with the entry that changed the voters, and
// exactly a quorum of that set cosigned it. So whoever trusts the founders can follow who votes.
type HandOver struct {
	Size         uint64
	Root         [32]byte
	Cosignatures []tlog.Cosignature
}

// voterSet is who cosigns a checkpoint.
type voterSet struct {
	quorum int
	keys   []tlog.Key
	names  []string // of the members, beside their keys
}

func votersOf(s *state.State) voterSet {
	v := voterSet{quorum: s.FinalityVoters().Quorum()}
	for _, m := range s.Members() {
		if m.Voter {
			v.keys = append(v.keys, tlog.CosignerKey(m.Keys.Cosigner))
			v.names = append(v.names, m.Name)
		}
	}
	return v
}

// verify wants cosignatures of exactly a quorum, one more or less changes the file, and nothing about
// who could be left out is for whoever holds it to choose. It names the cosigners.
func (v voterSet) verify(c tlog.CosignedCheckpoint) ([]string, error) {
	at, err := c.VerifyCosignatures(v.keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCosignature, err)
	}
	if len(at) != v.quorum {
		return nil, fmt.Errorf("%w: %d, and a quorum is %d", ErrCosignature, len(at), v.quorum)
	}
	names := make([]string, 0, len(at))
	for _, i := range at {
		names = append(names, v.names[i])
	}
	return names, nil
}

// ending is a size at which a voter set ends.
type ending struct {
	last   tlog.Checkpoint // of the voters
	voters voterSet
	closed bool // the hand-over stands on the ledger
	lost   bool // a recovery came before: its checkpoint may or may not have been cosigned
}

// replayed is the state that the leaves lead to, and who votes on the way there.
type replayed struct {
	s       *state.State
	next    voterSet // votes on larger sizes
	voters  voterSet // voted on this size
	endings []ending
	sets    []finality.Voters // all that ever voted, in their order
}

func newReplayed(s *state.State) *replayed {
	v := votersOf(s)
	return &replayed{s: s, next: v, voters: v, sets: []finality.Voters{s.FinalityVoters()}}
}

// apply executes a leaf. The voters of a size are those before its last entry, so that the set which a
// change ends signs the change.
func (r *replayed) apply(leaf []byte) error {
	out, err := r.s.Apply(leaf)
	if err != nil {
		return err
	}
	r.voters = r.next
	brings := func(kind state.EventKind) bool {
		return slices.ContainsFunc(out.Events, func(e state.Event) bool { return e.Kind == kind })
	}
	if brings(state.HandedOver) && len(r.endings) > 0 { // and may let the next change happen at once
		r.endings[len(r.endings)-1].closed = true
	}
	switch {
	case out.Kind == entry.KindRecovery:
		r.recover()
	case brings(state.VotersChanged):
		r.next, r.sets = votersOf(r.s), append(r.sets, r.s.FinalityVoters())
		last := tlog.Checkpoint{Origin: tlog.Origin(r.s.LedgerID()), Size: r.s.Size(), Root: r.s.Root()}
		r.endings = append(r.endings, ending{last: last, voters: r.voters})
	}
	return nil
}

// recover lets the new voters sign the recovery itself: the old set has lost its quorum for good. The
// seats' signatures in the entry stand in its place.
func (r *replayed) recover() {
	if n := len(r.endings); n > 0 && !r.endings[n-1].closed {
		r.endings[n-1].lost = true
	}
	r.next, r.sets = votersOf(r.s), append(r.sets, r.s.FinalityVoters())
	r.voters = r.next
}

// handOvers checks the files of the hand-overs below the checkpoint, and that there are no others: all
// of them beside a checkpoint that is cosigned, none beside one that is not.
func (r *replayed) handOvers(f *files, c tlog.CosignedCheckpoint) error {
	left := map[string]bool{}
	for name := range f.seen {
		if strings.HasPrefix(name, handOverFolder+"/") && name != handOverFolder+"/" {
			left[name] = true
		}
	}
	logKey, err := logKeyOf(r.s, c)
	if err != nil {
		return err
	}
	for _, e := range r.endings {
		name := handOverName(e.last.Size)
		if len(c.Cosignatures) == 0 || e.last.Size >= c.Size || e.lost && !f.seen[name] {
			continue
		}
		if err := f.handOver(e, logKey); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		delete(left, name)
	}
	if extra := slices.Sorted(maps.Keys(left)); len(extra) > 0 {
		return fmt.Errorf("%w: %q does not belong to it", ErrLayout, extra[0])
	}
	if f.seen[handOverFolder+"/"] && !slices.ContainsFunc(r.endings, func(e ending) bool { return f.seen[handOverName(e.last.Size)] }) {
		return fmt.Errorf("%w: %q does not belong to it", ErrLayout, handOverFolder)
	}
	return nil
}

// logKeyOf is the log key that signed the checkpoint, the first one where there are several.
func logKeyOf(s *state.State, c tlog.CosignedCheckpoint) (member.PublicKey, error) {
	keys := logKeys(s)
	at, err := c.Verify(keys)
	if err != nil {
		return member.PublicKey{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return keys[at[0]], nil
}

// handOver checks one file. Its log signature is by whoever signed the checkpoint, so that standard tools
// open both with one key.
func (f *files) handOver(e ending, logKey member.PublicKey) error {
	c, err := f.cosigned(handOverName(e.last.Size))
	if err != nil {
		return err
	}
	if c.Checkpoint != e.last {
		return fmt.Errorf("%w: it is not the one at this size", ErrCheckpoint)
	}
	if _, err := c.Verify([]member.PublicKey{logKey}); err != nil {
		return fmt.Errorf("%w: its log key is not the checkpoint's", ErrSignature)
	}
	_, err = e.voters.verify(c)
	return err
}
