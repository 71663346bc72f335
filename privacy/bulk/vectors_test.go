package bulk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/crosslight/crosslight/specs"
)

var record = flag.Bool("bulk.record", false, "write the vectors anew")

const vectorFile = "vectors/bulk-psi.json"

// vector is a whole session from seeds. What is random comes from ChaCha8 (math/rand/v2) under SHA-256 of
// a name. Digest i is SHA-256("digest" || i in 8 bytes, big-endian); the label of a digest is SHA-256 of it,
// repeated and cut.
type vector struct {
	Name          string          `json:"name"`
	Mode          Mode            `json:"mode"`
	Context       string          `json:"context"` // hex
	LabelSize     int             `json:"label_size"`
	Receiver      [2]int          `json:"receiver"` // digests from, to
	Sender        [2]int          `json:"sender"`
	ReceiverSeed  string          `json:"receiver_seed"`
	SenderSeed    string          `json:"sender_seed"`
	Messages      []vectorMessage `json:"messages"`
	Transcript    string          `json:"transcript"`
	Matches       []int           `json:"matches"`
	FirstTag      string          `json:"first_tag"`
	AllBytes      string          `json:"all_bytes_sha256"`
	ExpectedSizes int             `json:"bytes"`
}

type vectorMessage struct {
	From   string `json:"from"`
	Kind   kind   `json:"kind"`
	Number uint32 `json:"number"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
	Hex    string `json:"hex,omitempty"` // of short ones
}

// refusal is a session in which one message is changed.
type refusal struct {
	Name   string `json:"name"`
	Of     string `json:"of"` // name of a vector
	From   string `json:"from"`
	Number uint32 `json:"number"`
	At     int    `json:"at"`  // byte, from the end if negative
	Xor    byte   `json:"xor"` // 0: the message is cut there instead
	Error  string `json:"error"`
}

type vectors struct {
	About    string    `json:"about"`
	Sessions []vector  `json:"sessions"`
	Refused  []refusal `json:"refused"`
}

var errorsByName = map[string]error{
	"message": ErrMessage, "order": ErrOrder, "cheat": ErrCheat, "version": ErrVersion, "too many": ErrTooMany,
}

func (v *vector) machines(t *testing.T) (*Receiver, *Sender) {
	t.Helper()
	context, err := hex.DecodeString(v.Context)
	if err != nil {
		t.Fatal(err)
	}
	x, y := digests(v.Receiver[0], v.Receiver[1]), digests(v.Sender[0], v.Sender[1])
	c := Config{Context: context, Mode: v.Mode, LabelSize: v.LabelSize, Rand: seeded(v.ReceiverSeed)}
	r, err := NewReceiver(c, x)
	if err != nil {
		t.Fatal(err)
	}
	c.Rand = seeded(v.SenderSeed)
	s, err := NewSender(c, y, labelsOf(y, c.LabelSize))
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

// run fills in what a session gives.
func (v *vector) run(t *testing.T) {
	t.Helper()
	r, s := v.machines(t)
	v.Messages, v.ExpectedSizes = nil, 0
	all := sha256.New()
	_, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
		name := "sender"
		if from == Machine(r) {
			name = "receiver"
		}
		sum := sha256.Sum256(m)
		entry := vectorMessage{From: name, Kind: kind(m[0]), Number: n, Size: len(m), SHA256: hex.EncodeToString(sum[:])}
		if len(m) < 200 {
			entry.Hex = hex.EncodeToString(m)
		}
		if kind(m[0]) == kindTags && v.FirstTag == "" {
			v.FirstTag = hex.EncodeToString(m[headerSize:][:TagSize])
		}
		v.Messages, v.ExpectedSizes = append(v.Messages, entry), v.ExpectedSizes+len(m)
		all.Write(m)
		return m
	})
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	hash := r.Transcript()
	v.Transcript, v.AllBytes, v.Matches = hex.EncodeToString(hash[:]), hex.EncodeToString(all.Sum(nil)), matchesOf(r)
}

// TestVectors fixes every byte of whole sessions, and what is refused in them.
func TestVectors(t *testing.T) {
	b, err := specs.Vectors.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var want vectors
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	got := want
	got.Sessions = append([]vector(nil), want.Sessions...)
	for i := range got.Sessions {
		got.Sessions[i].FirstTag = ""
		got.Sessions[i].run(t)
	}
	out, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, '\n')
	if *record {
		if err := os.WriteFile("../../specs/"+vectorFile, out, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(out, b) {
		for i := range got.Sessions {
			for j, m := range got.Sessions[i].Messages {
				if j < len(want.Sessions[i].Messages) && m != want.Sessions[i].Messages[j] {
					t.Errorf("%s: %s's message %d differs", got.Sessions[i].Name, m.From, m.Number)
				}
			}
		}
		t.Error("sessions give other bytes")
	}
	for _, f := range want.Refused {
		t.Run(f.Name, func(t *testing.T) { refused(t, want.Sessions, f) })
	}
}

func refused(t *testing.T, sessions []vector, f refusal) {
	for _, v := range sessions {
		if v.Name != f.Of {
			continue
		}
		r, s := v.machines(t)
		_, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
			if (from == Machine(r)) != (f.From == "receiver") || n != f.Number {
				return m
			}
			at := f.At
			if at < 0 {
				at += len(m)
			}
			if f.Xor == 0 {
				return m[:at]
			}
			m[at] ^= f.Xor
			return m
		})
		if want := errorsByName[f.Error]; want == nil || !errors.Is(err, want) {
			t.Errorf("got %v, want %q", err, f.Error)
		}
		return
	}
	t.Errorf("no session %q", f.Of)
}
