package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// versions writes and deletes entries of all sizes, and returns the database's file after each round.
func versions(t *testing.T, rounds int) (path string, files [][]byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "raft.db")
	r, next := rand.New(rand.NewPCG(1, 1)), uint64(1)
	for range rounds {
		db, err := raftboltdb.New(raftboltdb.Options{Path: path, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		var logs []*raft.Log
		for range 40 {
			logs = append(logs, &raft.Log{Index: next, Term: 1, Data: make([]byte, r.IntN(900)*(1+9*r.IntN(2)))})
			next++
		}
		err = errors.Join(db.StoreLogs(logs), db.SetUint64([]byte("CurrentTerm"), next), db.DeleteRange(max(1, next-100), next-70), db.Close())
		if err != nil {
			t.Fatal(err)
		}
		if err := checkDatabase(path); err != nil {
			t.Fatalf("what bbolt wrote: %v", err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
	}
	return path, files
}

// readsThrough says that a database that passed is one that bbolt reads to an end.
func readsThrough(t *testing.T, path, what string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // a damaged record
		db, err := raftboltdb.New(raftboltdb.Options{Path: path, NoSync: true})
		if err != nil {
			return
		}
		defer db.Close()
		first, _ := db.FirstIndex()
		last, _ := db.LastIndex()
		for i := first; i <= min(last, first+10_000); i++ {
			_ = db.GetLog(i, new(raft.Log))
		}
		_ = db.StoreLog(&raft.Log{Index: last + 1})
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s: passed, and bbolt does not come to an end", what)
	}
}

// Whatever page of the database is replaced by another, or by what it was: it is refused by name, or bbolt
// reads it to an end.
func TestStalePages(t *testing.T) {
	path, files := versions(t, 5)
	now := files[len(files)-1]
	page := os.Getpagesize()
	refused, total := 0, 0
	for at := 0; at+page <= len(now); at += page {
		for from, old := range files {
			for _, place := range []int{at, (at*7 + page) % len(old) / page * page} {
				if place+page > len(old) || string(old[place:place+page]) == string(now[at:at+page]) {
					continue
				}
				b := append([]byte(nil), now...)
				copy(b[at:], old[place:place+page])
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				total++
				what := fmt.Sprintf("page %d as page %d was in round %d", at/page, place/page, from)
				if err := checkDatabase(path); errors.Is(err, ErrCorrupt) {
					refused++
				} else if err != nil {
					t.Errorf("%s: %v", what, err)
				} else if total%8 == 0 {
					readsThrough(t, path, what)
				}
			}
		}
	}
	if refused == 0 || total < 100 {
		t.Errorf("%d of %d pages refused", refused, total)
	}
}

// A tree that leads back to a page above is what bbolt follows for ever.
func TestCircleOfPages(t *testing.T) {
	path, files := versions(t, 8)
	b := files[len(files)-1]
	page, circles := os.Getpagesize(), 0
	for id := 2; (id+1)*page <= len(b); id++ {
		if binary.NativeEndian.Uint16(b[id*page+8:]) != pageBranch {
			continue
		}
		looped := append([]byte(nil), b...)
		binary.NativeEndian.PutUint64(looped[id*page+pageHead+8:], uint64(id))
		if err := os.WriteFile(path, looped, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkDatabase(path); errors.Is(err, errPages) {
			circles++
		} else if err != nil {
			t.Errorf("page %d: %v", id, err)
		}
	}
	if circles == 0 {
		t.Error("no circle was seen")
	}
}

// Bytes at random never end in a panic, and the error has a name.
func TestDamagedPages(t *testing.T) {
	path, files := versions(t, 4)
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 300 {
		b := append([]byte(nil), files[len(files)-1]...)
		for range 1 + r.IntN(20) {
			at := r.IntN(len(b) / 16)
			b[at*16+r.IntN(16)] = byte(r.Uint32())
		}
		if i%10 == 0 {
			b = b[:r.IntN(len(b))]
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkDatabase(path); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("case %d: %v", i, err)
		}
	}
}

// A database that another process writes is not looked at.
func TestPagesInUse(t *testing.T) {
	path, _ := versions(t, 1)
	db, err := raftboltdb.New(raftboltdb.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := checkDatabase(path); !errors.Is(err, ErrInUse) {
		t.Errorf("%v, want %v", err, ErrInUse)
	}
}
