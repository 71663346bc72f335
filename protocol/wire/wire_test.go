package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const limit = 1 << 12

func TestDecodeVectors(t *testing.T) {
	file := loadVectors(t)
	for _, v := range file.Valid {
		var got record
		if err := Decode(unhex(t, v.CBOR), &got, limit); err != nil {
			t.Errorf("%s: %v", v.What, err)
		}
		if diff := cmp.Diff(v.JSON, got); diff != "" {
			t.Errorf("%s: %s", v.What, diff)
		}
		if b, err := Encode(v.JSON); err != nil || hex.EncodeToString(b) != v.CBOR {
			t.Errorf("%s: encoded as %x, %v", v.What, b, err)
		}
	}
	named := map[string]error{"malformed": ErrMalformed, "not-canonical": ErrNotCanonical, "too-large": ErrTooLarge}
	for _, v := range file.Invalid {
		most := limit
		if v.Limit != nil {
			most = *v.Limit
		}
		var got record
		if err := Decode(unhex(t, v.CBOR), &got, most); named[v.Error] == nil || !errors.Is(err, named[v.Error]) {
			t.Errorf("%s: %v, want %s", v.Why, err, v.Error)
		}
	}
}

// TestOneEncoding: what Encode writes, Decode reads back, and no other bytes of the same length nearby
// are read as the same value.
func TestOneEncoding(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := record{
			A: rapid.Uint64().Draw(rt, "A"),
			B: rapid.StringN(0, 40, -1).Draw(rt, "B"),
			C: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "C"),
			D: [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(rt, "D")),
			E: rapid.SliceOfN(rapid.Uint64(), 0, 5).Draw(rt, "E"),
			F: rapid.Ptr(rapid.Uint64(), true).Draw(rt, "F"),
			G: rapid.Bool().Draw(rt, "G"),
			H: rapid.Int64().Draw(rt, "H"),
		}
		in.B = strings.ToValidUTF8(in.B, "")
		b, err := Encode(in)
		if err != nil {
			rt.Fatal(err)
		}
		var out record
		if err := Decode(b, &out, limit); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(in, out); diff != "" {
			rt.Fatal(diff)
		}
		bad := bytes.Clone(b)
		bad[rapid.IntRange(0, len(b)-1).Draw(rt, "position")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "change"))
		var other record
		if err := Decode(bad, &other, limit); err == nil && cmp.Equal(in, other) {
			rt.Fatalf("%x and %x are one value", b, bad)
		}
	})
}

// TestErrorsQuoteNothing: what a peer sent does not come back in the text of an error.
func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "canary-value"
	for _, v := range []any{
		map[int]any{1: secret},
		map[int]any{77: secret},
		map[string]any{secret: 1},
		map[int]any{2: []string{secret}},
		secret,
	} {
		b, err := Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		var got record
		if err := Decode(b, &got, limit); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	}
}

func TestEncodeOfNoMessage(t *testing.T) {
	if _, err := Encode(func() {}); err == nil {
		t.Error("a function was encoded")
	}
}

func BenchmarkDecode(b *testing.B) {
	raw, err := Encode(record{A: 1, B: "platform-safety", C: make([]byte, 4096*32), E: []uint64{1, 2, 3}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		var r record
		if err := Decode(raw, &r, 1<<20); err != nil {
			b.Fatal(err)
		}
	}
}
