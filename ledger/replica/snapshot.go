package replica

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/wire"
)

// A snapshot is the history itself: a header frame, then every leaf in a frame of its own, genesis
// first. Whoever restores it re-executes all of it, so that a snapshot can leave out or invent
// nothing that signatures and the state machine do not allow.
type snapshotHeader struct {
	V    uint64   `cbor:"1,keyasint"`
	Size uint64   `cbor:"2,keyasint"` // leaves
	Root [32]byte `cbor:"3,keyasint"` // of the tree over them
}

const maxSnapshotHeader = 128

// snapshot implements raft.FSMSnapshot. The leaves are immutable, so taking one costs no copy.
type snapshot struct {
	header snapshotHeader
	leaves [][]byte
}

func (h *history) snapshot() *snapshot {
	h.mu.RLock()
	defer h.mu.RUnlock()
	n := len(h.leaves)
	return &snapshot{snapshotHeader{version, uint64(n), h.state.Root()}, h.leaves[:n:n]}
}

// Persist implements raft.FSMSnapshot.
func (s *snapshot) Persist(sink raft.SnapshotSink) error {
	if err := s.write(sink); err != nil {
		_ = sink.Cancel()
		return err
	}
	return sink.Close()
}

// Release implements raft.FSMSnapshot.
func (s *snapshot) Release() {}

func (s *snapshot) write(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<18)
	head, err := wire.Encode(s.header)
	if err != nil {
		return err
	}
	for _, b := range append([][]byte{head}, s.leaves...) {
		if err := wire.WriteFrame(w, b); err != nil {
			return err
		}
	}
	return w.Flush()
}

// restore re-executes a snapshot from r and puts it in the place of what was executed. It changes
// nothing if the snapshot is damaged, is of another ledger, contradicts what was executed here, or
// is not what its header says. Errors wrap [ErrCorrupt].
func (h *history) restore(r io.Reader) error {
	fresh, err := state.New(h.genesis)
	if err != nil {
		return err
	}
	h.mu.RLock()
	mine := h.leaves
	h.mu.RUnlock()
	leaves, err := execute(fresh, h.genesis.Raw(), bufio.NewReaderSize(r, 1<<18))
	if err != nil {
		return fmt.Errorf("%w: snapshot: %w", ErrCorrupt, err)
	}
	for i := range min(len(mine), len(leaves)) {
		if !bytes.Equal(mine[i], leaves[i]) {
			return fmt.Errorf("%w: the snapshot contradicts entry %d of this ledger", ErrCorrupt, i)
		}
	}
	h.replace(fresh, leaves)
	return nil
}

// execute applies the leaves of a snapshot to s, which holds the genesis alone.
func execute(s *state.State, genesis []byte, r io.Reader) ([][]byte, error) {
	head, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	var leaves [][]byte
	for i := range head.Size {
		leaf, err := wire.ReadFrame(r, maxLeaf)
		if err != nil {
			return nil, fmt.Errorf("entry %d of %d: %w", i, head.Size, err)
		}
		if i == 0 && !bytes.Equal(leaf, genesis) {
			return nil, fmt.Errorf("%w: it starts from another genesis", ErrMessage)
		}
		if i > 0 {
			if _, err := s.Apply(leaf); err != nil {
				return nil, fmt.Errorf("entry %d: %w", i, err)
			}
		}
		leaves = append(leaves, leaf)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		return nil, fmt.Errorf("%w: bytes after the last entry", ErrMessage)
	}
	if s.Root() != head.Root {
		return nil, fmt.Errorf("%w: its entries give another root than it says", ErrMessage)
	}
	return leaves, nil
}

// maxLeaf bounds a leaf, in bytes: an envelope, or the genesis, which has a card a founder.
const maxLeaf = 4 << 20

func readHeader(r io.Reader) (snapshotHeader, error) {
	var head snapshotHeader
	b, err := wire.ReadFrame(r, maxSnapshotHeader)
	if err != nil {
		return head, err
	}
	if err := wire.Decode(b, &head, maxSnapshotHeader); err != nil {
		return head, err
	}
	if head.V != version || head.Size == 0 {
		return head, fmt.Errorf("%w: snapshot version %d, %d entries", ErrMessage, head.V, head.Size)
	}
	return head, nil
}
