package wire

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// record has a field of every shape that messages have.
type record struct {
	A uint64   `cbor:"1,keyasint"`
	B string   `cbor:"2,keyasint"`
	C []byte   `cbor:"3,keyasint"`
	D [4]byte  `cbor:"4,keyasint"`
	E []uint64 `cbor:"5,keyasint"`
	F *uint64  `cbor:"6,keyasint,omitempty"`
	G bool     `cbor:"7,keyasint"`
	H int64    `cbor:"8,keyasint"`
}

type vectorFile struct {
	Valid []struct {
		What, CBOR string
		JSON       record
	}
	Invalid []struct {
		Why, CBOR, Error string
		Limit            *int
	}
	Frames struct {
		Valid, Invalid []struct {
			What, Why, Frame, Payload, Error string
			Limit                            int
		}
	}
}

func loadVectors(t testing.TB) vectorFile {
	t.Helper()
	b, err := specs.Vectors.ReadFile("vectors/wire.json")
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
