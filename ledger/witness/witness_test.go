package witness_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
)

func TestCosigns(t *testing.T) {
	h := newHistory(t).grow("a", 20)
	w := newWitness(newMemory(), "w")
	at := uint64(0)
	for _, size := range []uint64{1, 2, 7, 8, 8, 20} {
		n := h.note(size, "log")
		answer, err := w.Add(h.request(at, n).Bytes())
		must(t, err)
		cosigned(t, w, answer, n.Checkpoint)
		at = size
	}
}

// TestRefuses: at size 8, each refusal leaves the witness where it was.
func TestRefuses(t *testing.T) {
	h := newHistory(t).grow("a", 20)
	fork := newHistory(t).grow("a", 7).grow("b", 13)
	empty := tlog.Checkpoint{Origin: origin, Root: tlog.EmptyRoot()}
	signedEmpty, err := tlog.SignCheckpoint(empty, key("log"))
	must(t, err)
	elsewhere := h.note(9, "log")
	elsewhere.Origin = tlog.Origin([32]byte{8})
	forged := h.note(9, "log")
	forged.Lines[0].Sig = bytes.Repeat([]byte{1}, 64)
	beyond := h.request(8, h.note(9, "log"))
	beyond.Old, beyond.Path = 10, nil
	crossed := fork.request(7, fork.note(9, "log"))
	crossed.Old = 8
	longer := h.request(8, h.note(9, "log"))
	longer.Path = append(longer.Path, tlog.Hash{})
	shorter := h.request(8, h.note(9, "log"))
	shorter.Path = shorter.Path[:len(shorter.Path)-1]
	held := h.note(8, "log")
	idle := tlog.Growth{Old: 8, Path: []tlog.Hash{{1}}, Note: held}
	for name, c := range map[string]struct {
		request []byte
		want    error
	}{
		"no request":                    {nil, witness.ErrRequest},
		"half a request":                {h.request(8, h.note(9, "log")).Bytes()[:50], witness.ErrRequest},
		"bytes behind it":               {append(h.request(8, h.note(9, "log")).Bytes(), '\n'), witness.ErrRequest},
		"an old size beyond the new":    {beyond.Bytes(), witness.ErrRequest},
		"an empty ledger":               {tlog.Growth{Note: tlog.CosignedCheckpoint{SignedCheckpoint: signedEmpty}.Note()}.Bytes(), witness.ErrRequest},
		"another ledger":                {h.request(8, elsewhere).Bytes(), witness.ErrUnknown},
		"another log key":               {h.request(8, h.note(9, "stranger")).Bytes(), witness.ErrUntrusted},
		"a forged signature":            {h.request(8, forged).Bytes(), witness.ErrUntrusted},
		"from nothing":                  {h.request(0, h.note(9, "log")).Bytes(), witness.ErrHeld},
		"from an earlier size":          {h.request(7, h.note(9, "log")).Bytes(), witness.ErrHeld},
		"from a later size":             {h.request(9, h.note(10, "log")).Bytes(), witness.ErrHeld},
		"back to an earlier size":       {h.request(7, h.note(7, "log")).Bytes(), witness.ErrHeld},
		"another root of this size":     {fork.request(7, fork.note(8, "log")).Bytes(), witness.ErrFork},
		"another root, from this size":  {fork.request(8, fork.note(8, "log")).Bytes(), witness.ErrFork},
		"another history, its own path": {crossed.Bytes(), witness.ErrPath},
		"another history, no path":      {tlog.Growth{Old: 8, Note: fork.note(9, "log")}.Bytes(), witness.ErrPath},
		"a path with a hash too many":   {longer.Bytes(), witness.ErrPath},
		"a path with a hash too few":    {shorter.Bytes(), witness.ErrPath},
		"a path where none is":          {idle.Bytes(), witness.ErrPath},
	} {
		store := newMemory()
		w := newWitness(store, "w")
		if _, err := w.Add(h.request(0, held).Bytes()); err != nil {
			t.Fatal(err)
		}
		answer, err := w.Add(c.request)
		if !errors.Is(err, c.want) || answer != nil {
			t.Errorf("%s: %v", name, err)
		}
		var size *witness.HeldError
		if errors.Is(err, witness.ErrHeld) && (!errors.As(err, &size) || size.Size != 8) {
			t.Errorf("%s: holds %+v", name, size)
		}
		if store.notes[origin].Checkpoint != held.Checkpoint {
			t.Errorf("%s: the witness moved", name)
		}
	}
}

// TestForkIsShown: both checkpoints go to whoever asked to be told, and still bear their signatures.
func TestForkIsShown(t *testing.T) {
	h, fork := newHistory(t).grow("a", 8), newHistory(t).grow("b", 8)
	var shown []tlog.Note
	w := witness.New(witness.Config{
		Key: key("w"), Store: newMemory(), Trust: trusting, Now: time.Now,
		Fork: func(held, other tlog.Note) { shown = append(shown, held, other) },
	})
	_, err := w.Add(h.request(0, h.note(8, "log")).Bytes())
	must(t, err)
	if _, err := w.Add(fork.request(0, fork.note(8, "log")).Bytes()); !errors.Is(err, witness.ErrFork) {
		t.Fatal(err)
	}
	if len(shown) != 2 || shown[0].Root == shown[1].Root {
		t.Fatalf("%+v", shown)
	}
	policy, _ := trusting(origin)
	for _, n := range shown {
		if _, err := policy.Check(n); err != nil {
			t.Error(err)
		}
	}
}

