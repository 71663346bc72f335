package replica

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// Stopped is what the ledger's folder of a node that does not run holds.
type Stopped struct {
	// Leaves is the history, genesis first: what was executed, and what stands in the log beyond it and
	// would be accepted. Of the latter a majority may have known or not; whoever recovers a ledger keeps
	// it, as an election would have.
	Leaves   [][]byte
	LogIndex uint64 // of the last raft entry
	LogTerm  uint64 // of that entry
	Term     uint64 // newest that the node has taken part in
	// Final is the newest that this node knows to be final; the zero value for none. Its root is that of
	// the certificate, whether or not Leaves have it.
	Final finality.Value
}

// ReadStopped reads, checks and executes what the folder of a stopped node holds, and changes nothing.
// logKey is the id of the member's log key. Errors: [ErrInUse] while the node runs, [ErrCorrupt],
// [ErrDisk].
func ReadStopped(dir string, g entry.SignedGenesis, logKey member.KeyID) (Stopped, error) {
	if _, err := os.Stat(logPath(dir)); err != nil {
		return Stopped{}, fmt.Errorf("%w: %s holds no ledger: %w", ErrDisk, dir, err)
	}
	db, err := openDatabase(dir, false)
	if err != nil {
		return Stopped{}, err
	}
	out, err := readStopped(dir, g, logKey, &records{inner: db, halt: newHalt(slog.New(slog.DiscardHandler))})
	return out, errors.Join(err, db.Close())
}

func readStopped(dir string, g entry.SignedGenesis, logKey member.KeyID, store *records) (Stopped, error) {
	h, err := newHistory(g, func([]state.Event) {})
	if err != nil {
		return Stopped{}, err
	}
	var out Stopped
	snapshot, err := restoreNewest(dir, h)
	if err != nil {
		return out, err
	}
	out.LogIndex, out.LogTerm = snapshot.Index, snapshot.Term
	err = store.verify(snapshot.Index, func(l *raft.Log) error {
		if l.Index <= snapshot.Index {
			return nil
		}
		out.LogIndex, out.LogTerm = l.Index, l.Term
		if l.Type == raft.LogCommand {
			_, _ = h.apply(l.Data, l.Index) // what the ledger rejects has no leaf
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	out.Leaves = h.leaves
	out.Term, err = store.GetUint64(keyTerm)
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		err = nil
	}
	if err != nil {
		return out, err
	}
	out.Final, err = readFinal(dir, store, h.state.Incarnation(), logKey)
	return out, err
}

// readFinal returns the newest of what this node knows to be final: from its finals' files, and from what
// its voter remembers, which may be newer by a second.
func readFinal(dir string, store *records, incarnation uint64, logKey member.KeyID) (newest finality.Value, err error) {
	files := pointFiles{dir: finalDir(dir)}
	points, err := files.open()
	if err != nil {
		return newest, err
	}
	if p, ok := files.newest(); ok {
		points = append(points, p)
	}
	for _, p := range points {
		if p.Size > newest.Size {
			newest = finality.Value{Size: p.Size, Root: p.Root}
		}
	}
	for i := uint64(entry.FirstIncarnation); i <= incarnation; i++ {
		kept, err := optional(store.Get(keyFinality(i, logKey)))
		if err != nil {
			return newest, err
		}
		if kept == nil {
			continue
		}
		c, ok, err := finality.FinalOf(kept)
		if err != nil {
			return newest, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if ok && c.Value.Size > newest.Size {
			newest = c.Value
		}
	}
	return newest, nil
}

// keyTerm is where raft keeps its term in the stable store.
var keyTerm = []byte("CurrentTerm")

// restoreNewest executes the newest snapshot of a folder, if it has one.
func restoreNewest(dir string, h *history) (raft.SnapshotMeta, error) {
	files, err := raft.NewFileSnapshotStoreWithLogger(dir, snapshotsKept, newRaftLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return raft.SnapshotMeta{}, classify(err)
	}
	meta, err := newestSnapshot(files)
	if err != nil || meta.Index == 0 {
		return meta, err
	}
	_, r, err := files.Open(meta.ID)
	if err != nil {
		return meta, fmt.Errorf("%w: snapshot: %w", ErrCorrupt, err)
	}
	defer r.Close()
	return meta, h.restore(r)
}
