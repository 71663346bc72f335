package recovery

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxFile is the longest recovery file in bytes.
const MaxFile = 256 << 10

// File is a recovery under way: the draft with the seats' signatures, the members' cosignatures of the
// tree that it goes on from, and in the end the entry.
type File struct {
	Draft        entry.RecoveryDraft
	Cosignatures []Cosignature // ascending by key, each key once
	Entry        entry.Raw     // nil until a seat has entered the draft
}

// Cosignature is one member's, by its cosigner key, of the tree that the recovery goes on from.
type Cosignature struct {
	Key  member.PublicKey `cbor:"1,keyasint"`
	Time uint64           `cbor:"2,keyasint"` // Unix seconds
	Sig  [64]byte         `cbor:"3,keyasint"`
}

type fileWire struct {
	V            uint64        `cbor:"1,keyasint"`
	Draft        []byte        `cbor:"2,keyasint"`
	Cosignatures []Cosignature `cbor:"3,keyasint"`
	Entry        []byte        `cbor:"4,keyasint,omitempty"`
}

// Bytes is the file.
func (f File) Bytes() ([]byte, error) {
	draft, err := f.Draft.Bytes()
	if err != nil {
		return nil, err
	}
	return wire.Encode(fileWire{version, draft, append([]Cosignature{}, f.Cosignatures...), f.Entry})
}

// Parse reads a file and checks every signature that it carries. The error is [ErrFile].
func Parse(b []byte) (File, error) {
	f, err := parse(b)
	if err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return f, nil
}

func parse(b []byte) (File, error) {
	var w fileWire
	if err := wire.Decode(b, &w, MaxFile); err != nil {
		return File{}, err
	}
	if w.V != version {
		return File{}, fmt.Errorf("version %d", w.V)
	}
	draft, err := entry.ParseRecoveryDraft(w.Draft)
	if err != nil {
		return File{}, err
	}
	f := File{Draft: draft, Cosignatures: w.Cosignatures, Entry: w.Entry}
	for i, c := range f.Cosignatures {
		if i > 0 && bytes.Compare(f.Cosignatures[i-1].Key[:], c.Key[:]) >= 0 {
			return File{}, fmt.Errorf("cosignatures are not in ascending order of key")
		}
		if err := f.verify(c); err != nil {
			return File{}, err
		}
	}
	if len(w.Entry) > 0 {
		e, err := entry.Parse(w.Entry)
		if err != nil {
			return File{}, err
		}
		body, ok := e.Body().(entry.Recovery)
		if !ok || !bytes.Equal(body.Statement, draft.Body().Statement) {
			return File{}, fmt.Errorf("its entry is not of this recovery")
		}
	}
	return f, nil
}

// checkpoint is the tree that the recovery goes on from, as C2SP has it.
func (f File) checkpoint() (tlog.Checkpoint, error) {
	st := f.Draft.Statement()
	size, root, err := st.Tip()
	return tlog.Checkpoint{Origin: tlog.Origin(st.LedgerID), Size: size, Root: root}, err
}

func (f File) verify(c Cosignature) error {
	at, err := f.checkpoint()
	if err != nil {
		return err
	}
	key := tlog.CosignerKey(c.Key)
	return tlog.Cosignature{Name: key.Name, ID: key.ID(), Time: c.Time, Sig: c.Sig}.Verify(at, key)
}

// Sign adds a seat's signature. The caller sees to it that a seat signs one recovery an incarnation.
func (f File) Sign(seat ed25519.PrivateKey) File {
	f.Draft, f.Entry = f.Draft.Sign(seat), nil
	return f
}

// Cosign adds a member's cosignature, made at a time in Unix seconds. watermark is what its node, or its
// witness, holds as final: a history without it is not cosigned. The error is [ErrShorter].
func (f File) Cosign(key ed25519.PrivateKey, history Survivor, watermark Point, time uint64) (File, error) {
	if err := f.Extends(history, watermark); err != nil {
		return f, err
	}
	at, err := f.checkpoint()
	if err != nil {
		return f, err
	}
	c, err := tlog.Cosign(at, key, time)
	if err != nil {
		return f, err
	}
	return f.with(Cosignature{member.PublicOf(key), c.Time, c.Sig}), nil
}

func (f File) with(more ...Cosignature) File {
	all := append(slices.Clone(f.Cosignatures), more...)
	slices.SortStableFunc(all, func(a, b Cosignature) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	f.Cosignatures = slices.CompactFunc(all, func(a, b Cosignature) bool { return a.Key == b.Key })
	return f
}

// Merge puts the signatures of files of one recovery together. The error is [entry.ErrOtherRecovery].
func Merge(first File, others ...File) (File, error) {
	for _, o := range others {
		draft, err := entry.MergeRecoveries(first.Draft, o.Draft)
		if err != nil {
			return File{}, err
		}
		first.Draft = draft
		first = first.with(o.Cosignatures...)
		if first.Entry == nil {
			first.Entry = o.Entry
		}
	}
	return first, nil
}

// Extends says whether the history is the one that is recovered, and holds a node's own final. The errors
// are [ErrFile] and [ErrShorter].
func (f File) Extends(history Survivor, final Point) error {
	at, err := f.checkpoint()
	if err != nil {
		return err
	}
	root, ok := history.rootAt(at.Size)
	if !ok || uint64(len(history.Leaves)) != at.Size || root != at.Root {
		return fmt.Errorf("%w: the history is not the one that this recovery goes on from", ErrFile)
	}
	if !history.extends(final) {
		return fmt.Errorf("%w: %d entries are, and it goes on from %d that do not hold them", ErrShorter, final.Size, at.Size)
	}
	return nil
}

// Missing lists the members whose cosignatures are missing, and how many more it takes for a majority of
// all members. st is the state that the history leads to.
func (f File) Missing(st *state.State) (members []string, more int) {
	all := st.Members()
	for _, m := range all {
		if !slices.ContainsFunc(f.Cosignatures, func(c Cosignature) bool { return c.Key == m.Keys.Cosigner }) {
			members = append(members, m.Name)
		}
	}
	have := len(all) - len(members)
	return members, max(0, len(all)/2+1-have)
}

// Check says whether nodes may follow the recovery: enough seats, enough members, and an entry that the
// ledger accepts over the history. It returns the leaf that it adds. final is the node's own. Errors: the
// ledger's rejections, [ErrCosigned], [ErrShorter], [ErrFile].
func (f File) Check(history Survivor, final Point) (leaves [][]byte, err error) {
	if err := f.Extends(history, final); err != nil {
		return nil, err
	}
	st, err := history.Execute()
	if err != nil {
		return nil, err
	}
	if err := st.CheckRecovery(f.Draft.Body()); err != nil {
		return nil, err
	}
	if missing, more := f.Missing(st); more > 0 {
		return nil, fmt.Errorf("%w: %d more of %v", ErrCosigned, more, missing)
	}
	if f.Entry == nil {
		return nil, fmt.Errorf("%w: no seat has entered it yet", ErrFile)
	}
	if _, err := st.Apply(f.Entry); err != nil {
		return nil, err
	}
	return append(slices.Clone(history.Leaves), f.Entry), nil
}
