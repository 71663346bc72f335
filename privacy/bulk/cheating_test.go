package bulk

import (
	"bytes"
	"errors"
	"testing"
)

// place is a message of a session: who sends it, and its number.
type place struct {
	receiver bool
	number   uint32
}

// places lists all messages of a session in order.
func places(t *testing.T, c Config, x, y []byte) (all []place, sizes []int) {
	r, s := pair(t, c, x, y)
	if _, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
		all, sizes = append(all, place{from == Machine(r), n}), append(sizes, len(m))
		return m
	}); err != nil {
		t.Fatal(err)
	}
	return all, sizes
}

var named = []error{ErrMessage, ErrOrder, ErrCheat, ErrVersion, ErrTooMany, ErrEncode}

func isNamed(err error) bool {
	for _, n := range named {
		if errors.Is(err, n) {
			return true
		}
	}
	return false
}

// TestChangedBit changes one bit at many places of every message. Either somebody finds it, with a named
// error, and no tag has left before if the receiver cheats; or it made no difference: a bit that Δ does not
// read, or a tag of a digest that only the sender has.
func TestChangedBit(t *testing.T) {
	c, x, y := Config{LabelSize: 4}, digests(0, 40), digests(20, 60)
	all, sizes := places(t, c, x, y)
	want := intersect(x, y)
	for i, p := range all {
		step := max(1, sizes[i]/6)
		if testing.Short() {
			step = sizes[i]
		}
		for at := i % 5; at < sizes[i]; at += step {
			r, s := pair(t, c, x, y)
			tags := false
			who, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
				if kind(m[0]) == kindTags {
					tags = true
				}
				if (from == Machine(r)) == p.receiver && n == p.number {
					m[at] ^= 1
				}
				return m
			})
			switch {
			case err != nil && !isNamed(err):
				t.Errorf("%+v, byte %d: %T: %v", p, at, who, err)
			case err != nil && p.receiver && tags:
				t.Errorf("%+v, byte %d: tags had left before: %v", p, at, err)
			case err == nil && p.receiver && len(matchesOf(r)) != len(want):
				t.Errorf("%+v, byte %d: not found and %d matches", p, at, len(r.Matches()))
			}
		}
	}
}

// TestCutMessages cuts and lengthens every message.
func TestCutMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("a session for each change")
	}
	c, x, y := Config{LabelSize: 4}, digests(0, 10), digests(5, 15)
	all, _ := places(t, c, x, y)
	for _, p := range all {
		for _, change := range []func([]byte) []byte{
			func(m []byte) []byte { return m[:len(m)-1] },
			func(m []byte) []byte { return append(m, 0) },
			func(m []byte) []byte { return m[:headerSize] },
			func([]byte) []byte { return []byte{} },
			func(m []byte) []byte { return append(m, make([]byte, MaxMessage)...) },
		} {
			r, s := pair(t, c, x, y)
			_, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
				if (from == Machine(r)) == p.receiver && n == p.number {
					return change(m)
				}
				return m
			})
			if !errors.Is(err, ErrMessage) && !(p.number == 0 && errors.Is(err, ErrVersion)) {
				t.Errorf("%+v: %v", p, err)
			}
		}
	}
}

// TestReplayAndReorder sends each message twice, and the one after it first: ErrOrder each time, after which
// the session goes on.
func TestReplayAndReorder(t *testing.T) {
	x, y := digests(0, 5000), digests(2500, 7500)
	r, s := pair(t, Config{}, x, y)
	var last, later []byte
	_, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
		to := Machine(s)
		if from == Machine(s) {
			to = r
		}
		for _, wrong := range [][]byte{last, later} {
			if wrong == nil {
				continue
			}
			if err := to.Receive(wrong); !errors.Is(err, ErrOrder) {
				t.Fatalf("%T message %d: %v", from, n, err)
			}
		}
		if kind(m[0]) == kindBlock {
			last = bytes.Clone(m) // the block before, then this one's number too high
			later = append(header(nil, kindBlock, n+2), m[headerSize:]...)
		}
		return m
	})
	if err != nil || len(r.Matches()) != 2500 {
		t.Fatalf("%d matches: %v", len(r.Matches()), err)
	}
}

