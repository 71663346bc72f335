package holder

import (
	"testing"

	"github.com/crosslight/crosslight/protocol/session"
)

func sized(kinds string, counts ...uint64) (list []session.SegmentInfo) {
	for i, n := range counts {
		kind := map[byte]session.SegmentKind{'b': session.BaseSegment, 'a': session.AdditionSegment, 'w': session.WithdrawalSegment}[kinds[i]]
		list = append(list, session.SegmentInfo{Kind: kind, Count: n})
	}
	return list
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name  string
		list  []session.SegmentInfo
		first int
		due   bool
	}{
		{"a base", sized("b", 100), 0, false},
		{"few additions", sized("baaaa", 100, 1, 1, 1, 1), 0, false},
		{"few withdrawn", sized("bw", 100, 63), 0, false},
		{"a quarter withdrawn", sized("bwa", 300, 100, 100), 0, true},
		{"less than a quarter", sized("bw", 1000, 249), 0, false},
		{"additions outgrow a small base", sized("ba", 10, 900), 0, false},
		{"additions outgrow the base", sized("ba", 1023, 1024), 0, true},
		{"many segments", sized("baaaaaaaaaaaaaaaa", 1000, 50, 40, 30, 20, 9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1), 9, true},
		{"older ones that are no larger", sized("baaaaaaaaaaaaaaaa", 1000, 90, 80, 70, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1), 4, true},
		{"all of them", sized("baaaaaaaaaaaaaaaa", 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 0, true},
	} {
		if first, due := plan(c.list); first != c.first || due != c.due {
			t.Errorf("%s: from %d, %v; want %d, %v", c.name, first, due, c.first, c.due)
		}
	}
}

// TestPlanEnds: what a compaction leaves is not due at once again, and the number of segments stays small.
func TestPlanEnds(t *testing.T) {
	list := sized("b", 1_000_000)
	for n := range 5000 {
		list = append(list, session.SegmentInfo{Kind: session.AdditionSegment, Count: uint64(1 + n%7)})
		for round := 0; ; round++ {
			first, due := plan(list)
			if !due {
				break
			}
			if round > 8 {
				t.Fatalf("after %d additions it does not end: %d segments", n, len(list))
			}
			var sum uint64
			for _, s := range list[first:] {
				sum += s.Count
			}
			list = append(list[:first:first], session.SegmentInfo{Kind: session.AdditionSegment, Count: sum})
			if first == 0 {
				list[0].Kind = session.BaseSegment
			}
		}
		if len(list) > maxSegments {
			t.Fatalf("%d segments", len(list))
		}
	}
}
