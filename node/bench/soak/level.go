package soak

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// levels are the readings of the members that are never killed: what grows there, grows for ever.
type levels struct {
	actors   []*actor
	every    time.Duration
	mu       sync.Mutex
	readings map[int][]Level
}

func newLevels(actors []*actor, every time.Duration) *levels {
	l := &levels{every: cmp.Or(every, levelEvery), readings: map[int][]Level{}}
	for _, a := range actors {
		if a.m.Kill == nil {
			l.actors = append(l.actors, a)
		}
	}
	return l
}

// levelEvery is the time between two readings, unless the options say otherwise.
const levelEvery = time.Second

func (l *levels) read(ctx context.Context) error {
	for {
		for _, a := range l.actors {
			level, err := a.m.Level(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read what the node of %s uses: %w", a.m.Name, err)
			}
			l.mu.Lock()
			l.readings[a.i] = append(l.readings[a.i], level)
			l.mu.Unlock()
		}
		pause(ctx, l.every)
		if ctx.Err() != nil {
			return nil
		}
	}
}

// judge compares the second quarter, when the nodes have warmed up, with the last.
func (l *levels) judge(r *Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, all := range l.readings {
		n := len(all)
		if n < 8 {
			continue
		}
		first, last := median(all[n/4:n/2]), median(all[3*n/4:])
		resident := float64(last.Resident) / float64(first.Resident)
		if resident > r.ResidentGrowth {
			r.ResidentGrowth, r.First, r.Last = resident, first, last
		}
		r.GoroutinesGrowth = max(r.GoroutinesGrowth, float64(last.Goroutines)/float64(first.Goroutines))
	}
}

// median of each figure by itself.
func median(all []Level) Level {
	goroutines, resident := make([]int, len(all)), make([]uint64, len(all))
	for i, l := range all {
		goroutines[i], resident[i] = l.Goroutines, l.Resident
	}
	slices.Sort(goroutines)
	slices.Sort(resident)
	return Level{goroutines[len(all)/2], resident[len(all)/2]}
}
