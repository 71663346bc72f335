package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// AlertParties are two members of a running consortium of separate processes.
type AlertParties struct {
	Watcher, Holder hub.Hub
	HolderName      string
	Purpose         string
	Say             func(text string) // tells a person how far it is
}

// AlertOptions sets the size of the alert bench.
type AlertOptions struct {
	Index   int // indicators that the holder has
	Watch   int // indicators that the watcher watches there
	Samples int // imports of one indicator each that are waited for
	Seed    uint64
	Now     time.Time
}

// limitAlertP95MS is the target of the alert bench.
const limitAlertP95MS = 1000

// sampleWithin is how long one alert is waited for.
const sampleWithin = 2 * time.Minute

// Alert measures how long it takes from the import of an indicator at one member to the alert at another:
// from before the holder's API is called until the alert has come over the watcher's. The indicator is one
// of a watch, and the holder's index has its size already. Imports follow one another; each waits for the
// alert of the last.
func Alert(ctx context.Context, o AlertOptions, p AlertParties) (Result, error) {
	if o.Index < 1 || o.Samples < 1 || o.Watch < o.Samples {
		return Result{}, ErrOptions
	}
	r := newResult("alert", o.Seed, o.Now)
	r.Params["index"], r.Params["watch"], r.Params["samples"] = o.Index, o.Watch, o.Samples
	r.Figures["index"], r.Figures["watch"] = o.Index, o.Watch
	p.Say(fmt.Sprintf("importing an index of %d", o.Index))
	if _, err := p.Holder.Import(ctx, feedOf(o.Seed, "held", o.Index), hub.FeedOptions{Format: "csv"}); err != nil {
		return Result{}, err
	}
	p.Say(fmt.Sprintf("enrolling a watch of %d", o.Watch))
	if err := enrol(ctx, o, p); err != nil {
		return Result{}, err
	}
	p.Say("measuring")
	took, err := alertSamples(ctx, o, p)
	if err != nil {
		return Result{}, err
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	r.Figures["samples"] = len(took)
	r.Figures["p50_ms"] = round(ms(percentile(took, 50)))
	p95 := round(ms(percentile(took, 95)))
	r.Figures["p95_ms"] = p95
	r.Targets = append(r.Targets, Target{Key: "p95_ms", Limit: limitAlertP95MS, Op: "<=", Met: p95 <= limitAlertP95MS})
	return r, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// percentile of sorted durations, by the nearest rank.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// feedOf streams n made-up e-mail addresses.
func feedOf(seed uint64, what string, n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		b := bufio.NewWriterSize(w, 1<<16)
		fmt.Fprintln(b, "type,value,category,severity,reference,first_seen,expires")
		for i := range n {
			fmt.Fprintf(b, "email,%s,payment,,,,\n", benchAddress(seed, what, i))
		}
		w.CloseWithError(b.Flush())
	}()
	return r
}

func benchAddress(seed uint64, what string, i int) string {
	return fmt.Sprintf("%s-%d-%d@example.com", what, seed, i)
}

// enrol adds the watch and waits until the holder has evaluated all of it.
func enrol(ctx context.Context, o AlertOptions, p AlertParties) error {
	w, err := p.Watcher.AddWatch(ctx, hub.WatchRequest{
		Name: "bench", Purpose: p.Purpose, Case: "bench", Holders: []string{p.HolderName}, Feed: hub.FeedOptions{Format: "csv"},
	}, feedOf(o.Seed, "watched", o.Watch))
	for err == nil && !w.Enrolled {
		if len(w.Holders) == 1 && w.Holders[0].ResumesAt != nil {
			return fmt.Errorf("the holder stopped at %d of %d: %s", w.Holders[0].Enrolled, w.Holders[0].Elements, detail(w.Holders[0]))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		w, err = p.Watcher.WatchByID(ctx, w.ID)
	}
	if err == nil && w.Holders[0].Status != "enrolled" {
		return fmt.Errorf("the holder did not enrol the watch: %s %s", w.Holders[0].Status, detail(w.Holders[0]))
	}
	return err
}

func detail(h hub.WatchHolder) string {
	if h.Detail == nil {
		return ""
	}
	return *h.Detail
}

// alertSamples imports watched indicators one by one.
func alertSamples(ctx context.Context, o AlertOptions, p AlertParties) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan time.Time, 1)
	failed := make(chan error, 1)
	go func() {
		failed <- p.Watcher.FollowAlerts(ctx, "0", func(hub.Alert) error { heard <- time.Now(); return nil })
	}()
	var took []time.Duration
	for i := range o.Samples {
		row := "type,value,category,severity,reference,first_seen,expires\nemail," + benchAddress(o.Seed, "watched", i) + ",payment,,,,\n"
		start := time.Now()
		if _, err := p.Holder.Import(ctx, strings.NewReader(row), hub.FeedOptions{Format: "csv"}); err != nil {
			return nil, err
		}
		select {
		case at := <-heard:
			took = append(took, at.Sub(start))
		case err := <-failed:
			return nil, fmt.Errorf("follow alerts: %w", err)
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(sampleWithin):
			return nil, errors.New("no alert came of an import")
		}
	}
	return took, nil
}
