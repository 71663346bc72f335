package replica

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
)

func newRecords(t *testing.T) (*records, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raft.db")
	db, err := raftboltdb.New(raftboltdb.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &records{inner: db, halt: newHalt(slog.New(slog.DiscardHandler))}, path
}

func someLogs() []*raft.Log {
	return []*raft.Log{
		{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: []byte("configuration")},
		{Index: 2, Term: 2, Type: raft.LogNoop},
		{Index: 3, Term: 2, Type: raft.LogCommand, Data: []byte("an entry of the ledger"), AppendedAt: time.Unix(1_700_000_000, 7)},
	}
}

func TestRecordsComeBack(t *testing.T) {
	s, _ := newRecords(t)
	if err := s.StoreLogs(someLogs()); err != nil {
		t.Fatal(err)
	}
	for _, want := range someLogs() {
		var got raft.Log
		if err := s.GetLog(want.Index, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Data) == 0 {
			got.Data = nil
		}
		if !reflect.DeepEqual(&got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	var missing raft.Log
	if err := s.GetLog(4, &missing); !errors.Is(err, raft.ErrLogNotFound) {
		t.Errorf("a missing entry: %v", err)
	}
	if err := s.SetUint64([]byte("CurrentTerm"), 7); err != nil {
		t.Fatal(err)
	}
	if v, err := s.GetUint64([]byte("CurrentTerm")); v != 7 || err != nil {
		t.Errorf("stable value %d, %v", v, err)
	}
	if _, err := s.GetUint64([]byte("other")); err == nil || err.Error() != "not found" {
		t.Errorf("a missing key: %v; raft compares the text", err)
	}
	if err := s.verify(0, unseen); err != nil {
		t.Error(err)
	}
}

// Every byte of every value in the database, flipped one at a time, is either found out or, where
// msgpack names a field that is not used, changes nothing that is read.
func TestEveryFlippedByteIsFoundOut(t *testing.T) {
	s, path := newRecords(t)
	if err := errors.Join(s.StoreLogs(someLogs()), s.SetUint64([]byte("CurrentTerm"), 7), s.Set([]byte("LastVoteCand"), []byte("peer"))); err != nil {
		t.Fatal(err)
	}
	if err := s.inner.(*raftboltdb.BoltStore).Close(); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, bucket := range []string{"logs", "conf"} {
		for key, value := range values(t, path, bucket) {
			for i := range value {
				flipped := bytes.Clone(value)
				flipped[i] ^= 0x20
				put(t, path, bucket, key, flipped)
				if damaged(t, path) {
					found++
				}
			}
			put(t, path, bucket, key, value)
		}
	}
	if damaged(t, path) {
		t.Error("the restored database is refused")
	}
	if found < 200 {
		t.Errorf("only %d flips were found out", found)
	}
}

// damaged opens the database and reports whether a flip was noticed; one that was not must not show.
func damaged(t *testing.T, path string) bool {
	t.Helper()
	db, err := raftboltdb.New(raftboltdb.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &records{inner: db, halt: newHalt(slog.New(slog.DiscardHandler))}
	if err := s.verify(0, unseen); err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("the error has no name: %v", err)
		}
		return true
	}
	term, err := s.GetUint64([]byte("CurrentTerm"))
	vote, err2 := s.Get([]byte("LastVoteCand"))
	if err := errors.Join(err, err2); err != nil {
		return errors.Is(err, ErrCorrupt)
	}
	if term != 7 || string(vote) != "peer" {
		t.Errorf("read term %d, vote %q", term, vote)
	}
	for _, want := range someLogs() {
		var got raft.Log
		if err := s.GetLog(want.Index, &got); err != nil || got.Term != want.Term || got.Type != want.Type || !bytes.Equal(got.Data, want.Data) || !got.AppendedAt.Equal(want.AppendedAt) {
			t.Errorf("entry %d was changed silently: %+v, %v", want.Index, got, err)
		}
	}
	return false
}

func values(t *testing.T, path, bucket string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	edit(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
			out[string(k)] = bytes.Clone(v)
			return nil
		})
	})
	return out
}

func put(t *testing.T, path, bucket, key string, value []byte) {
	t.Helper()
	edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucket)).Put([]byte(key), value) })
}

