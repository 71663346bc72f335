package replica

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"github.com/crosslight/crosslight/protocol/wire"
)

// A snapshot proves itself by being executed, but not that it is the one that belongs to its raft index:
// one with fewer entries at the same index is a ledger too, an older one, on which no later entry fits
// any more. So what each snapshot holds is written down, beside the log and under its checksums, before
// the snapshot is there; one that holds something else, such as a file out of an old backup, is refused.

// snapshotRecord says what the snapshot that ends at a raft index holds.
type snapshotRecord struct {
	Index  uint64         `cbor:"1,keyasint"`
	Header snapshotHeader `cbor:"2,keyasint"`
}

var keySnapshots = []byte("CrosslightSnapshots")

// Records outlive their snapshots a little: those that are being written or may yet be fetched.
const (
	recordsKept       = 2 * snapshotsKept
	maxSnapshotRecord = 1 << 10
)

// remember writes down what a snapshot that is about to be there holds.
func (g *snapGuard) remember(index uint64, head snapshotHeader) error {
	list, err := g.remembered()
	if err != nil {
		return err
	}
	list = append(list, snapshotRecord{index, head})
	b, err := wire.Encode(list[max(0, len(list)-recordsKept):])
	if err != nil {
		return err
	}
	return g.log.Set(keySnapshots, b)
}

func (g *snapGuard) remembered() (list []snapshotRecord, err error) {
	b, err := g.log.Get(keySnapshots)
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return nil, nil
	}
	if err == nil {
		err = wire.Decode(b, &list, maxSnapshotRecord)
	}
	return list, err
}

// Open implements raft.SnapshotStore: a snapshot that is not the one that was written down is damaged.
// Without a record there is nothing to compare with: the folder is of a version that kept none.
func (g *snapGuard) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	meta, from, err := g.SnapshotStore.Open(id)
	if err != nil || g.off {
		return meta, from, err
	}
	in := &peekedSnapshot{bufio.NewReaderSize(from, 4<<10), from}
	if err := g.compare(meta.Index, in.Reader); err != nil {
		return nil, nil, errors.Join(err, from.Close())
	}
	return meta, in, nil
}

// compare looks at the head of a snapshot without taking it out of the reader.
func (g *snapGuard) compare(index uint64, in *bufio.Reader) error {
	list, err := g.remembered()
	if err != nil {
		return err
	}
	start, _ := in.Peek(4 + maxSnapshotHeader) // a short one fails below
	head, err := readHeader(bytes.NewReader(start))
	if err != nil {
		return fmt.Errorf("%w: snapshot: %w", ErrCorrupt, err)
	}
	for i := len(list) - 1; i >= 0; i-- { // the newest that was written for the index
		if list[i].Index == index && list[i].Header != head {
			return fmt.Errorf("%w: the snapshot to raft index %d holds another ledger than was written there", ErrCorrupt, index)
		} else if list[i].Index == index {
			return nil
		}
	}
	return nil
}

// peekedSnapshot is an open snapshot whose first bytes have been looked at.
type peekedSnapshot struct {
	*bufio.Reader
	file io.Closer
}

// Close implements io.Closer.
func (s *peekedSnapshot) Close() error { return s.file.Close() }