// TestRecovery: whoever recovers a ledger gets a witness's cosignature for a base that extends what it
// has seen, and for no other, whoever signs it.
func TestRecovery(t *testing.T) {
	h := newHistory(t).grow("a", 30)
	cut := newHistory(t).grow("a", 12).grow("after the recovery", 18)
	for name, c := range map[string]struct {
		h    *history
		old  uint64
		size uint64
		want error
	}{
		"the whole history goes on":        {h, 20, 30, nil},
		"the very point that it holds":     {h, 20, 20, nil},
		"cut off below it":                 {h, 12, 12, witness.ErrHeld},
		"cut off, and from there on":       {cut, 12, 30, witness.ErrHeld},
		"cut off, as if it were new":       {cut, 0, 30, witness.ErrHeld},
		"cut off, with a path of its own":  {cut, 20, 30, witness.ErrPath},
		"cut off, of the size that it has": {cut, 20, 20, witness.ErrFork},
	} {
		store := newMemory()
		w := witness.New(witness.Config{Key: key("w"), Store: store, Trust: trustingVoters, Now: func() time.Time { return noon }})
		_, err := w.Add(h.request(0, h.note(20, "log", "v1", "v2", "v3")).Bytes())
		must(t, err)
		_, err = w.Add(c.h.request(c.old, c.h.note(c.size, "log", "v1", "v2", "v3", "v4")).Bytes())
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := witness.New(witness.Config{Key: key("w"), Store: newMemory(), Trust: trustingVoters, Now: time.Now})
	if _, err := w.Add(h.request(0, h.note(20, "log", "v1", "v2", "v2x")).Bytes()); !errors.Is(err, witness.ErrUntrusted) {
		t.Errorf("two of four voters: %v", err)
	}
}

// TestTrustOfNobody: a policy that asks for nothing watches nothing.
func TestTrustOfNobody(t *testing.T) {
	h := newHistory(t).grow("a", 2)
	w := witness.New(witness.Config{Key: key("w"), Store: newMemory(), Now: time.Now, Trust: func(o string) (tlog.Policy, bool) {
		return tlog.Policy{Origin: o}, true
	}})
	if _, err := w.Add(h.request(0, h.note(2, "log")).Bytes()); !errors.Is(err, witness.ErrUnknown) {
		t.Error(err)
	}
}

// TestKeptBeforeSigned: a store that fails means no signature, whether or not it had kept the checkpoint;
// after it, the witness goes on from what is kept.
func TestKeptBeforeSigned(t *testing.T) {
	h := newHistory(t).grow("a", 20)
	fork := newHistory(t).grow("b", 20)
	disk := errors.New("disk")
	for _, persisted := range []bool{false, true} {
		store := newMemory()
		w := newWitness(store, "w")
		if persisted {
			store.failAfter = disk
		} else {
			store.fail = disk
		}
		if answer, err := w.Add(h.request(0, h.note(8, "log")).Bytes()); !errors.Is(err, witness.ErrStore) || answer != nil {
			t.Fatalf("persisted %v: %v", persisted, err)
		}
		store.fail, store.failAfter = nil, nil
		w = newWitness(store, "w") // a crash
		_, err := w.Add(fork.request(0, fork.note(9, "log")).Bytes())
		if persisted != errors.Is(err, witness.ErrHeld) {
			t.Errorf("persisted %v: then %v", persisted, err)
		}
	}
	var log []string
	store := newMemory()
	store.log = &log
	w := witness.New(witness.Config{Key: key("w"), Store: store, Trust: trusting, Now: func() time.Time {
		log = append(log, "sign")
		return noon
	}})
	_, err := w.Add(h.request(0, h.note(8, "log")).Bytes())
	must(t, err)
	if !slices.Equal(log, []string{"keep 8", "sign"}) {
		t.Errorf("order %q", log)
	}
}

func TestClockThatIsNone(t *testing.T) {
	h := newHistory(t).grow("a", 2)
	w := witness.New(witness.Config{Key: key("w"), Store: newMemory(), Trust: trusting, Now: func() time.Time { return time.Time{} }})
	if _, err := w.Add(h.request(0, h.note(2, "log")).Bytes()); !errors.Is(err, witness.ErrStore) {
		t.Error(err)
	}
}

// TestOneAtATime: of many requests at once from one size, to sizes of two histories, those that are
// cosigned form one history, and the witness holds the largest.
func TestOneAtATime(t *testing.T) {
	h, fork := newHistory(t).grow("a", 40), newHistory(t).grow("a", 3).grow("b", 37)
	store := newMemory()
	w := newWitness(store, "w")
	_, err := w.Add(h.request(0, h.note(3, "log")).Bytes())
	must(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	signed := map[string]int{}
	for size := uint64(4); size <= 40; size++ {
		for name, from := range map[string]*history{"a": h, "b": fork} {
			raw := from.request(3, from.note(size, "log")).Bytes()
			wg.Go(func() {
				if _, err := w.Add(raw); err == nil {
					mu.Lock()
					signed[fmt.Sprintf("%s %d", name, size)]++
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	if len(signed) != 1 || store.notes[origin].Size <= 3 {
		t.Errorf("cosigned %v, holds %d", signed, store.notes[origin].Size)
	}
}
