package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// ErrBase reports a place in raft's log that no recovery may choose.
var ErrBase = errors.New("a recovered history cannot begin there")

// Base is a recovered history and the place in raft's log at which every node begins with it. Index and
// Term are the same at all nodes, and beyond those of every survivor, so that whatever a node that was
// not recovered still holds is older.
type Base struct {
	Leaves [][]byte // genesis first, the recovery last
	Index  uint64
	Term   uint64
}

// beforeRecovery is what a folder is called after another has taken its place, before a number.
const beforeRecovery = ".before-recovery-"

// Rebase puts a recovered history in the place of what the folder of a stopped node holds, or of a folder
// that does not exist. Whether this node may follow that history is the caller's to know: see the
// recovery in specs/ledger.md. The old folder's final points go along: they are still final. The old folder
// stays beside the new one under the name that is returned, empty if there was none, until a person
// removes it.
//
// Nothing is put in place before the history has been executed in full and is on disk. A crash leaves
// the old folder, or, between the two renames at the end, none: the next call then starts from what was
// put aside. Errors: [ErrInUse] while the node runs, [ErrBase], [ErrCorrupt] for a history that does not
// execute, [ErrDisk], [ErrDiskFull].
func Rebase(dir string, g entry.SignedGenesis, b Base) (old string, err error) {
	if b.Index == 0 || b.Term == 0 || b.Index > maxTerm || b.Term > maxTerm {
		return "", fmt.Errorf("%w: index %d, term %d", ErrBase, b.Index, b.Term)
	}
	if err := notInUse(dir); err != nil {
		return "", err
	}
	h, err := newHistory(g, func([]state.Event) {})
	if err != nil {
		return "", err
	}
	if err := h.executeAll(b.Leaves); err != nil {
		return "", err
	}
	next := dir + ".recovering"
	if err := os.RemoveAll(next); err != nil {
		return "", classify(err)
	}
	if err := h.writeFolder(next, b); err != nil {
		return "", errors.Join(err, os.RemoveAll(next))
	}
	from, old, err := folders(dir)
	if err != nil {
		return "", err
	}
	if err := keepFinals(from, next); err != nil {
		return "", errors.Join(err, os.RemoveAll(next))
	}
	return swap(dir, next, old)
}

// notInUse opens the database of a folder, which no other process may have open, and closes it again.
func notInUse(dir string) error {
	if _, err := os.Stat(logPath(dir)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := openDatabase(dir, false)
	if errors.Is(err, ErrCorrupt) {
		return nil // damaged is a reason to recover
	}
	if err != nil {
		return err
	}
	return db.Close()
}

// executeAll executes leaves, genesis first, all of which must be accepted.
func (h *history) executeAll(leaves [][]byte) error {
	if len(leaves) == 0 || !slices.Equal(leaves[0], h.genesis.Raw()) {
		return fmt.Errorf("%w: the history does not begin with this ledger's genesis", ErrCorrupt)
	}
	at := 1
	for batch := range slices.Chunk(leaves[1:], batchLeaves) {
		checked := h.prefetch(batch)
		for i, raw := range batch {
			if _, err := h.applyPrefetched(raw, checked[i], 0); err != nil {
				return fmt.Errorf("%w: entry %d: %w", ErrCorrupt, at, err)
			}
			at++
		}
	}
	return nil
}

// writeFolder writes a folder that holds the executed history as a snapshot at b's place, with the
// configuration of the state that it ends in, and an empty log after it.
func (h *history) writeFolder(dir string, b Base) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return classify(err)
	}
	files, err := raft.NewFileSnapshotStoreWithLogger(dir, snapshotsKept, newRaftLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return classify(err)
	}
	var servers []server
	h.view(func(s *state.State) {
		for id, votes := range membersOf(s) {
			servers = append(servers, server{ID: id, Voter: votes})
		}
	})
	slices.SortFunc(servers, func(x, y server) int { return strings.Compare(x.ID, y.ID) })
	if err := checkServers(servers); err != nil {
		return fmt.Errorf("%w: %w", ErrBase, err)
	}
	sink, err := files.Create(raft.SnapshotVersionMax, b.Index, b.Term, fromServers(servers), b.Index, names{})
	if err != nil {
		return classify(err)
	}
	if err := h.snapshot().Persist(sink); err != nil {
		return classify(err)
	}
	return writeStable(dir, b)
}

// names is as much of a transport as a snapshot's file takes: how servers are written down.
type names struct{ raft.Transport }

func (names) EncodePeer(id raft.ServerID, _ raft.ServerAddress) []byte { return []byte(id) }

// writeStable writes raft's term, so that this node votes in no earlier one, and the line up to which
// nothing is rewritten.
func writeStable(dir string, b Base) error {
	db, err := openDatabase(dir, false)
	if err != nil {
		return err
	}
	store := &records{inner: db, halt: newHalt(slog.New(slog.DiscardHandler))}
	err = errors.Join(store.SetUint64(keyTerm, b.Term), store.Set(keyProtected, binary.BigEndian.AppendUint64(nil, b.Index)))
	return errors.Join(err, db.Close())
}

// folders returns where the old folder is, which a crash may have left under its later name already, and the
// name under which it goes if it is still in its place.
func folders(dir string) (from, old string, err error) {
	from = dir
	if _, err := os.Lstat(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", classify(err)
	} else if err != nil {
		from = ""
	}
	newest := ""
	for n := 1; n < 1000; n++ {
		old = fmt.Sprintf("%s%s%d", dir, beforeRecovery, n)
		_, err := os.Lstat(old)
		if errors.Is(err, fs.ErrNotExist) {
			if from == "" {
				from = newest
			}
			return from, old, nil
		}
		if err != nil {
			return "", "", classify(err)
		}
		newest = old
	}
	return "", "", fmt.Errorf("%w: remove the old folders %s%s*", ErrDisk, dir, beforeRecovery)
}

// keepFinals copies the final points.
func keepFinals(from, to string) error {
	if from == "" {
		return nil
	}
	files, err := os.ReadDir(finalDir(from))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return classify(err)
	}
	if err := os.MkdirAll(finalDir(to), 0o700); err != nil {
		return classify(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(finalDir(from), f.Name()))
		if err == nil {
			err = writeSynced(filepath.Join(finalDir(to), f.Name()), b)
		}
		if err != nil {
			return classify(err)
		}
	}
	return nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// swap puts next in the place of dir, which becomes old if it exists.
func swap(dir, next, old string) (string, error) {
	err := os.Rename(dir, old)
	if errors.Is(err, fs.ErrNotExist) {
		old, err = "", nil
	}
	if err == nil {
		err = os.Rename(next, dir)
	}
	if err == nil {
		err = syncDir(filepath.Dir(dir))
	}
	if err != nil {
		return old, classify(err)
	}
	return old, nil
}