// TestOtherSession puts each message of another session of the same parties and sets in the place of this one's.
// It is refused, or fails the next check; another session's tags match nothing.
func TestOtherSession(t *testing.T) {
	c, x, y := Config{LabelSize: 4}, digests(0, 40), digests(20, 60)
	others := map[place][]byte{}
	c.Rand = seeded("another receiver")
	r, err := NewReceiver(c, x)
	if err != nil {
		t.Fatal(err)
	}
	c.Rand = seeded("another sender")
	s, err := NewSender(c, y, labelsOf(y, 4))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
		others[place{from == Machine(r), n}] = bytes.Clone(m)
		return m
	}); err != nil {
		t.Fatal(err)
	}
	for p, other := range others {
		r, s := pair(t, Config{LabelSize: 4}, x, y)
		_, err := run(r, s, func(from Machine, n uint32, m []byte) []byte {
			if (place{from == Machine(r), n}) == p {
				return bytes.Clone(other)
			}
			return m
		})
		tags := kind(other[0]) == kindTags
		if tags && (err != nil || r.Count() != 0) || !tags && !errors.Is(err, ErrCheat) {
			t.Errorf("%+v: %d matches, %v", p, r.Count(), err)
		}
	}
}

// TestWrongOpening: a receiver that opens its commitment to another value could choose rows of digests.
func TestWrongOpening(t *testing.T) {
	r, s := pair(t, Config{}, digests(0, 10), digests(0, 10))
	_, err := run(r, s, func(_ Machine, _ uint32, m []byte) []byte {
		if kind(m[0]) == kindTrees {
			m[headerSize] ^= 1
		}
		return m
	})
	if !errors.Is(err, ErrCheat) {
		t.Fatal(err)
	}
}

// TestTooManyItems lets a receiver announce fewer digests than it puts into its store. What goes into the
// announced slots goes through, which no protocol of this kind can find; Overfit bounds it, and more than
// there are slots has no solution.
func TestTooManyItems(t *testing.T) {
	const announced = 1000
	for _, c := range []struct {
		n    int
		want error
	}{{announced, nil}, {1100, nil}, {Overfit(announced, 64), ErrEncode}} {
		r, s := pair(t, Config{}, digests(0, announced), digests(0, c.n))
		hello, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Receive(hello); err != nil {
			t.Fatal(err)
		}
		r.items = digests(0, c.n)
		_, err = run(r, s, nil)
		if !errors.Is(err, c.want) || err == nil && (len(r.Matches()) != c.n || c.n > Overfit(announced, 0)) {
			t.Errorf("%d digests where %d were announced: %d matches, %v", c.n, announced, len(r.Matches()), err)
		}
	}
}

func TestHellos(t *testing.T) {
	x := digests(0, 10)
	for _, c := range []struct {
		name             string
		receiver, sender Config
		want             error
	}{
		{"context", Config{Context: []byte("a")}, Config{Context: []byte("b")}, ErrVersion},
		{"mode", Config{Mode: Fast}, Config{Mode: Compact}, ErrVersion},
		{"label size", Config{LabelSize: 1}, Config{LabelSize: 2}, ErrVersion},
		{"receiver has too many", Config{}, Config{MaxPeer: 9}, ErrTooMany},
		{"sender has too many", Config{MaxPeer: 9}, Config{}, ErrTooMany},
	} {
		r, err := NewReceiver(c.receiver, x)
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSender(c.sender, x, labelsOf(x, c.sender.LabelSize))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := run(r, s, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if r.Done() || s.Done() {
			t.Errorf("%s: done", c.name)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{Mode: 3}, {LabelSize: -1}, {LabelSize: MaxLabel + 1}, {MaxPeer: -1}, {MaxPeer: MaxItems + 1}} {
		if _, err := NewReceiver(c, nil); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := NewReceiver(Config{}, make([]byte, 33)); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
	if _, err := NewSender(Config{LabelSize: 2}, make([]byte, 32), make([]byte, 1)); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}

func TestOverfit(t *testing.T) {
	// Figures of specs/bulk-psi.md: 1.90 n at 2^64 evaluations, 2.35 n at 2^80, for 1.24 slots an item.
	for _, c := range []struct{ work, low, high float64 }{{64, 1.895, 1.905}, {80, 2.34, 2.35}} {
		if got := float64(Overfit(1<<20, c.work)) / (1 << 20); got < c.low || got > c.high {
			t.Errorf("work 2^%v: %v n", c.work, got)
		}
	}
}
