package wire

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

func TestFrameVectors(t *testing.T) {
	file := loadVectors(t)
	for _, v := range file.Frames.Valid {
		got, err := ReadFrame(bytes.NewReader(unhex(t, v.Frame)), v.Limit)
		if err != nil || !bytes.Equal(got, unhex(t, v.Payload)) {
			t.Errorf("%s: %x, %v", v.What, got, err)
		}
		var out bytes.Buffer
		if err := WriteFrame(&out, unhex(t, v.Payload)); err != nil || !bytes.Equal(out.Bytes(), unhex(t, v.Frame)) {
			t.Errorf("%s: written as %x, %v", v.What, out.Bytes(), err)
		}
	}
	named := map[string]error{"end": io.EOF, "cut": io.ErrUnexpectedEOF, "too-large": ErrTooLarge}
	for _, v := range file.Frames.Invalid {
		if _, err := ReadFrame(bytes.NewReader(unhex(t, v.Frame)), v.Limit); !errors.Is(err, named[v.Error]) {
			t.Errorf("%s: %v, want %s", v.Why, err, v.Error)
		}
	}
}

// TestFramesInSequence: frames of all sizes, read a byte at a time, and a clean end after the last.
func TestFramesInSequence(t *testing.T) {
	sizes := []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 5 * firstRead}
	var stream bytes.Buffer
	for i, n := range sizes {
		if err := WriteFrame(&stream, bytes.Repeat([]byte{byte(i)}, n)); err != nil {
			t.Fatal(err)
		}
	}
	r := iotest.HalfReader(&stream)
	for i, n := range sizes {
		got, err := ReadFrame(r, 1<<20)
		if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, n)) {
			t.Fatalf("frame %d: %d bytes, %v", i, len(got), err)
		}
	}
	if _, err := ReadFrame(r, 1); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// TestFrameAllocatesWhatArrived: an announced gigabyte that never comes costs 64 KiB.
func TestFrameAllocatesWhatArrived(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadFrame(bytes.NewReader([]byte{0x40, 0, 0, 0}), 1<<30); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4*firstRead {
		t.Errorf("%d bytes allocated", got)
	}
}

func TestFrameErrorsOfTheStream(t *testing.T) {
	broken := errors.New("connection reset")
	r := io.MultiReader(bytes.NewReader([]byte{0, 0, 0, 9, 1}), iotest.ErrReader(broken))
	if _, err := ReadFrame(r, 9); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
