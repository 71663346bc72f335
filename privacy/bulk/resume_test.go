package bulk

import (
	"bytes"
	"errors"
	"testing"
)

// TestResume breaks the connection at every single message, lost or delivered but not acknowledged, rewinds
// both machines to what the other has, and finds the same intersection; what is sent again is the same.
func TestResume(t *testing.T) {
	c, x, y := Config{LabelSize: 2}, digests(0, 3000), digests(2900, 4900)
	all, _ := places(t, c, x, y)
	for _, p := range all {
		for _, delivered := range []bool{false, true} {
			r, s := pair(t, c, x, y)
			sent := map[place][]byte{}
			broken := false
			record := func(from Machine, n uint32, m []byte) []byte {
				at := place{from == Machine(r), n}
				if before, ok := sent[at]; ok && !bytes.Equal(before, m) {
					t.Fatalf("%+v differs when it is sent again", at)
				}
				sent[at] = bytes.Clone(m)
				if at == p && !broken {
					broken = true
					if !delivered {
						return nil
					}
				}
				return m
			}
			if !delivered {
				_, _ = run(r, s, record) // goes on until what was lost is missed
			} else if _, err := run(r, s, record); err != nil {
				t.Fatal(err)
			}
			_, gotR := r.Position()
			_, gotS := s.Position()
			if err := errors.Join(r.Rewind(gotS), s.Rewind(gotR)); err != nil {
				t.Fatal(err)
			}
			if _, err := run(r, s, record); err != nil {
				t.Fatalf("%+v, delivered %v: %v", p, delivered, err)
			}
			if got := matchesOf(r); !r.Done() || !s.Done() || len(got) != 100 {
				t.Fatalf("%+v, delivered %v: %d matches", p, delivered, len(got))
			}
			if r.Transcript() != s.Transcript() || r.Transcript() == [32]byte{} {
				t.Fatal("transcripts differ")
			}
		}
	}
}

// TestRewindToStart sends everything again.
func TestRewindToStart(t *testing.T) {
	r, s := pair(t, Config{}, digests(0, 100), digests(50, 150))
	if _, err := run(r, s, nil); err != nil {
		t.Fatal(err)
	}
	for _, m := range []Machine{r, s} {
		sent, _ := m.Position()
		if err := m.Rewind(sent + 1); !errors.Is(err, ErrRewind) {
			t.Error(err)
		}
		if err := m.Rewind(0); err != nil {
			t.Fatal(err)
		}
		for range sent {
			if b, err := m.Next(); b == nil || err != nil {
				t.Fatal(err)
			}
		}
		if b, err := m.Next(); b != nil || err != nil {
			t.Error("more than was sent before")
		}
	}
}

// TestChangedLabels: labels that change between two sendings of a message are not sealed under the same keys.
func TestChangedLabels(t *testing.T) {
	r, s := pair(t, Config{LabelSize: 4}, digests(0, 10), digests(5, 15))
	if _, err := run(r, s, nil); err != nil {
		t.Fatal(err)
	}
	for _, changed := range []bool{false, true} {
		if changed {
			s.labels[17] ^= 1
		}
		if err := s.Rewind(beforeTags); err != nil {
			t.Fatal(err)
		}
		if m, err := s.Next(); errors.Is(err, ErrRewind) != changed || (m == nil) != changed {
			t.Errorf("changed %v: %d bytes, %v", changed, len(m), err)
		}
	}
}

// FuzzReceive: whatever comes in place of any message gives a named error or goes on.
func FuzzReceive(f *testing.F) {
	x, y := digests(0, 10), digests(5, 15)
	r, s := pair(f, Config{LabelSize: 4}, x, y)
	var number uint8
	if _, err := run(r, s, func(_ Machine, _ uint32, m []byte) []byte {
		f.Add(number, bytes.Clone(m))
		number++
		return m
	}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, at uint8, message []byte) {
		r, s := pair(t, Config{LabelSize: 4}, x, y)
		var n uint8
		_, err := run(r, s, func(_ Machine, _ uint32, m []byte) []byte {
			n++
			if n-1 == at%number {
				return message
			}
			return m
		})
		if err != nil && !isNamed(err) {
			t.Fatal(err)
		}
	})
}
