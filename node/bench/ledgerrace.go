package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/replica/baseline"
)

// racer is one contender with what it has shown so far.
type racer struct {
	name    string
	submit  func(ctx context.Context, raw []byte) error
	applied func(context.Context) error // every node has executed what was submitted
	close   func() error
	seqs    []uint64 // of each writer's newest entry

	took  []time.Duration // of each entry that counts
	rates []float64       // entries a second, of each round that counts
	cpu   time.Duration   // of this process in these rounds: all nodes and all writers
}

func newRacer(name string, writers int, submit func(context.Context, []byte) error, applied func(context.Context) error, end func() error) *racer {
	return &racer{name: name, submit: submit, applied: applied, close: end, seqs: make([]uint64, writers)}
}

// perSecond is the rate of the middle round, so that one in which the machine was busy does not tell.
func (r *racer) perSecond() float64 { return middle(r.rates) }

// perEntry is the processor time of one entry in microseconds.
func (r *racer) perEntry() float64 { return float64(r.cpu.Microseconds()) / float64(len(r.took)) }

// median is that of all entries that count, in milliseconds.
func (r *racer) median() float64 { return float64(middle(r.took).Microseconds()) / 1000 }

func middle[T float64 | time.Duration](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// run has every writer commit its entries of one round, one at a time, signed beforehand. What counts is
// kept.
func (r *racer) run(ctx context.Context, o LedgerOptions, c *consortium, counts bool) error {
	signed, err := c.sign(r.seqs, o.Entries)
	if err != nil {
		return err
	}
	took := make([][]time.Duration, len(signed))
	group, ctx := errgroup.WithContext(ctx)
	var elapsed time.Duration
	cpu, err := measured(func() error {
		start := time.Now()
		for i, raws := range signed {
			group.Go(func() (err error) {
				took[i], err = r.write(ctx, raws)
				return err
			})
		}
		defer func() { elapsed = time.Since(start) }()
		return group.Wait()
	})
	if err != nil {
		return err
	}
	if counts {
		r.cpu += cpu
		r.took = append(r.took, slices.Concat(took...)...)
		r.rates = append(r.rates, float64(o.Entries*len(took))/elapsed.Seconds())
	}
	return r.settle()
}

// settle keeps one contender's followers from working in the next one's time.
func (r *racer) settle() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return r.applied(ctx)
}

func (r *racer) write(ctx context.Context, raws [][]byte) ([]time.Duration, error) {
	took := make([]time.Duration, len(raws))
	for i, raw := range raws {
		start := time.Now()
		if err := persist(ctx, r.submit, raw); err != nil {
			return nil, err
		}
		took[i] = time.Since(start)
	}
	return took, nil
}

// patience is how long an entry may wait for a leader.
const patience = time.Minute

// persist submits until a leader has taken the entry. An election counts as time that the entry took.
func persist(ctx context.Context, submit func(context.Context, []byte) error, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := submit(ctx, raw)
		again := errors.Is(err, replica.ErrNotLeader) || errors.Is(err, replica.ErrUnknownOutcome) || errors.Is(err, baseline.ErrNoLeader)
		if err == nil || !again || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
