package mirror

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/crosslight/crosslight/privacy/index"
)

// Entry is an item on its way into a build.
type Entry struct {
	Digest [32]byte
	Label  []byte // encoded; none in a withdrawal
	Known  bool   // F is here already
	F      [index.OutputSize]byte
}

// Evaluate derives the OPRF outputs of digests of 32 bytes each. It is called on many goroutines.
type Evaluate func(digests [][]byte) ([][index.OutputSize]byte, error)

// encodeRun is how many items are evaluated together: enough for the one inversion that they share not
// to show, few enough for all cores to end at the same time.
const encodeRun = 128

// run is a stretch of entries with what was prepared of them.
type run struct {
	entries  []Entry
	prepared []byte
	fresh    []Entry // those that were evaluated here
}

// Encode puts in all entries, in no order: it evaluates and seals on all cores while entries are read and
// while what is ready is written. fresh is called with those that were not Known, a few at a time, on the
// caller's goroutine; nil for none. The first error ends it and is returned: of entries, evaluate, fresh,
// or those of [Build.Add].
func (b *Build) Encode(ctx context.Context, evaluate Evaluate, entries iter.Seq2[Entry, error], fresh func([]Entry) error) error {
	cores := runtime.GOMAXPROCS(0)
	todo, done := make(chan []Entry, cores), make(chan run, cores)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(todo)
		return split(ctx, entries, todo)
	})
	var workers sync.WaitGroup
	for range cores {
		workers.Add(1)
		group.Go(func() error {
			defer workers.Done()
			return b.work(ctx, evaluate, todo, done)
		})
	}
	go func() {
		workers.Wait()
		close(done)
	}()
	var err error
	for r := range done { // to the end, so that nobody waits for a reader
		if err != nil {
			continue
		}
		if err = b.take(r, fresh); err != nil {
			group.Go(func() error { return err }) // ends the others
		}
	}
	if werr := group.Wait(); werr != nil { // err itself, where that came first
		return werr
	}
	return err
}

// split hands entries on in runs.
func split(ctx context.Context, entries iter.Seq2[Entry, error], todo chan<- []Entry) error {
	send := func(list []Entry) error {
		select {
		case todo <- list:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	list := make([]Entry, 0, encodeRun)
	for e, err := range entries {
		if err != nil {
			return err
		}
		if list = append(list, e); len(list) < encodeRun {
			continue
		}
		if err := send(list); err != nil {
			return err
		}
		list = make([]Entry, 0, encodeRun)
	}
	if len(list) == 0 {
		return nil
	}
	return send(list)
}

// work prepares runs until there are no more.
func (b *Build) work(ctx context.Context, evaluate Evaluate, todo <-chan []Entry, done chan<- run) error {
	for entries := range todo {
		r, err := b.prepare(evaluate, entries)
		if err != nil {
			return err
		}
		select {
		case done <- r:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (b *Build) prepare(evaluate Evaluate, entries []Entry) (run, error) {
	r := run{entries: entries}
	var missing []int
	var digests [][]byte
	for i := range entries {
		if !entries[i].Known {
			missing, digests = append(missing, i), append(digests, entries[i].Digest[:])
		}
	}
	if len(digests) > 0 {
		outputs, err := evaluate(digests)
		if err != nil {
			return r, err
		}
		for n, i := range missing {
			entries[i].F = outputs[n]
			r.fresh = append(r.fresh, entries[i])
		}
	}
	for i := range entries {
		var err error
		if r.prepared, err = b.Prepare(r.prepared, &entries[i].F, entries[i].Label); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (b *Build) take(r run, fresh func([]Entry) error) error {
	if err := b.Put(r.prepared, len(r.entries)); err != nil {
		return err
	}
	if len(r.fresh) == 0 || fresh == nil {
		return nil
	}
	return fresh(r.fresh)
}
