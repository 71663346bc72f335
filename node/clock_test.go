package node

import "testing"

func TestClockIsAttestedWhenDue(t *testing.T) {
	const day = 86_400
	var c clock
	for i, s := range []struct {
		now, on, own uint64
		want         bool
	}{
		{10 * day, 10 * day, 0, true},    // the first
		{10*day + 1, 10 * day, 0, false}, // on its way
		{10*day + 5, 10 * day, 0, true},  // lost: once more
		{10*day + 6, 10 * day, 10*day + 5, false},
		{10*day + 604, 10 * day, 10*day + 5, false},
		{10*day + 605, 10 * day, 10*day + 5, true},
		{10*day - 605, 10 * day, 10*day + 605, true},   // the clock was put back
		{20 * day, 10*day + 1, 10*day - 605, true},     // after an outage
		{20*day + 1, 10*day + 1, 20 * day, false},      // time does not move: the others are not there
		{20*day + 2, 10*day + 3601, 20 * day, true},    // it does
		{20*day + 2, 10*day + 7201, 20*day + 2, false}, // this second has been attested
		{20*day + 3, 20*day - 3600, 20*day + 2, true},
		{20*day + 4, 20*day + 1, 20*day + 3, false}, // there
	} {
		if got := c.due(s.now, s.on, s.own); got != s.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	if c.behind(day, day+3600) || !c.behind(day, day+3601) {
		t.Error("behind at the wrong second")
	}
}
