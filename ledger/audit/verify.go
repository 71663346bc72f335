package audit

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// Options narrow what Verify accepts.
type Options struct {
	LedgerID *[32]byte // the ledger that it must be; nil for any
	Final    bool      // a quorum of voters must have cosigned it
	Proofs   bool      // keep the tree's hashes, 64 bytes an entry, for [Report.Prove]
}

// Verify checks the export in the folder dir in full and says what it holds. Errors are those of this
// package, or of reading files.
func Verify(dir string, o Options) (Report, error) {
	files, err := openFiles(dir)
	if err != nil {
		return Report{}, err
	}
	defer files.close()
	c, err := files.checkpoint()
	if err != nil {
		return Report{}, err
	}
	if err := files.matchLayout(c.Size); err != nil {
		return Report{}, err
	}
	var tree *tlog.Tree
	if o.Proofs {
		tree = &tlog.Tree{}
	}
	if err := files.matchTiles(c, tree); err != nil {
		return Report{}, err
	}
	r, err := files.replay(c.Size)
	if err != nil {
		return Report{}, err
	}
	out, err := report(r, c, o)
	if err != nil {
		return Report{}, err
	}
	out.tree = tree
	return out, r.handOvers(files, c)
}

// matchTiles compares every tile with what follows from the leaves, and the root with the checkpoint. It
// comes first: it is cheap, and tells damage from forgery.
func (f *files) matchTiles(c tlog.CosignedCheckpoint, whole *tlog.Tree) error {
	tree := tlog.NewFrontier()
	tiler := tlog.Tiler{Emit: f.compare}
	err := f.eachLeaf(c.Size, func(_ uint64, leaf []byte) error {
		h := tlog.LeafHash(leaf)
		tree.Append(h)
		if whole != nil {
			whole.Append(h)
		}
		return tiler.Add(leaf)
	})
	if err != nil {
		return err
	}
	if err := tiler.Finish(); err != nil {
		return err
	}
	if tree.Root() != c.Root {
		return fmt.Errorf("%w: its root is not that of the entries", ErrCheckpoint)
	}
	return nil
}

// replay executes all leaves. Its state has its own root, so files that change between the two readings
// do not pass.
func (f *files) replay(size uint64) (*replayed, error) {
	var r *replayed
	err := f.eachLeaf(size, func(index uint64, leaf []byte) (err error) {
		if r == nil {
			r, err = begin(leaf)
		} else {
			err = r.apply(leaf)
		}
		if err != nil {
			return fmt.Errorf("%w: index %d: %w", ErrEntry, index, err)
		}
		return nil
	})
	return r, err
}

func (f *files) eachLeaf(size uint64, do func(index uint64, leaf []byte) error) error {
	index := uint64(0)
	for tile := (tlog.Tile{Entries: true}); index < size; tile.Index++ {
		tile.Width = int(min(tlog.TileWidth, size-index))
		leaves, err := f.bundle(tile)
		if err != nil {
			return err
		}
		for _, leaf := range leaves {
			if err := do(index, leaf); err != nil {
				return err
			}
			index++
		}
	}
	return nil
}

func begin(leaf []byte) (*replayed, error) {
	g, err := entry.ParseGenesis(leaf)
	if err != nil {
		return nil, err
	}
	s, err := state.New(g)
	if err != nil {
		return nil, err
	}
	return newReplayed(s), nil
}

func report(r *replayed, c tlog.CosignedCheckpoint, o Options) (Report, error) {
	s := r.s
	if c.Origin != tlog.Origin(s.LedgerID()) {
		return Report{}, fmt.Errorf("%w: it names another ledger than its entries", ErrCheckpoint)
	}
	if c.Size != s.Size() || c.Root != tlog.Hash(s.Root()) {
		return Report{}, fmt.Errorf("%w: its root is not that of the entries", ErrCheckpoint)
	}
	if id := s.LedgerID(); o.LedgerID != nil && *o.LedgerID != id {
		return Report{}, fmt.Errorf("%w: %x", ErrPinned, id)
	}
	signers, err := signersOf(s, c.SignedCheckpoint)
	if err != nil {
		return Report{}, err
	}
	out := Report{
		LedgerID: s.LedgerID(), Size: s.Size(), Root: s.Root(), StateHash: s.Hash(),
		CreatedAt: s.CreatedAt(), Signers: signers, Trial: s.Trial(), Policy: s.Policy().Version,
		Members: s.Members(), Proposals: s.Proposals(), Checkpoint: c, state: s, voters: r.next, sets: r.sets,
	}
	return out, out.finality(r, c, o.Final)
}

// finality says whether the export is final. One that claims it must prove it: cosignatures that are
// there hold, all of them, and beside them stands one signature of one log key.
func (r *Report) finality(at *replayed, c tlog.CosignedCheckpoint, wanted bool) error {
	if len(c.Cosignatures) == 0 {
		if wanted {
			return ErrNotFinal
		}
		return nil
	}
	if len(c.Signatures) != 1 {
		return fmt.Errorf("%w: a final one bears one", ErrSignature)
	}
	names, err := at.voters.verify(c)
	if err != nil {
		return err
	}
	r.Final, r.Cosigners, r.CosignedAt = true, names, c.Cosignatures[0].Time
	for _, s := range c.Cosignatures {
		r.CosignedAt = min(r.CosignedAt, s.Time)
	}
	return nil
}

// signersOf names the members, suspended ones included, whose log keys signed.
func signersOf(s *state.State, c tlog.SignedCheckpoint) ([]string, error) {
	members := s.Members()
	at, err := c.Verify(logKeys(s))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	names := make([]string, 0, len(at))
	for _, i := range at {
		names = append(names, members[i].Name)
	}
	return names, nil
}

// logKeys are the members' log keys, in the order of [state.State.Members].
func logKeys(s *state.State) []member.PublicKey {
	var keys []member.PublicKey
	for _, m := range s.Members() {
		keys = append(keys, m.Keys.Log)
	}
	return keys
}

// compare wants the file of a tile to hold exactly data.
func (f *files) compare(t tlog.Tile, data []byte) error {
	got, err := f.read(t.Path(), len(data))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("%w: %s", ErrTile, t.Path())
	}
	return nil
}

func (f *files) bundle(t tlog.Tile) ([][]byte, error) {
	data, err := f.read(t.Path(), maxFile)
	if err != nil {
		return nil, err
	}
	leaves, err := tlog.Bundle(data, t.Width)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrTile, t.Path(), err)
	}
	return leaves, nil
}

func (f *files) checkpoint() (tlog.CosignedCheckpoint, error) { return f.cosigned(checkpointName) }

func (f *files) cosigned(name string) (tlog.CosignedCheckpoint, error) {
	data, err := f.read(name, tlog.MaxCheckpoint)
	if err != nil {
		return tlog.CosignedCheckpoint{}, err
	}
	c, err := tlog.ParseCosignedCheckpoint(data)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if c.Size == 0 {
		return c, errors.Join(ErrCheckpoint, errors.New("a ledger has at least its genesis"))
	}
	return c, nil
}
