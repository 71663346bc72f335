package recovery

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/wire"
)

var (
	// ErrFile reports a file that is not what it should be: damaged, or another ledger's.
	ErrFile = errors.New("the file is damaged, or of another kind")
	// ErrOtherLedger reports files of different ledgers.
	ErrOtherLedger = errors.New("the files are of different ledgers")
	// ErrConflict reports survivors of which none holds all that another holds as final.
	ErrConflict = errors.New("no survivor's history extends everything that is final with the others")
	// ErrShorter reports a recovery that leaves out what is final here.
	ErrShorter = errors.New("the recovery leaves out what is final here")
	// ErrCosigned reports a recovery that too few members' witnesses have cosigned.
	ErrCosigned = errors.New("too few members have cosigned the recovery")
)

// Point is a final checkpoint. The zero value stands for none.
type Point struct {
	Size uint64
	Root [32]byte
}

// Survivor is what one member's stopped node holds, or the history that a recovery goes on from.
type Survivor struct {
	Member string
	Leaves [][]byte // genesis first
	Final  Point    // newest that this node knows
	// Place of the last entry in raft's log, and the newest term that the node took part in. Of a
	// recovery's history: where every node begins.
	Index, LogTerm, Term uint64
}

const (
	version   = 1
	maxHead   = 1 << 10
	maxLeaf   = 4 << 20
	maxLeaves = 1 << 24
	maxBytes  = 4 << 30
)

type head struct {
	V       uint64   `cbor:"1,keyasint"`
	Member  string   `cbor:"2,keyasint"`
	Leaves  uint64   `cbor:"3,keyasint"`
	Final   uint64   `cbor:"4,keyasint"`
	Root    [32]byte `cbor:"5,keyasint"` // at Final
	Index   uint64   `cbor:"6,keyasint"`
	LogTerm uint64   `cbor:"7,keyasint"`
	Term    uint64   `cbor:"8,keyasint"`
}

// Write writes the file: a head and every leaf, a frame each.
func (s Survivor) Write(w io.Writer) error {
	b, err := wire.Encode(head{version, s.Member, uint64(len(s.Leaves)), s.Final.Size, s.Final.Root, s.Index, s.LogTerm, s.Term})
	if err != nil {
		return err
	}
	if err := wire.WriteFrame(w, b); err != nil {
		return err
	}
	for _, leaf := range s.Leaves {
		if err := wire.WriteFrame(w, leaf); err != nil {
			return err
		}
	}
	return nil
}

// Read reads what Write wrote, to the end. The leaves have not been executed. The error is [ErrFile].
func Read(r io.Reader) (Survivor, error) {
	s, err := read(r)
	if err != nil {
		return Survivor{}, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return s, nil
}

func read(r io.Reader) (Survivor, error) {
	b, err := wire.ReadFrame(r, maxHead)
	if err != nil {
		return Survivor{}, err
	}
	var h head
	if err := wire.Decode(b, &h, maxHead); err != nil {
		return Survivor{}, err
	}
	if h.V != version || h.Leaves == 0 || h.Leaves > maxLeaves || h.Final > h.Leaves {
		return Survivor{}, fmt.Errorf("version %d, %d entries", h.V, h.Leaves)
	}
	s := Survivor{Member: h.Member, Final: Point{h.Final, h.Root}, Index: h.Index, LogTerm: h.LogTerm, Term: h.Term}
	for held := 0; uint64(len(s.Leaves)) < h.Leaves; {
		leaf, err := wire.ReadFrame(r, maxLeaf)
		if err != nil {
			return Survivor{}, err
		}
		if held += len(leaf); held > maxBytes {
			return Survivor{}, wire.ErrTooLarge
		}
		s.Leaves = append(s.Leaves, leaf)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		return Survivor{}, errors.New("bytes after the last entry")
	}
	return s, nil
}

// Genesis is the ledger's first leaf.
func (s Survivor) Genesis() (entry.SignedGenesis, error) { return entry.ParseGenesis(s.Leaves[0]) }

// rootAt is the root over the first size leaves.
func (s Survivor) rootAt(size uint64) ([32]byte, bool) {
	if size > uint64(len(s.Leaves)) {
		return [32]byte{}, false
	}
	return s.frontier(size).Root(), true
}

func (s Survivor) frontier(size uint64) tlog.Frontier {
	f := tlog.NewFrontier()
	for _, leaf := range s.Leaves[:size] {
		f.Append(tlog.LeafHash(leaf))
	}
	return f
}

// extends says whether the history holds a point.
func (s Survivor) extends(p Point) bool {
	if p.Size == 0 {
		return true
	}
	root, ok := s.rootAt(p.Size)
	return ok && root == p.Root
}

func (s Survivor) sameLedger(o Survivor) bool { return bytes.Equal(s.Leaves[0], o.Leaves[0]) }
