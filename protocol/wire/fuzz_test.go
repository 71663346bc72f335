package wire

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzDecode(f *testing.F) {
	file := loadVectors(f)
	for _, v := range file.Valid {
		f.Add(unhex(f, v.CBOR))
	}
	for _, v := range file.Invalid {
		f.Add(unhex(f, v.CBOR))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var got record
		err := Decode(b, &got, limit)
		if err == nil {
			if again, err := Encode(got); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("one value, two encodings: %x and %x", b, again)
			}
		} else if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNotCanonical) && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("unnamed error %v", err)
		}
	})
}

func FuzzReadFrame(f *testing.F) {
	file := loadVectors(f)
	for _, v := range append(file.Frames.Valid, file.Frames.Invalid...) {
		f.Add(unhex(f, v.Frame), v.Limit)
	}
	f.Fuzz(func(t *testing.T, b []byte, most int) {
		if most < 0 || most > 1<<20 {
			return
		}
		payload, err := ReadFrame(bytes.NewReader(b), most)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteFrame(&out, payload); err != nil || !bytes.HasPrefix(b, out.Bytes()) || len(payload) > most {
			t.Fatal("a frame that was not sent")
		}
	})
}
