package mirror

import (
	"errors"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// wanted are items to look for, in the order of their tags.
type wanted struct {
	items []int
	tags  []index.Tag
}

func wantItems(d *index.Deriver, from, to int) wanted {
	var w wanted
	for n := from; n < to; n++ {
		w.items = append(w.items, n)
	}
	slices.SortFunc(w.items, func(a, b int) int { return d.Tag(output(a)).Compare(d.Tag(output(b))) })
	for _, n := range w.items {
		w.tags = append(w.tags, d.Tag(output(n)))
	}
	return w
}

func (w wanted) output(i int) *[index.OutputSize]byte { return output(w.items[i]) }

func (h *holder) mustSegment(t testing.TB, kind index.Kind, from, to int) session.SegmentInfo {
	t.Helper()
	s, err := h.segment(kind, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMatch: many values at once are found as they are one by one, over a base, additions and
// withdrawals.
func TestMatch(t *testing.T) {
	h := newHolder(t, 1)
	base := h.mustSegment(t, index.Base, 0, 1000)
	gone := h.mustSegment(t, index.Withdrawal, 100, 200)
	added := h.mustSegment(t, index.Addition, 150, 180) // back again, and
	later := h.mustSegment(t, index.Addition, 1000, 1100)
	if err := h.mirror.Publish(h.public, h.sign(t, base, gone, added, later)); err != nil {
		t.Fatal(err)
	}
	v, err := h.mirror.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	w := wantItems(v.Deriver(), 50, 1300)
	got := map[int]string{}
	err = v.Match(w.tags, w.output, func(i int, label []byte) error {
		if _, twice := got[w.items[i]]; twice {
			t.Errorf("item %d was found twice", w.items[i])
		}
		got[w.items[i]] = string(label)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := 50; n < 1300; n++ {
		l, ok, err := v.Lookup(v.Deriver(), output(n))
		if err != nil {
			t.Fatal(err)
		}
		if found, have := got[n]; have != ok || ok && found != string(l) {
			t.Errorf("item %d: %q %v, one by one %q %v", n, found, have, l, ok)
		}
	}
	if len(got) != 1100-50-100+30 {
		t.Errorf("%d were found", len(got))
	}
	stop := errors.New("stop")
	if err := v.Match(w.tags, w.output, func(int, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of found: %v", err)
	}
}

// TestJoinSegment: one segment is searched by itself.
func TestJoinSegment(t *testing.T) {
	h := newHolder(t, 1)
	base, gone := h.mustSegment(t, index.Base, 0, 100), h.mustSegment(t, index.Withdrawal, 20, 30)
	if err := h.mirror.Publish(h.public, h.sign(t, base, gone)); err != nil {
		t.Fatal(err)
	}
	v, err := h.mirror.Use(h.ref())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	w := wantItems(v.Deriver(), 0, 500)
	for name, want := range map[[32]byte]int{base.Name: 100, gone.Name: 10} {
		n := 0
		if err := v.Join(name, w.tags, func(int) error { n++; return nil }); err != nil || n != want {
			t.Errorf("%d found instead of %d, %v", n, want, err)
		}
	}
	if err := v.Join([32]byte{1}, w.tags, nil); !errors.Is(err, ErrNone) {
		t.Errorf("a segment that is not there: %v", err)
	}
}

// TestUpdates: listeners hear of each change what is new in it, and of another base.
func TestUpdates(t *testing.T) {
	h := newHolder(t, 1)
	m := openTest(t, t.TempDir())
	var got []Update
	m.OnUpdate(func(u Update) {
		if v, err := m.Use(u.Ref); err != nil || v.Manifest().Hash != u.Manifest {
			t.Errorf("the index in use is not the one told of: %v", err)
		} else if err := v.Release(); err != nil {
			t.Error(err)
		}
		got = append(got, u)
	})
	base, added := h.mustSegment(t, index.Base, 0, 50), h.mustSegment(t, index.Addition, 50, 60)
	gone, fresh := h.mustSegment(t, index.Withdrawal, 5, 6), h.mustSegment(t, index.Base, 0, 60)
	for _, segments := range [][]session.SegmentInfo{{base, added}, {base, added, gone}, {fresh}} {
		signed := h.sign(t, segments...)
		h.last = signed
		if err := h.fetch(m, signed, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	expect := []struct {
		added   [][32]byte
		rebased bool
	}{{[][32]byte{base.Name, added.Name}, true}, {[][32]byte{gone.Name}, false}, {[][32]byte{fresh.Name}, true}}
	if len(got) != len(expect) {
		t.Fatalf("%d updates", len(got))
	}
	for i, e := range expect {
		if u := got[i]; u.Version != uint64(i+1) || u.Rebased != e.rebased || !slices.Equal(u.Added, e.added) || u.Ref != h.ref() {
			t.Errorf("update %d: %+v", i, u)
		}
	}
	if err := m.DropHolder(h.public); err != nil {
		t.Fatal(err)
	}
	if err := h.fetch(m, h.last, true, nil); err != nil {
		t.Fatal(err)
	}
	if u := got[len(got)-1]; len(got) != 4 || !u.Rebased {
		t.Errorf("after the index was dropped and came again: %+v", u)
	}
}
