package holder

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// fill puts every indicator of the type into the build, evaluating those without a cached output. Into the
// index of an epoch that takes nothing new it puts those alone that were evaluated before.
func (x *Indexer) fill(ctx context.Context, build *mirror.Build, epoch keptEpoch, typ indicator.Type) error {
	key, err := x.h.oprf.get(epoch.number, string(typ))
	if err != nil {
		return err
	}
	seal, err := x.h.oprf.seal(epoch.number)
	if err != nil {
		return err
	}
	page := &evalPage{key: key, seal: seal}
	flush := func() error {
		fresh, err := page.evaluate()
		if err != nil {
			return err
		}
		if len(fresh) > 0 {
			if err := x.h.cfg.Store.PutOutputs(ctx, epoch.number, fresh); err != nil {
				return err
			}
		}
		return page.drain(build)
	}
	err = x.h.cfg.Store.Each(ctx, epoch.number, typ, func(d indicator.Digest, label, f []byte) error {
		if len(f) == 0 && epoch.closed {
			return ctx.Err()
		}
		if err := page.add(d, label, f); err != nil {
			return err
		}
		if len(page.items) < pageSize {
			return ctx.Err()
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// pageSize is how many indicators are evaluated side by side before they are written out.
const pageSize = 4096

// evalPage is a run of indicators on its way into the index.
type evalPage struct {
	key   *voprf.SecretKey
	seal  *outputSeal
	items []evalItem
}

type evalItem struct {
	out    store.Output
	label  []byte
	cached bool
}

func (p *evalPage) add(d indicator.Digest, label, f []byte) error {
	it := evalItem{label: label, cached: len(f) == index.OutputSize, out: store.Output{Digest: d}}
	if it.cached {
		copy(it.out.F[:], f)
		if err := p.seal.apply(d, &it.out.F); err != nil {
			return err
		}
	}
	p.items = append(p.items, it)
	return nil
}

// evaluate fills in missing outputs on all cores and returns them, sealed, for the cache.
func (p *evalPage) evaluate() ([]store.Output, error) {
	var missing []*store.Output
	for i := range p.items {
		if !p.items[i].cached {
			missing = append(missing, &p.items[i].out)
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for run := range slices.Chunk(missing, runSize) {
		group.Go(func() error { return p.evaluateRun(run) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	fresh := make([]store.Output, len(missing))
	for i, m := range missing {
		fresh[i] = *m
		if err := p.seal.apply(m.Digest, &fresh[i].F); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// runSize is how many indicators are evaluated together: enough for the one inversion that they share not
// to show, few enough for all cores to end at the same time.
const runSize = 128

func (p *evalPage) evaluateRun(run []*store.Output) error {
	digests := make([][]byte, len(run))
	for i, o := range run {
		digests[i] = o.Digest[:]
	}
	outputs, err := p.key.FullEvaluateAll(digests)
	if err != nil {
		return err
	}
	for i, o := range run {
		o.F = outputs[i]
	}
	return nil
}

func (p *evalPage) drain(build *mirror.Build) error {
	for i := range p.items {
		if err := build.Add(&p.items[i].out.F, p.items[i].label); err != nil {
			return err
		}
	}
	p.items = p.items[:0]
	return nil
}
