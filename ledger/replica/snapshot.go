package replica

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"

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
	if guarded, ok := sink.(*guardedSink); ok {
		guarded.own, guarded.result.header = true, s.header
	}
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

// restore executes a snapshot from r and puts it in the place of what was executed. It changes nothing
// if the snapshot is damaged, is of another ledger, cuts or contradicts what was executed here, or is
// not what its header says. Errors wrap [ErrCorrupt].
func (h *history) restore(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<18)
	e, err := h.expected(in)
	if err == nil && !h.unguarded {
		err = h.extends(e.leaves)
	}
	if err != nil {
		return fmt.Errorf("%w: snapshot: %w", ErrCorrupt, err)
	}
	h.replace(e, 0) // its place is noted when raft has started, or not at all
	return nil
}

// rehearse executes a snapshot beside what was executed here.
func (h *history) rehearse(r io.Reader) (execution, error) {
	in := bufio.NewReaderSize(r, 1<<18)
	head, err := readHeader(in)
	if err != nil {
		return execution{}, err
	}
	return h.execute(head, in)
}

// expect keeps what a snapshot that has just been written to disk gave, for the restore that follows.
func (h *history) expect(e execution) { h.rehearsed.Store(&e) }

// expected is what the snapshot in r gives: from memory, if it is the one that has just been executed.
// The same size and root mean the same leaves.
func (h *history) expected(r io.Reader) (execution, error) {
	head, err := readHeader(r)
	if err != nil {
		return execution{}, err
	}
	if e := h.rehearsed.Swap(nil); e != nil && e.header == head {
		return *e, nil
	}
	return h.execute(head, r)
}

func (h *history) execute(head snapshotHeader, r io.Reader) (execution, error) {
	fresh, err := state.New(h.genesis)
	if err != nil {
		return execution{}, err
	}
	e := execution{header: head, state: fresh}
	return e, e.run(h.genesis.Raw(), r)
}

// continues is extends for a peer's snapshot to a raft index. What it lacks is no offence where this history
// was fetched from somebody who had it at a later index: the ledger was shorter when the snapshot was taken.
func (h *history) continues(leaves [][]byte, index uint64) error {
	h.mu.RLock()
	mine, fetched := h.leaves, h.fetched
	h.mu.RUnlock()
	n := min(len(leaves), len(mine))
	if n < len(mine) && index < fetched && slices.EqualFunc(leaves[:n], mine[:n], bytes.Equal) {
		return fmt.Errorf("%w: it has %d entries, and %d were fetched", errBehind, n, len(mine))
	}
	if err := h.extends(leaves); err != nil {
		return fmt.Errorf("%w: %w", errSnapshot, err)
	}
	return nil
}

// extends says whether leaves continue what was executed here.
func (h *history) extends(leaves [][]byte) error {
	h.mu.RLock()
	mine := h.leaves
	h.mu.RUnlock()
	if len(leaves) < len(mine) {
		return fmt.Errorf("it has %d entries, this ledger has %d", len(leaves), len(mine))
	}
	for i := range mine {
		if !bytes.Equal(mine[i], leaves[i]) {
			return fmt.Errorf("it contradicts entry %d of this ledger", i)
		}
	}
	return nil
}

// run executes the leaves of a snapshot. e's state holds the genesis alone.
func (e *execution) run(genesis []byte, r io.Reader) error {
	size := e.header.Size
	for i := uint64(0); i < size; {
		batch, err := readLeaves(r, i, size)
		if err != nil {
			return err
		}
		e.leaves = append(e.leaves, batch...)
		if i == 0 {
			if !bytes.Equal(batch[0], genesis) {
				return fmt.Errorf("%w: it starts from another genesis", ErrMessage)
			}
			batch, i = batch[1:], 1
		}
		if err := e.take(e.state.Prefetch(batch)); err != nil {
			return err
		}
		i += uint64(len(batch))
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("%w: bytes after the last entry", ErrMessage)
	}
	if e.state.Root() != e.header.Root {
		return fmt.Errorf("%w: its entries give another root than it says", ErrMessage)
	}
	return nil
}

// take executes entries, each of which must be accepted.
func (e *execution) take(batch []state.Prefetched) error {
	for _, p := range batch {
		out, err := e.state.ApplyPrefetched(p)
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.state.Size(), err)
		}
		e.marks.note(out)
	}
	return nil
}

// Leaves of a snapshot are executed in batches, whose signatures are checked on all cores: at most so
// many leaves, and so many bytes and one leaf more.
const (
	batchLeaves = 1024
	batchBytes  = 4 << 20
)

// readLeaves reads leaves from, from+1, … of a snapshot of size leaves: at least one.
func readLeaves(r io.Reader, from, size uint64) (batch [][]byte, err error) {
	held := 0
	for i := from; i < size && len(batch) < batchLeaves && held < batchBytes; i++ {
		leaf, err := wire.ReadFrame(r, maxLeaf)
		if err != nil {
			return nil, fmt.Errorf("entry %d of %d: %w", i, size, err)
		}
		batch, held = append(batch, leaf), held+len(leaf)
	}
	return batch, nil
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
