package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// TestAffiliatesCountAsOne: what one has used the others do not have, whoever asks; outsiders are not touched.
func TestAffiliatesCountAsOne(t *testing.T) {
	s := openTest(t, t.TempDir())
	of := func(id byte, member string, count uint64, affiliates ...string) Charge {
		c := charge(id, count)
		c.Querier, c.Member, c.Affiliates = "peer of "+member, member, affiliates
		return c
	}
	for i, c := range []struct {
		charge Charge
		left   uint64
		want   error
	}{
		{of(1, "A", 60, "A", "B"), 40, nil},
		{of(2, "B", 30, "A", "B"), 10, nil},
		{of(3, "B", 11, "A", "B"), 10, ErrBudget},
		{of(4, "A", 10, "A", "B"), 0, nil},
		{of(5, "C", 100, "C"), 0, nil},
		{of(6, "B", 1), 69, nil}, // the declaration is withdrawn: what it used itself stays
	} {
		if left, err := s.Charge(t.Context(), c.charge); left != c.left || !errors.Is(err, c.want) {
			t.Errorf("%d: %d left, %v; want %d, %v", i, left, err, c.left, c.want)
		}
	}
	got, err := s.Meters(t.Context(), "2026-03-01")
	want := []Meter{{"A", "email", 70}, {"B", "email", 31}, {"C", "email", 100}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestCeiling bounds all members together, and leaves what each has left as it is.
func TestCeiling(t *testing.T) {
	s := openTest(t, t.TempDir())
	under := func(id byte, member string, count uint64) Charge {
		c := charge(id, count)
		c.Querier, c.Member, c.Ceiling = "peer of "+member, member, 150
		return c
	}
	for i, c := range []struct {
		charge Charge
		left   uint64
		want   error
	}{
		{under(1, "A", 100), 0, nil},
		{under(2, "B", 51), 100, ErrCeiling},
		{under(3, "B", 50), 50, nil},
		{under(4, "B", 1), 50, ErrCeiling},
		{under(5, "C", 1), 100, ErrCeiling},
		{under(6, "A", 1), 0, ErrBudget},
		{under(7, "C", 0), 100, nil},
	} {
		left, err := s.Charge(t.Context(), c.charge)
		if left != c.left || !errors.Is(err, c.want) || errors.Is(err, ErrCeiling) != (c.want == ErrCeiling) {
			t.Errorf("%d: %d left, %v; want %d, %v", i, left, err, c.left, c.want)
		}
	}
	if !errors.Is(ErrCeiling, ErrBudget) {
		t.Error("a ceiling is no budget")
	}
}

// TestBudgetsHold: whatever parallel streams of any members charge, in any sizes, with requests repeated and
// the store closed and opened in between, no group gets more than its limit, no type more than its ceiling,
// and the meters say to the element what was granted.
func TestBudgetsHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const limit, ceiling, rounds, streams, requests = 300, 700, 2, 4, 4
		groups := map[string][]string{"A": {"A", "B"}, "B": {"A", "B"}, "C": {"C"}, "D": {"D"}}
		names, types := []string{"A", "B", "C", "D"}, []indicator.Type{"email", "phone"}
		largest := rapid.Uint64Range(1, 250).Draw(rt, "largest")
		seed := rapid.Uint64().Draw(rt, "seed")
		dir := t.TempDir()
		var mu sync.Mutex
		granted := map[Meter]uint64{} // by member and type
		for round := range rounds {
			s := openUnsynced(rt, dir)
			var wg sync.WaitGroup
			for stream := range streams {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(seed, uint64(round*streams+stream)))
					for n := range requests {
						name, typ := names[rng.IntN(len(names))], types[rng.IntN(len(types))]
						r := Charge{
							RequestID: [16]byte{byte(round), byte(stream), byte(n)}, Querier: name, Member: name, Affiliates: groups[name],
							Type: typ, Day: "2026-03-01", Count: rng.Uint64N(largest + 1), Limit: limit, Ceiling: ceiling, Signature: make([]byte, 64),
						}
						_, err := s.Charge(t.Context(), r)
						if err == nil {
							mu.Lock()
							granted[Meter{Member: name, Type: typ}] += r.Count
							mu.Unlock()
							_, err = s.Charge(t.Context(), r)
							if !errors.Is(err, ErrReplay) {
								t.Errorf("the same again: %v", err)
							}
						} else if !errors.Is(err, ErrBudget) {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			meters, err := s.Meters(t.Context(), "2026-03-01")
			if err != nil {
				rt.Fatal(err)
			}
			checkMeters(rt, meters, granted, groups, limit, ceiling)
			if err := s.Close(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

func checkMeters(rt *rapid.T, meters []Meter, granted map[Meter]uint64, groups map[string][]string, limit, ceiling uint64) {
	byGroup, byType := map[string]uint64{}, map[indicator.Type]uint64{}
	for _, m := range meters {
		if granted[Meter{Member: m.Member, Type: m.Type}] != m.Used {
			rt.Fatalf("meter %+v, granted %d", m, granted[Meter{Member: m.Member, Type: m.Type}])
		}
		byGroup[fmt.Sprint(groups[m.Member], m.Type)] += m.Used
		byType[m.Type] += m.Used
	}
	for group, used := range byGroup {
		if used > limit {
			rt.Fatalf("%s has used %d of %d", group, used, limit)
		}
	}
	for typ, used := range byType {
		if used > ceiling {
			rt.Fatalf("%s: %d of a ceiling of %d", typ, used, ceiling)
		}
	}
}

func TestTold(t *testing.T) {
	s := openTest(t, t.TempDir())
	at := time.UnixMilli(1_800_000_000_123).UTC()
	resets := time.Unix(1_800_057_600, 0).UTC()
	first := []Told{{"Bank B", "phone", 7, resets, at}, {"Bank B", "email", 0, resets, at}, {"A", "email", 3, resets, at}}
	if err := s.NoteTold(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	later := Told{"Bank B", "email", 5, resets.Add(24 * time.Hour), at.Add(time.Hour)}
	if err := s.NoteTold(t.Context(), []Told{later}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Told(t.Context())
	if diff := cmp.Diff([]Told{first[2], later, first[0]}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if err := s.NoteTold(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if days, err := s.Meters(t.Context(), "1999-01-01"); err != nil || len(days) != 0 {
		t.Errorf("%v %v", days, err)
	}
}

// crashCharging charges 7 elements a request until the point named, "commit N" or "committed N" of the N-th,
// where the kernel ends the process.
func crashCharging(s *Store, point string) {
	requests := 0
	s.activity.fault = func(at string) error {
		if fmt.Sprint(at, " ", requests) == point {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}
	for requests = 1; ; requests++ {
		if _, err := s.Charge(context.Background(), charge(byte(requests), 7)); err != nil {
			panic(err)
		}
	}
}

// TestKilledDuringCharge: a request that was being charged when the process was killed has been charged and
// logged, or neither; nothing before it is forgotten, and what is left is what the meter says.
func TestKilledDuringCharge(t *testing.T) {
	for point, charged := range map[string]int{"commit 1": 0, "commit 5": 4, "committed 5": 5} {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			if s, err := Open(filepath.Join(dir, "store.db")); err != nil || s.Close() != nil {
				t.Fatal(err)
			}
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), crashPoint+"=charge "+point, crashDir+"="+dir)
			out, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("child: %v\n%s", err, out)
			}
			s := openTest(t, dir)
			for n := 1; n <= charged; n++ {
				if left, err := s.Charge(t.Context(), charge(byte(n), 7)); !errors.Is(err, ErrReplay) || left != uint64(100-7*charged) {
					t.Errorf("request %d: %d left, %v", n, left, err)
				}
			}
			if left, err := s.Charge(t.Context(), charge(99, uint64(100-7*charged))); err != nil || left != 0 {
				t.Errorf("what is left: %d, %v", left, err)
			}
			if _, err := s.Charge(t.Context(), charge(100, 1)); !errors.Is(err, ErrBudget) {
				t.Errorf("one more: %v", err)
			}
		})
	}
}
