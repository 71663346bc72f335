package index

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// pair is what a join reports.
type pair struct{ tag, item int }

// joined runs a join in windows and collects what it reports.
func joined(t interface{ Fatal(...any) }, s *Segment, tags []Tag, window int) []pair {
	var out []pair
	for from, at := 0, 0; from < s.len(); from += window {
		next, err := s.Join(tags[at:], from, from+window, func(tag, item int) error {
			out = append(out, pair{at + tag, item})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		at += next
	}
	slices.SortFunc(out, func(a, b pair) int { return 1000000*(a.tag-b.tag) + a.item - b.item })
	return out
}

// segmentOf makes a segment with these tags, without labels.
func segmentOf(numbers []uint64) *Segment {
	s := &Segment{header: Header{Kind: Base, Count: uint64(len(numbers))}}
	for _, n := range numbers {
		s.tags = append(s.tags, tagOf(n)...)
	}
	return s
}

func tagOf(n uint64) []byte { return []byte{0, 0, 0, 0, 0, 0, byte(n >> 8), byte(n)} }

// TestJoin: every pair of equal tags is reported once, whatever the lists and the windows; comparing all
// with all is the oracle.
func TestJoin(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		top := rapid.SampledFrom([]uint64{3, 40, 3000}).Draw(rt, "top")
		draw := func(name string, run int) []uint64 {
			list := rapid.SliceOfN(rapid.Uint64Range(0, top), 0, 200).Draw(rt, name)
			slices.Sort(list)
			count := map[uint64]int{}
			return slices.DeleteFunc(list, func(n uint64) bool { count[n]++; return count[n] > run })
		}
		have, want := draw("have", MaxRun), draw("want", 3)
		s := segmentOf(have)
		tags := make([]Tag, len(want))
		for i, n := range want {
			tags[i] = Tag(tagOf(n))
		}
		var expect []pair
		for i, w := range want {
			for j, h := range have {
				if w == h {
					expect = append(expect, pair{i, j})
				}
			}
		}
		window := rapid.IntRange(1, 250).Draw(rt, "window")
		if got := joined(rt, s, tags, window); !slices.Equal(got, expect) {
			rt.Fatalf("window %d: %v joined with %v: %v instead of %v", window, want, have, got, expect)
		}
	})
}

// TestJoinOpens: what a join finds opens with its own output and no other.
func TestJoinOpens(t *testing.T) {
	got := build(t, testContext, Base, 7, upTo(500))
	s, d := parse(t, got.tags, got.labels), NewDeriver(testContext)
	var tags []Tag
	by := map[Tag]int{}
	for i := 400; i < 600; i++ {
		tag := d.Tag(output(i))
		tags, by[tag] = append(tags, tag), i
	}
	slices.SortFunc(tags, Tag.Compare)
	found := 0
	_, err := s.Join(tags, 0, s.len(), func(tag, item int) error {
		i := by[tags[tag]]
		label, ok, err := s.Open(d, output(i), item)
		if err != nil || !ok || string(label) != string(labelOf(i)) {
			t.Errorf("item %d: %q, %v, %v", i, label, ok, err)
		}
		if _, ok, _ := s.Open(d, output(i+1000), item); ok {
			t.Errorf("item %d opened with another output", i)
		}
		if s.Tag(item) != tags[tag] {
			t.Errorf("item %d has another tag", i)
		}
		found++
		return nil
	})
	if err != nil || found != 100 {
		t.Errorf("%d found, %v", found, err)
	}
	other := testContext
	other.Epoch++
	if _, _, err := s.Open(NewDeriver(other), output(0), 0); !errors.Is(err, ErrContext) {
		t.Errorf("another context: %v", err)
	}
}

// TestJoinStops: an error of found ends the join.
func TestJoinStops(t *testing.T) {
	stop := errors.New("stop")
	calls := 0
	_, err := segmentOf([]uint64{1, 2, 3}).Join([]Tag{Tag(tagOf(1)), Tag(tagOf(2))}, 0, 3, func(int, int) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}
