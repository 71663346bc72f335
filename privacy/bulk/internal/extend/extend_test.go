package extend

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/crosslight/crosslight/privacy/bulk/internal/baseot"
)

func source(name string) *rand.ChaCha8 { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

func read(name string, n int) []byte {
	b := make([]byte, n)
	if _, err := source(name).Read(b); err != nil {
		panic(err)
	}
	return b
}

// base deals base OTs: both keys, choices, the chosen keys.
func base() (both [][2]baseot.Key, choices []byte, chosen []baseot.Key) {
	b := read("base", Base*33)
	for i := range Base {
		pair := [2]baseot.Key{baseot.Key(b[i*33:]), baseot.Key(b[i*33+16:])}
		c := b[i*33+32] & 1
		both, choices, chosen = append(both, pair), append(choices, c), append(chosen, pair[c])
	}
	return both, choices, chosen
}

func exchange(t testing.TB, n int, tamper func([]byte)) (*Chooser, *Offerer) {
	t.Helper()
	both, choices, chosen := base()
	c, message, err := NewChooser(baseot.Session{7}, both, n, source("chooser"))
	if err != nil {
		t.Fatal(err)
	}
	if tamper != nil {
		tamper(message)
	}
	o, err := NewOfferer(baseot.Session{7}, choices, chosen, n, message)
	if err != nil {
		t.Fatal(err)
	}
	return c, o
}

func TestTransfers(t *testing.T) {
	for _, n := range []int{1, 8, 245, 980} {
		c, o := exchange(t, n, nil)
		coins := read("coins", CoinSize(n))
		answer, err := c.Answer(coins)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Check(coins, answer); err != nil {
			t.Fatal(err)
		}
		choices, got := c.Keys()
		ones := 0
		for j, pair := range o.Keys() {
			ones += int(choices[j])
			if got[j] != pair[choices[j]] || got[j] == pair[1-choices[j]] {
				t.Fatalf("transfer %d of %d: not the chosen key", j, n)
			}
		}
		if n > 100 && (ones < n/4 || ones > 3*n/4) {
			t.Errorf("%d of %d choices are one", ones, n)
		}
	}
}

// TestRows holds rows against streams, bit by bit: w_j = v_j + b_j·D, and v_j is bit j of every stream.
func TestRows(t *testing.T) {
	const n = 100
	c, o := exchange(t, n, nil)
	both, _, _ := base()
	choices, _ := c.Keys()
	bit := func(b []byte, i int) byte { return b[i>>3] >> (i & 7) & 1 }
	for i := range Base {
		g := stream(baseot.Session{7}, i, both[i][1], total(n)/8)
		for j := range n {
			v, w := bit(c.rows[j*rowSize:], i), bit(o.rows[j*rowSize:], i)
			if v != bit(g, j) || w != v^choices[j]&bit(o.secret[:], i) {
				t.Fatalf("row %d, column %d", j, i)
			}
		}
	}
}

// TestCheatingChooser changes one bit of one column: choices are then not the same in all columns, and in
// half of the columns the offerer's secret would show. The check finds it wherever the secret's bit is set;
// where it is not, nothing was gained.
func TestCheatingChooser(t *testing.T) {
	const n = 100
	coins := read("coins", CoinSize(n))
	size := OfferSize(n) / Base
	caught := 0
	for i := range Base {
		c, o := exchange(t, n, func(m []byte) { m[i*size+3] ^= 4 })
		answer, err := c.Answer(coins)
		if err != nil {
			t.Fatal(err)
		}
		set := o.secret[i>>3]>>(i&7)&1 == 1
		if err := o.Check(coins, answer); errors.Is(err, ErrCheck) != set {
			t.Fatalf("column %d, secret bit %v: %v", i, set, err)
		}
		if set {
			caught++
		}
	}
	if caught < 30 {
		t.Errorf("caught %d of %d", caught, Base)
	}
}

func TestWrongAnswer(t *testing.T) {
	const n = 64
	c, o := exchange(t, n, nil)
	coins := read("coins", CoinSize(n))
	answer, err := c.Answer(coins)
	if err != nil {
		t.Fatal(err)
	}
	for at := range answer {
		bad := bytes.Clone(answer)
		bad[at] ^= 1
		if err := o.Check(coins, bad); !errors.Is(err, ErrCheck) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	if err := o.Check(coins, answer[1:]); !errors.Is(err, ErrMessage) {
		t.Error(err)
	}
	if _, err := c.Answer(coins[1:]); !errors.Is(err, ErrMessage) {
		t.Error(err)
	}
}
