package keys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

func drawn(t *testing.T, r *Ring, role member.Role) member.PublicKey {
	t.Helper()
	key, err := r.NewKey(role)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestKeysFollowTheLedger draws a key for each role and lets the ledger have them. A ring that is opened
// anew has them in use; the one that runs, those that it may change.
func TestKeysFollowTheLedger(t *testing.T) {
	for _, role := range online() {
		made, dir := create(t)
		r, err := Open(dir, pass)
		if err != nil {
			t.Fatal(err)
		}
		key := drawn(t, r, role)
		if r.Set() != made.Set() || r.Held(key) == nil || member.PublicOf(r.Held(key)) != key {
			t.Fatalf("%s: in use before the ledger has it, or not kept", role)
		}
		want := made.Set().With(role, key)
		atOnce := role == member.Operator || role == member.Seat
		for range 2 { // the second time changes nothing
			restart, err := r.Follow(want)
			if err != nil || restart == atOnce {
				t.Fatalf("%s: restart %v, %v", role, restart, err)
			}
		}
		if got := member.PublicOf(r.Private(role)); (got == key) != atOnce || got != r.Set().Of(role) {
			t.Errorf("%s: the running ring has %s", role, got.ID())
		}
		again, err := Open(dir, pass)
		if err != nil {
			t.Fatal(err)
		}
		if again.Set() != want || member.PublicOf(again.Private(role)) != key || again.First() != made.Set() {
			t.Errorf("%s: opened anew it is not in use", role)
		}
		if again.Held(made.Set().Of(role)) == nil {
			t.Errorf("%s: the old key is gone", role)
		}
	}
}

// TestCrashBetweenDrawingAndTheLedger: whichever key the ledger has, the ring that is opened after a
// crash can use it.
func TestCrashBetweenDrawingAndTheLedger(t *testing.T) {
	made, dir := create(t)
	one := drawn(t, made, member.Operator)
	two := drawn(t, made, member.Operator)
	for _, key := range []member.PublicKey{made.Set().Operator, two, one, made.First().Operator} {
		r, err := Open(dir, pass)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Follow(made.First().With(member.Operator, key)); err != nil {
			t.Fatal(err)
		}
		if member.PublicOf(r.Private(member.Operator)) != key {
			t.Errorf("%s is not in use", key.ID())
		}
	}
}

func TestFollowRefusesWhatIsNotHere(t *testing.T) {
	made, dir := create(t)
	other, _ := create(t)
	for _, role := range []member.Role{member.Node, member.Operator, member.Log} {
		if _, err := made.Follow(made.Set().With(role, other.Set().Of(role))); !errors.Is(err, ErrNotHere) {
			t.Errorf("%s: %v", role, err)
		}
	}
	// A seat key may be elsewhere, a revoked role is empty, the root key is never here.
	want := made.Set().With(member.Seat, other.Set().Seat).With(member.Root, other.Set().Root)
	if restart, err := made.Follow(want.With(member.Log, member.PublicKey{})); err != nil || restart {
		t.Fatalf("%v, %v", restart, err)
	}
	if _, err := made.Seat(); !errors.Is(err, ErrDetached) || made.Set() != want {
		t.Errorf("%v, %+v", err, made.Set())
	}
	r, err := Open(dir, pass)
	if err != nil || r.Set() != want || r.Private(member.Log) == nil {
		t.Errorf("opened anew: %v", err)
	}
}

// TestDetachAfterRotation moves the key that is in use, not the one of before.
func TestDetachAfterRotation(t *testing.T) {
	made, dir := create(t)
	key := drawn(t, made, member.Seat)
	if _, err := made.Follow(made.Set().With(member.Seat, key)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "seat.age")
	if err := DetachSeat(dir, file, pass, 2); err != nil {
		t.Fatal(err)
	}
	seat, err := OpenSeat(file, pass)
	if err != nil || member.PublicOf(seat) != key {
		t.Fatalf("the file: %v", err)
	}
	r, err := Open(dir, pass)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Seat(); !errors.Is(err, ErrDetached) || r.Set().Seat != key {
		t.Errorf("detached: %v", err)
	}
	if err := AttachSeat(dir, file, pass, 2); err != nil {
		t.Fatal(err)
	}
	if r, err = Open(dir, pass); err != nil || !r.Private(member.Seat).Equal(seat) {
		t.Errorf("attached: %v", err)
	}
}

func TestRotatedFilesDamaged(t *testing.T) {
	made, dir := create(t)
	key := drawn(t, made, member.Log)
	if _, err := made.Follow(made.Set().With(member.Log, key)); err != nil {
		t.Fatal(err)
	}
	path := made.nextPath(member.Log, key)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	moved := made.nextPath(member.Cosigner, key)
	for name, damage := range map[string]func() error{
		"cut":     func() error { return os.WriteFile(path, raw[:len(raw)-1], 0o600) },
		"gone":    func() error { return os.Remove(path) },
		"renamed": func() error { return os.WriteFile(moved, raw, 0o600) },
		"choice":  func() error { return os.WriteFile(filepath.Join(dir, currentName), []byte{1}, 0o600) },
	} {
		current, err := os.ReadFile(filepath.Join(dir, currentName))
		if err != nil {
			t.Fatal(err)
		}
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if r, err := Open(dir, pass); r != nil || !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotHere) {
			t.Errorf("%s: %v", name, err)
		}
		if err := errors.Join(os.WriteFile(path, raw, 0o600), os.RemoveAll(moved), os.WriteFile(filepath.Join(dir, currentName), current, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir, pass); err != nil {
		t.Errorf("mended: %v", err)
	}
}

func TestNewRoot(t *testing.T) {
	made, dir := create(t)
	file := filepath.Join(t.TempDir(), "root.age")
	key, err := NewRoot(file, pass, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenRootFile(file, pass); err != nil || !got.Equal(key) {
		t.Errorf("%v", err)
	}
	if _, err := NewRoot(file, pass, 2); !errors.Is(err, ErrExists) {
		t.Errorf("over a file: %v", err)
	}
	if got, err := OpenRootFile(filepath.Join(dir, rootName), pass); err != nil || member.PublicOf(got) != made.Set().Root {
		t.Errorf("root.age: %v", err)
	}
	if _, err := made.Follow(made.Set().With(member.Root, member.PublicOf(key))); err != nil {
		t.Fatal(err)
	}
	if _, err := made.OpenRoot(pass); !errors.Is(err, ErrDamaged) {
		t.Errorf("the root key of before: %v", err)
	}
}
