package replica

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// backend is what lies under the records: raft-boltdb, or in tests one that fails.
type backend interface {
	raft.LogStore
	raft.StableStore
}

// records is raft's log and its stable store with a checksum on each record: raft-boltdb returns a
// flipped byte silently. The checksum guards against a failing disk, not against whoever can write
// to it; what an entry says is signed and re-verified at every start.
//
//	log record, in the inner record's Data:  kind 1 | time 8 | data | sum 8
//	stable record:                           value | sum 8
//
// sum is the first 8 bytes of SHA-256 over a label, the record's place (index and term, or key) and
// all that stands before it, so that a record cannot stand in for another either.
type records struct {
	inner backend
	halt  *halt
}

const (
	sumSize    = 8
	recordHead = 9
)

var errRecord = fmt.Errorf("%w: a record does not match its checksum", ErrCorrupt)

func sum(place, content []byte) []byte {
	h := sha256.New()
	h.Write([]byte("crosslight/replica-record/v1\x00"))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(place))))
	h.Write(place)
	h.Write(content)
	return h.Sum(nil)[:sumSize]
}

func logPlace(index, term uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, index), term)
}

// seal makes the record of a log entry.
func seal(l *raft.Log) *raft.Log {
	at := int64(0)
	if !l.AppendedAt.IsZero() {
		at = l.AppendedAt.UnixNano()
	}
	body := make([]byte, 0, recordHead+len(l.Data)+sumSize)
	body = append(body, byte(l.Type))
	body = binary.BigEndian.AppendUint64(body, uint64(at))
	body = append(body, l.Data...)
	body = append(body, sum(logPlace(l.Index, l.Term), body)...)
	return &raft.Log{Index: l.Index, Term: l.Term, Data: body}
}

// unseal checks a record read at index and returns the entry.
func unseal(index uint64, r *raft.Log) (raft.Log, error) {
	n := len(r.Data) - sumSize
	if n < recordHead || r.Index != index || r.Type != 0 || len(r.Extensions) != 0 || !r.AppendedAt.IsZero() {
		return raft.Log{}, errRecord
	}
	if !bytes.Equal(sum(logPlace(index, r.Term), r.Data[:n]), r.Data[n:]) {
		return raft.Log{}, errRecord
	}
	out := raft.Log{Index: index, Term: r.Term, Type: raft.LogType(r.Data[0]), Data: r.Data[recordHead:n]}
	if at := int64(binary.BigEndian.Uint64(r.Data[1:recordHead])); at != 0 {
		out.AppendedAt = time.Unix(0, at)
	}
	return out, nil
}

// guarded runs one call of the inner store. bbolt panics on a damaged page, and its mapped memory faults
// where the file has been cut short, which ends a process unless it asks for a panic: both are errors
// here.
func (s *records) guarded(call func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%w: the database is not readable", ErrCorrupt)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return call()
}

// run is guarded for calls in which any error is fatal.
func (s *records) run(call func() error) error {
	if err := s.guarded(call); err != nil {
		return s.halt.fail(err)
	}
	return nil
}

// FirstIndex implements raft.LogStore.
func (s *records) FirstIndex() (i uint64, err error) {
	err = s.run(func() (err error) { i, err = s.inner.FirstIndex(); return err })
	return i, err
}

// LastIndex implements raft.LogStore.
func (s *records) LastIndex() (i uint64, err error) {
	err = s.run(func() (err error) { i, err = s.inner.LastIndex(); return err })
	return i, err
}

// GetLog implements raft.LogStore. A missing entry is raft.ErrLogNotFound; a damaged one is fatal.
func (s *records) GetLog(index uint64, out *raft.Log) error {
	err := s.read(index, out)
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		return s.halt.fail(err)
	}
	return err
}

// read is GetLog for goroutines that are not raft's: nothing is fatal.
func (s *records) read(index uint64, out *raft.Log) error {
	var r raft.Log
	err := s.guarded(func() error { return s.inner.GetLog(index, &r) })
	if err == nil {
		*out, err = unseal(index, &r)
	}
	return err
}

// StoreLog implements raft.LogStore.
func (s *records) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore. It is the one way into the log.
func (s *records) StoreLogs(logs []*raft.Log) error {
	sealed := make([]*raft.Log, len(logs))
	for i, l := range logs {
		sealed[i] = seal(l)
	}
	return s.run(func() error { return s.inner.StoreLogs(sealed) })
}

// DeleteRange implements raft.LogStore. It is the one way out of the log.
func (s *records) DeleteRange(low, high uint64) error {
	return s.run(func() error { return s.inner.DeleteRange(low, high) })
}

// Set implements raft.StableStore.
func (s *records) Set(key, value []byte) error {
	sealed := append(bytes.Clone(value), sum(key, value)...)
	return s.run(func() error { return s.inner.Set(key, sealed) })
}

// Get implements raft.StableStore. A missing key is the inner store's "not found".
func (s *records) Get(key []byte) ([]byte, error) {
	var sealed []byte
	err := s.guarded(func() (err error) { sealed, err = s.inner.Get(key); return err })
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return nil, err
	}
	n := len(sealed) - sumSize
	if err == nil && (n < 0 || !bytes.Equal(sum(key, sealed[:n]), sealed[n:])) {
		err = errRecord
	}
	if err != nil {
		return nil, s.halt.fail(err)
	}
	return sealed[:n], nil
}

// SetUint64 implements raft.StableStore.
func (s *records) SetUint64(key []byte, value uint64) error {
	return s.Set(key, binary.BigEndian.AppendUint64(nil, value))
}

// GetUint64 implements raft.StableStore.
func (s *records) GetUint64(key []byte) (uint64, error) {
	b, err := s.Get(key)
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, s.halt.fail(errRecord)
	}
	return binary.BigEndian.Uint64(b), nil
}

// IsMonotonic implements raft.MonotonicLogStore: the log has no gap, so after a snapshot from a peer
// raft empties it.
func (s *records) IsMonotonic() bool { return true }

// verify reads every record once, before raft relies on any, and shows each to see: no damage, and no
// gap after the entry that the newest snapshot ends with. Before it, a crash between the arrival of a
// snapshot and the emptying of the log leaves one.
func (s *records) verify(snapshot uint64, see func(*raft.Log) error) error {
	first, err := s.FirstIndex()
	if err != nil {
		return err
	}
	last, err := s.LastIndex()
	if err != nil || last == 0 {
		return err
	}
	for i := first; i <= last; i++ {
		var l raft.Log
		err := s.GetLog(i, &l)
		if errors.Is(err, raft.ErrLogNotFound) && i <= snapshot {
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: raft log entry %d of %d to %d: %w", ErrCorrupt, i, first, last, err)
		}
		if err := see(&l); err != nil {
			return err
		}
	}
	if first > snapshot+1 {
		return fmt.Errorf("%w: raft log begins at %d and the snapshot ends at %d", ErrCorrupt, first, snapshot)
	}
	return nil
}