func edit(t *testing.T, path string, f func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err == nil {
		err = errors.Join(db.Update(f), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecordsCannotStandInForOneAnother(t *testing.T) {
	s, _ := newRecords(t)
	for name, r := range map[string]*raft.Log{
		"another index": func() *raft.Log { r := seal(someLogs()[2]); r.Index = 2; return r }(),
		"another term":  func() *raft.Log { r := seal(someLogs()[2]); r.Term = 9; return r }(),
		"too short":     {Index: 2, Term: 2, Data: []byte("short")},
		"extensions":    func() *raft.Log { r := seal(someLogs()[1]); r.Extensions = []byte("x"); return r }(),
	} {
		if err := s.inner.StoreLog(r); err != nil {
			t.Fatal(err)
		}
		var out raft.Log
		if err := s.GetLog(r.Index, &out); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGapsAreFoundOut(t *testing.T) {
	for name, tc := range map[string]struct {
		low, high, snapshot uint64
		ok                  bool
	}{
		"in the middle":               {2, 2, 0, false},
		"at the start":                {1, 1, 0, false},
		"at the start, with snapshot": {1, 2, 2, true},
		"covered by the snapshot":     {2, 2, 2, true},
		"all of it":                   {1, 3, 9, true},
	} {
		s, _ := newRecords(t)
		if err := errors.Join(s.StoreLogs(someLogs()), s.inner.DeleteRange(tc.low, tc.high)); err != nil {
			t.Fatal(err)
		}
		if err := s.verify(tc.snapshot, unseen); (err == nil) != tc.ok || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// failing is a disk that refuses writes once it is told to.
type failing struct {
	backend
	err func() error
}

func (f failing) StoreLogs(l []*raft.Log) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.backend.StoreLogs(l)
}

func (f failing) Set(k, v []byte) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.backend.Set(k, v)
}

// A full disk stops that replica with a name, in the process and without a panic, loses nothing that
// was confirmed, and disturbs nobody: whether it leads or follows.
func TestFullDisk(t *testing.T) {
	for name, tc := range map[string]struct {
		cause, want error
		leads       bool
	}{
		"full, leader":     {syscall.ENOSPC, ErrDiskFull, true},
		"full, follower":   {syscall.ENOSPC, ErrDiskFull, false},
		"broken, leader":   {syscall.EIO, ErrDisk, true},
		"broken, follower": {syscall.EIO, ErrDisk, false},
	} {
		t.Run(name, func(t *testing.T) { testFullDisk(t, tc.cause, tc.want, tc.leads) })
	}
}

func testFullDisk(t *testing.T, cause, want error, leads bool) {
	c := newConsortium(t, 3)
	full := map[*org]*atomic.Bool{}
	for _, o := range c.orgs {
		flag := &atomic.Bool{}
		full[o] = flag
		c.hooks.wrap = func(b backend) backend {
			return failing{b, func() error {
				if flag.Load() {
					return &os.PathError{Op: "write", Path: "raft.db", Err: cause}
				}
				return nil
			}}
		}
		c.start(o)
	}
	c.must(c.nodeInfo(c.orgs[0], 1))
	c.settle(2)
	org := c.leader()
	if !leads {
		org = c.follower()
	}
	victim := c.node(org)
	full[org].Store(true)
	c.must(c.nodeInfo(c.orgs[0], 2))
	select {
	case <-victim.Failed():
	case <-time.After(10 * time.Second):
		t.Fatal("the replica goes on without a disk")
	}
	if err := victim.Err(); !errors.Is(err, want) {
		t.Errorf("stopped with %v", err)
	}
	if _, err := victim.Submit(within(t, time.Second), c.nodeInfo(c.orgs[0], 3)); !errors.Is(err, want) {
		t.Errorf("Submit after the stop: %v", err)
	}
	if s := victim.Status(); s.Role != "stopped" || s.Leader != "" {
		t.Errorf("after the stop: %+v", s)
	}
	c.kill(org)
	c.must(c.nodeInfo(c.orgs[0], 3))
	c.hooks.wrap = nil
	c.start(org)
	c.settle(4)
}

func TestDamagedFilesAreRefusedAtStart(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"record": func(t *testing.T, dir string) {
			for key, value := range values(t, logPath(dir), "logs") {
				value[len(value)/2] ^= 1
				put(t, logPath(dir), "logs", key, value)
			}
		},
		"database": func(t *testing.T, dir string) {
			if err := os.WriteFile(logPath(dir), bytes.Repeat([]byte("not a database "), 4096), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"missing entry": func(t *testing.T, dir string) {
			edit(t, logPath(dir), func(tx *bbolt.Tx) error { return tx.Bucket([]byte("logs")).Delete([]byte{0, 0, 0, 0, 0, 0, 0, 2}) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConsortium(t, 3)
			c.start(c.orgs...)
			c.must(c.nodeInfo(c.orgs[0], 1))
			c.settle(2)
			victim := c.orgs[2]
			c.kill(victim)
			damage(t, c.config(victim).Dir)
			r, err := Open(c.config(victim))
			if err == nil {
				_ = r.Close()
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("opened with %v", err)
			}
		})
	}
}

// unseen looks at nothing.
func unseen(*raft.Log) error { return nil }
