package keys

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

// TestWitness: a witness's key file is no other's, opens under its passphrase alone, and is not replaced.
func TestWitness(t *testing.T) {
	file := filepath.Join(t.TempDir(), "witness.age")
	public, err := NewWitness(file, pass, 2)
	if err != nil {
		t.Fatal(err)
	}
	private, err := OpenWitness(file, pass)
	if err != nil || member.PublicOf(private) != public {
		t.Fatalf("another key: %v", err)
	}
	raw, err := os.ReadFile(file)
	if err != nil || bytes.Contains(raw, private.Seed()) {
		t.Errorf("the key lies open: %v", err)
	}
	if _, err := NewWitness(file, pass, 2); !errors.Is(err, ErrExists) {
		t.Errorf("again: %v", err)
	}
	if _, err := OpenWitness(file, []byte("something else")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := NewWitness(filepath.Join(t.TempDir(), "w"), []byte("short"), 2); !errors.Is(err, ErrNoPassphrase) {
		t.Errorf("a short passphrase: %v", err)
	}
	if _, err := OpenSeat(file, pass); !errors.Is(err, ErrDamaged) {
		t.Errorf("as a seat's: %v", err)
	}
	if _, err := OpenRootFile(file, pass); !errors.Is(err, ErrDamaged) {
		t.Errorf("as the root's: %v", err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWitness(file, pass); !errors.Is(err, ErrExposed) {
		t.Errorf("readable by others: %v", err)
	}
}
