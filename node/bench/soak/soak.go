// Package soak lets a consortium of real nodes work for a long time while its nodes are killed, and holds
// what they say against what was done (`crosslight bench soak`, specs/cli.md).
//
//	one actor a member     watches half of the values; imports, withdraws and asks, one after the other, from a seed
//	one fate               kills a node without warning and starts it again
//	one level              reads goroutines and resident memory of the nodes
//	the model              what each member holds, since when, and what is not known for sure
//
// Nothing is expected that the rules do not promise: what changed within the settling time before a
// question may or may not show in its answer, and a holder that did not answer in full is not held to
// anything. Everything else must be exact.
package soak

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// Member is one node as the soak drives it. Whoever runs the soak starts it and ends it.
type Member struct {
	Name string
	// Hub returns the node's hub as it is reached now: a node that was started again has another address.
	Hub func() (hub.Hub, error)
	// Kill ends the node without warning; nil for one that is left alone.
	Kill func() error
	// Start starts it again and returns when it is ready.
	Start func(context.Context) error
	// Level reads what the node uses now.
	Level func(context.Context) (Level, error)
}

// Level is what a node uses.
type Level struct {
	Goroutines int
	Resident   uint64 // bytes
}

// Options sets how long and how wild a soak is.
type Options struct {
	For    time.Duration // how long the members work
	Pool   int           // distinct values that they share, 100 to 100,000
	Batch  int           // values of an import or a question, 1 to 1,000
	Pause  time.Duration // between two things that a member does, at most
	Outage time.Duration // how long a killed node stays down, at most
	Settle time.Duration // how long a change may take to show
	// LevelEvery is the time between two readings of what the nodes use; zero is a second.
	LevelEvery time.Duration
	Seed       uint64
	Purpose    string
	Say        func(string)
}

// ErrOptions reports options that soak nothing.
var ErrOptions = errors.New("soak: option out of range")

func (o Options) check(members []Member) error {
	if o.For <= 0 || o.Pool < 100 || o.Pool > 100_000 || o.Batch < 1 || o.Batch > 1000 || o.Batch > o.Pool/10 ||
		o.Pause <= 0 || o.Outage <= 0 || o.Settle <= 0 || len(members) < 3 {
		return ErrOptions
	}
	return nil
}

// Report is what a soak did and found.
type Report struct {
	Imports, Withdrawals, Questions int64 // that were acknowledged
	Imported, Matches, Alerts       int64 // values
	Broken                          int64 // operations whose node was killed under them, or that had no node
	Kills                           int64

	// What must be zero.
	Missed   int64 // a match that had to be in an answer, or alerted, and was not
	Spurious int64 // a match with, or an alert of, something that was not there
	Repeated int64 // an alert that was raised before
	Torn     int64 // an import or withdrawal of which a part happened
	Lost     int64 // values acknowledged and not there at the end
	Extra    int64 // values there at the end that nobody imported, or that were withdrawn

	// Of the members that were never killed, the most that any of them grew.
	First, Last      Level // medians of the second and of the last quarter, of the member that grew most in memory
	GoroutinesGrowth float64
	ResidentGrowth   float64
}

// Run soaks the members and compares. An error says that the soak itself could not go on; what it found
// wrong stands in the report.
func Run(ctx context.Context, o Options, members []Member) (Report, error) {
	if err := o.check(members); err != nil {
		return Report{}, err
	}
	s := &soak{o: o, model: newModel(o, members), start: time.Now()}
	for i, m := range members {
		s.actors = append(s.actors, newActor(s, m, i))
	}
	for _, a := range s.actors {
		if err := a.addWatch(ctx); err != nil {
			return s.report, err
		}
	}
	levels, err := s.work(ctx)
	if err != nil {
		return s.report, err
	}
	o.Say("the work is done; comparing everything that is left")
	if err := s.compare(ctx); err != nil {
		return s.report, err
	}
	levels.judge(&s.report)
	return s.report, nil
}

// soak is one run.
type soak struct {
	o      Options
	model  *model
	actors []*actor
	start  time.Time

	mu     sync.Mutex
	report Report
}

// work lets actors, fate and level run for as long as the options say, and brings everybody up again.
func (s *soak) work(ctx context.Context) (*levels, error) {
	within, cancel := context.WithTimeout(ctx, s.o.For)
	defer cancel()
	levels := newLevels(s.actors, s.o.LevelEvery)
	fate := newFate(s)
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs error
	run := func(f func(context.Context) error) {
		all.Go(func() {
			if err := f(within); err != nil {
				cancel()
				mu.Lock()
				defer mu.Unlock()
				errs = errors.Join(errs, err)
			}
		})
	}
	for _, a := range s.actors {
		all.Go(func() { a.act(ctx, within) })
	}
	run(fate.strike)
	run(levels.read)
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return levels, errors.Join(errs, fate.mend(ctx))
}

// count changes the report.
func (s *soak) count(f func(*Report)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.report)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// value is the n-th value of the pool, in the form in which a feed has it. The domain is reserved for examples.
func value(n int) string { return fmt.Sprintf("soak-%06d@example.org", n) }
