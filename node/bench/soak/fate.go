package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// fate kills nodes, one at a time, and starts them again.
type fate struct {
	s   *soak
	rng *rand.Rand
}

// fateStream keeps fate's random numbers apart from the actors'.
const fateStream = 1 << 32

func newFate(s *soak) *fate {
	return &fate{s: s, rng: rand.New(rand.NewPCG(s.o.Seed, fateStream))}
}

// strike kills and starts until ctx ends. Half of the time all nodes run, so that answers can be judged.
func (f *fate) strike(ctx context.Context) error {
	victims := f.victims()
	if len(victims) == 0 {
		return errors.New("the soak has no node that it may kill")
	}
	for {
		pause(ctx, 2*f.s.o.Settle+time.Duration(f.rng.Int64N(int64(f.s.o.Settle))))
		if ctx.Err() != nil {
			return nil
		}
		a := victims[f.rng.IntN(len(victims))]
		f.s.model.state(a.i, true)
		if err := a.m.Kill(); err != nil {
			return fmt.Errorf("kill the node of %s: %w", a.m.Name, err)
		}
		f.s.count(func(r *Report) { r.Kills++ })
		pause(ctx, time.Duration(f.rng.Int64N(int64(f.s.o.Outage))))
		if ctx.Err() != nil {
			return nil // mend starts it
		}
		if err := f.raise(ctx, a); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (f *fate) victims() (out []*actor) {
	for _, a := range f.s.actors {
		if a.m.Kill != nil {
			out = append(out, a)
		}
	}
	return out
}

func (f *fate) raise(ctx context.Context, a *actor) error {
	if err := a.m.Start(ctx); err != nil {
		return fmt.Errorf("start the node of %s again: %w", a.m.Name, err)
	}
	f.s.model.state(a.i, false)
	return nil
}

// mend starts whoever is down. A node whose start was under way when the work ended is started again
// only if it does not answer.
func (f *fate) mend(ctx context.Context) error {
	for _, a := range f.victims() {
		if !f.s.model.isDown(a.i) {
			continue
		}
		if err := a.m.Kill(); err != nil {
			return fmt.Errorf("kill the node of %s: %w", a.m.Name, err)
		}
		if err := f.raise(ctx, a); err != nil {
			return err
		}
	}
	return nil
}
