package baseot

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

func source(name string) *rand.ChaCha8 { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

func TestKeys(t *testing.T) {
	choices := []byte{0, 1, 1, 0, 1}
	r, request, err := NewReceiver(Session{1}, choices, source("r"))
	if err != nil {
		t.Fatal(err)
	}
	reply, keys, err := Send(Session{1}, request, len(choices), source("s"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Keys(reply)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range choices {
		if got[i] != keys[i][c] || got[i] == keys[i][1-c] {
			t.Errorf("transfer %d: not the chosen key", i)
		}
	}
	_, others, err := Send(Session{2}, request, len(choices), source("s"))
	if err != nil || others[0] == keys[0] {
		t.Error("another session gives the same keys")
	}
}

// TestDefinition computes the sender's keys one by one as specs/bulk-psi.md has them, without batches and halves.
func TestDefinition(t *testing.T) {
	session, choices := Session{3}, []byte{1, 0}
	_, request, err := NewReceiver(session, choices, source("r"))
	if err != nil {
		t.Fatal(err)
	}
	reply, keys, err := Send(session, request, len(choices), source("s"))
	if err != nil {
		t.Fatal(err)
	}
	y, err := randomScalar(source("s"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(reply, ristretto.New().MulBase(y).Encode(nil)) {
		t.Error("reply is not y·G")
	}
	for i := range choices {
		for b := range 2 {
			own, other := request[64*i+32*b:][:32], request[64*i+32*(1-b):][:32]
			at := binary.BigEndian.AppendUint32(session[:], uint32(i))
			uniform := sha512.Sum512(slices.Concat([]byte("crosslight/bulk/v1 base group\x00"), at, []byte{byte(b)}, other))
			e := ristretto.New()
			if err := e.Decode(own); err != nil {
				t.Fatal(err)
			}
			e.Add(e, ristretto.New().FromUniform(&uniform))
			shared := e.Mul(y, e).Encode(nil)
			want := sha256.Sum256(slices.Concat([]byte("crosslight/bulk/v1 base key\x00"), at, []byte{byte(b)}, request[64*i:][:64], reply, shared))
			if keys[i][b] != Key(want[:KeySize]) {
				t.Errorf("transfer %d, key %d", i, b)
			}
		}
	}
}

// TestInvalidPoints puts what encodes no element into each place.
func TestInvalidPoints(t *testing.T) {
	choices := []byte{0, 1}
	r, request, err := NewReceiver(Session{}, choices, source("r"))
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(request); at += 32 {
		bad := bytes.Clone(request)
		copy(bad[at:], bytes.Repeat([]byte{0xff}, 32))
		if _, _, err := Send(Session{}, bad, 2, source("s")); !errors.Is(err, ErrMessage) {
			t.Errorf("element at %d: %v", at, err)
		}
	}
	for _, bad := range [][]byte{nil, request[1:], append(bytes.Clone(request), 0)} {
		if _, _, err := Send(Session{}, bad, 2, source("s")); !errors.Is(err, ErrMessage) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
	for _, bad := range [][]byte{nil, make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), make([]byte, 33)} {
		if _, err := r.Keys(bad); !errors.Is(err, ErrMessage) {
			t.Errorf("reply %x: %v", bad, err)
		}
	}
}

// FuzzSend: whatever a receiver sends gives a reply or ErrMessage.
func FuzzSend(f *testing.F) {
	_, request, err := NewReceiver(Session{}, []byte{0, 1}, source("r"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(request)
	f.Add(make([]byte, len(request)))
	f.Fuzz(func(t *testing.T, request []byte) {
		reply, keys, err := Send(Session{}, request, 2, source("s"))
		if err != nil && !errors.Is(err, ErrMessage) || err == nil && (len(reply) != ReplySize || len(keys) != 2) {
			t.Fatalf("%d bytes: %v", len(reply), err)
		}
	})
}
