package index

import (
	"errors"
	"io"
	"testing"
)

// TestDuplicates: adding one F twice would seal two labels under one key.
func TestDuplicates(t *testing.T) {
	for _, kind := range []Kind{Base, Addition, Withdrawal} {
		b := NewBuilder(testContext, kind, [SaltSize]byte{1}, &memory{})
		for _, i := range []int{1, 2, 3, 2} {
			if err := b.Add(output(i), nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Finish(io.Discard, io.Discard); !errors.Is(err, ErrDuplicate) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestBuilderRefuses: what a caller may get wrong, and that the first error stays.
func TestBuilderRefuses(t *testing.T) {
	b := NewBuilder(testContext, Base, [SaltSize]byte{1}, &memory{})
	if err := b.Add(output(1), make([]byte, MaxLabel)); err != nil {
		t.Errorf("longest label: %v", err)
	}
	if err := b.Add(output(2), make([]byte, MaxLabel+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("label too long: %v", err)
	}
	if _, err := b.Finish(io.Discard, io.Discard); !errors.Is(err, ErrTooLong) {
		t.Errorf("after an error: %v", err)
	}
	w := NewBuilder(testContext, Withdrawal, [SaltSize]byte{1}, &memory{})
	if err := w.Add(output(1), []byte("x")); !errors.Is(err, ErrKind) {
		t.Errorf("label of a withdrawal: %v", err)
	}
	if err := NewBuilder(testContext, 9, [SaltSize]byte{1}, &memory{}).Add(output(1), nil); !errors.Is(err, ErrKind) {
		t.Errorf("unknown kind: %v", err)
	}
}

var errFull = errors.New("no space left on device")

// failing accepts so many bytes and then none.
type failing struct {
	memory
	left int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return f.memory.Write(p)
}

// TestFullDisk: an error of any of the three writers comes out as it is.
func TestFullDisk(t *testing.T) {
	for _, c := range []struct{ scratch, tags, labels int }{{10, 1 << 20, 1 << 20}, {1 << 20, 10, 1 << 20}, {1 << 20, 1 << 20, 10}} {
		b := NewBuilder(testContext, Base, [SaltSize]byte{1}, &failing{left: c.scratch})
		for i := range 100 {
			if err := b.Add(output(i), labelOf(i)); err != nil {
				break
			}
		}
		if _, err := b.Finish(&failing{left: c.tags}, &failing{left: c.labels}); !errors.Is(err, errFull) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
