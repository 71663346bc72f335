package keys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

func TestSeatIsDetachedAndAttached(t *testing.T) {
	made, dir := create(t)
	file := filepath.Join(t.TempDir(), "seat.age")
	if err := AttachSeat(dir, file, pass, 2); !errors.Is(err, ErrAttached) {
		t.Errorf("attach what is here: %v", err)
	}
	if err := DetachSeat(dir, file, pass, 2); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir, pass)
	if err != nil {
		t.Fatal(err)
	}
	if r.Set() != made.Set() {
		t.Error("the public keys have changed")
	}
	if _, err := r.Seat(); !errors.Is(err, ErrDetached) || r.Private(member.Seat) != nil {
		t.Errorf("the seat key is still here: %v", err)
	}
	if !r.Private(member.Operator).Equal(made.Private(member.Operator)) {
		t.Error("another operator key")
	}
	full, err := r.OpenRoot(pass)
	if err != nil || full.Private(member.Seat) != nil || full.Private(member.Root) == nil {
		t.Errorf("root: %v", err)
	}
	key, err := OpenSeat(file, pass)
	if err != nil || !key.Equal(made.Private(member.Seat)) {
		t.Fatalf("the file: %v", err)
	}
	if err := DetachSeat(dir, file, pass, 2); !errors.Is(err, ErrDetached) {
		t.Errorf("detach again: %v", err)
	}
	if err := AttachSeat(dir, file, pass, 2); err != nil {
		t.Fatal(err)
	}
	if r, err = Open(dir, pass); err != nil || !r.Private(member.Seat).Equal(made.Private(member.Seat)) {
		t.Errorf("attached: %v", err)
	}
}

func TestDetachedFilesRefused(t *testing.T) {
	_, dir := create(t)
	_, others := create(t)
	file, theirs := filepath.Join(t.TempDir(), "seat.age"), filepath.Join(t.TempDir(), "theirs.age")
	if err := os.WriteFile(file, []byte("something"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := DetachSeat(dir, file, pass, 2); !errors.Is(err, ErrExists) {
		t.Errorf("over a file: %v", err)
	}
	if r, err := Open(dir, pass); err != nil || r.Private(member.Seat) == nil {
		t.Fatalf("a refused call took the key: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for d, f := range map[string]string{dir: file, others: theirs} {
		if err := DetachSeat(d, f, pass, 2); err != nil {
			t.Fatal(err)
		}
	}
	if err := AttachSeat(dir, theirs, pass, 2); !errors.Is(err, ErrOtherSeat) {
		t.Errorf("another member's: %v", err)
	}
	if _, err := OpenSeat(file, []byte("another passphrase")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("passphrase: %v", err)
	}
	if _, err := OpenSeat(filepath.Join(dir, rootName), pass); !errors.Is(err, ErrDamaged) {
		t.Errorf("the root key's file: %v", err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSeat(file, pass); !errors.Is(err, ErrExposed) {
		t.Errorf("open to others: %v", err)
	}
}
