package keys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

func reopened(t *testing.T, dir string) *Ring {
	t.Helper()
	r, err := Open(dir, pass)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDestroy: of each role the key that the files were made with, and one that was drawn and replaced, go; what
// is in use stays, and the member is known by its first keys as before.
func TestDestroy(t *testing.T) {
	for _, role := range online() {
		made, dir := create(t)
		born, one, two := made.Set().Of(role), drawn(t, made, role), drawn(t, made, role)
		if _, err := made.Follow(made.Set().With(role, two)); err != nil {
			t.Fatal(err)
		}
		if err := Destroy(dir, pass, 2, []member.PublicKey{born, one}); err != nil {
			t.Fatalf("%s: %v", role, err)
		}
		r := reopened(t, dir)
		if r.Held(born) != nil || r.Held(one) != nil || r.Held(two) == nil {
			t.Errorf("%s: held %v, %v, %v", role, r.Held(born) != nil, r.Held(one) != nil, r.Held(two) != nil)
		}
		if r.First() != made.First() || r.Set() != made.First().With(role, two) || member.PublicOf(r.Private(role)) != two {
			t.Errorf("%s: another set", role)
		}
		if kept := r.Kept(role); len(kept) != 1 || kept[0] != two {
			t.Errorf("%s: kept %v", role, kept)
		}
		if err := Destroy(dir, pass, 2, []member.PublicKey{born}); err != nil {
			t.Errorf("%s: destroyed twice: %v", role, err)
		}
		if err := Destroy(dir, pass, 2, []member.PublicKey{two}); !errors.Is(err, ErrInUse) {
			t.Errorf("%s: in use: %v", role, err)
		}
		if role == member.Seat {
			continue // it may be kept elsewhere: whether it is in use or not is not this folder's
		}
		if err := os.Remove(filepath.Join(dir, currentName)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, pass); !errors.Is(err, ErrNotHere) {
			t.Errorf("%s: a key that was destroyed is in use again: %v", role, err)
		}
	}
}

// TestDestroyInUse: before the node has followed the ledger nothing of it goes, and nothing else with it.
func TestDestroyInUse(t *testing.T) {
	made, dir := create(t)
	next := drawn(t, made, member.Log)
	err := Destroy(dir, pass, 2, []member.PublicKey{made.Set().Log})
	if !errors.Is(err, ErrInUse) {
		t.Error(err)
	}
	if r := reopened(t, dir); r.Held(made.Set().Log) == nil || r.Held(next) == nil {
		t.Error("a key is gone")
	}
	if err := Destroy(dir, []byte("not the passphrase"), 2, nil); !errors.Is(err, ErrPassphrase) {
		t.Error(err)
	}
}

// TestAdopt: a key that was drawn is in use from the next start on, the one before again when it is adopted, and
// nothing that is not here.
func TestAdopt(t *testing.T) {
	made, dir := create(t)
	old, next := made.Set().Node, drawn(t, made, member.Node)
	for _, key := range []member.PublicKey{next, old, next} {
		if err := Adopt(dir, pass, member.Node, key); err != nil {
			t.Fatal(err)
		}
		if r := reopened(t, dir); r.Set() != made.First().With(member.Node, key) || member.PublicOf(r.Private(member.Node)) != key {
			t.Errorf("%s is not in use", key.ID())
		}
	}
	other, _ := create(t)
	for role, key := range map[member.Role]member.PublicKey{member.Node: other.Set().Node, member.Log: next} {
		if err := Adopt(dir, pass, role, key); !errors.Is(err, ErrNotHere) {
			t.Errorf("%s: %v", role, err)
		}
	}
}
