package holder

import (
	"context"
	"errors"
	"iter"
	"math"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// segments are those that are being made of one index. Their files stay until close, which comes after
// the manifest that lists them.
type segments struct {
	x     *Indexer
	epoch keptEpoch
	typ   indicator.Type
	key   *voprf.SecretKey
	seal  *outputSeal // of outputs that the store keeps

	builds []*mirror.Build
}

func (x *Indexer) segments(epoch keptEpoch, typ indicator.Type) (*segments, error) {
	key, err := x.h.oprf.get(epoch.number, string(typ))
	if err != nil {
		return nil, err
	}
	seal, err := x.h.oprf.seal(epoch.number)
	if err != nil {
		return nil, err
	}
	return &segments{x: x, epoch: epoch, typ: typ, key: key, seal: seal}, nil
}

func (g *segments) close() {
	for _, b := range g.builds {
		_ = b.Abort() // what stays is removed with the next manifest
	}
}

// base is everything that the store holds up to a position.
func (g *segments) base(ctx context.Context, upTo store.Position) (session.SegmentInfo, error) {
	b, err := g.build(index.Base)
	if err != nil {
		return session.SegmentInfo{}, err
	}
	if err := g.encode(ctx, b, g.held(ctx, 0, upTo.Indicator)); err != nil {
		return session.SegmentInfo{}, err
	}
	return b.Finish()
}

// changes are what happened between two positions: a withdrawal and then an addition, for what was taken
// out and imported again is held. Either is left out where it would be empty. What is withdrawn while
// this works is missing in the addition, and comes with the next withdrawal as well, which does no harm.
func (g *segments) changes(ctx context.Context, from, to store.Position) (out []session.SegmentInfo, err error) {
	for _, part := range []struct {
		kind    index.Kind
		entries iter.Seq2[mirror.Entry, error]
	}{
		{index.Withdrawal, g.gone(ctx, from, to)},
		{index.Addition, g.held(ctx, from.Indicator, to.Indicator)},
	} {
		b, err := g.build(part.kind)
		if err != nil {
			return nil, err
		}
		if err := g.encode(ctx, b, part.entries); err != nil {
			return nil, err
		}
		if b.Count() == 0 {
			if err := b.Abort(); err != nil {
				return nil, err
			}
			continue
		}
		info, err := b.Finish()
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	return out, nil
}

func (g *segments) build(kind index.Kind) (*mirror.Build, error) {
	b, err := g.x.h.cfg.Mirror.NewBuild(member.PublicOf(g.x.h.node), index.Context{
		Ledger: g.x.h.cfg.LedgerID, Holder: g.x.h.self, Epoch: g.epoch.number, Type: string(g.typ),
	}, kind)
	if err == nil {
		g.builds = append(g.builds, b)
	}
	return b, err
}

// cacheSize is how many outputs are written to the store together.
const cacheSize = 4096

// encode evaluates what the store has no output of, and caches that there, sealed.
func (g *segments) encode(ctx context.Context, b *mirror.Build, entries iter.Seq2[mirror.Entry, error]) error {
	var fresh []store.Output
	flush := func() error {
		defer func() { fresh = fresh[:0] }()
		return g.x.h.cfg.Store.PutOutputs(ctx, g.epoch.number, fresh)
	}
	keep := func(list []mirror.Entry) error {
		for i := range list {
			sealed := store.Output{Digest: list[i].Digest, F: list[i].F}
			if err := g.seal.apply(sealed.Digest, &sealed.F); err != nil {
				return err
			}
			fresh = append(fresh, sealed)
		}
		if len(fresh) < cacheSize {
			return nil
		}
		return flush()
	}
	err := b.Encode(ctx, g.evaluate, entries, keep)
	if err == nil && len(fresh) > 0 {
		err = flush()
	}
	return err
}

func (g *segments) evaluate(digests [][]byte) ([][index.OutputSize]byte, error) {
	outputs, err := g.key.FullEvaluateAll(digests)
	if err != nil {
		return nil, err
	}
	out := make([][index.OutputSize]byte, len(outputs))
	for i, f := range outputs {
		out[i] = f
	}
	return out, nil
}

var errStop = errors.New("no more is wanted")

// held are the indicators with ids above after, up to upTo. In an epoch that takes nothing new they are those
// alone that were evaluated before.
func (g *segments) held(ctx context.Context, after, upTo int64) iter.Seq2[mirror.Entry, error] {
	return func(yield func(mirror.Entry, error) bool) {
		err := g.x.h.cfg.Store.EachBetween(ctx, g.epoch.number, g.typ, after, upTo, func(d indicator.Digest, label, f []byte) error {
			e := mirror.Entry{Digest: d, Label: label, Known: len(f) == index.OutputSize}
			if !e.Known && g.epoch.closed {
				return ctx.Err()
			}
			if e.Known {
				copy(e.F[:], f)
				if err := g.seal.apply(d, &e.F); err != nil {
					return err
				}
			}
			if !yield(e, nil) {
				return errStop
			}
			return ctx.Err()
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(mirror.Entry{}, err)
		}
	}
}

// gone are the digests that were taken out between two positions and that segments before may have. One
// that was taken out twice comes once.
func (g *segments) gone(ctx context.Context, from, to store.Position) iter.Seq2[mirror.Entry, error] {
	return func(yield func(mirror.Entry, error) bool) {
		seen := map[indicator.Digest]bool{}
		for after := from.Withdrawal; after < to.Withdrawal; {
			page, err := g.x.h.cfg.Store.Withdrawals(ctx, g.typ, after, math.MaxInt)
			if err != nil {
				yield(mirror.Entry{}, err)
				return
			}
			for _, line := range page {
				after = line.ID
				if line.ID > to.Withdrawal || line.Was > from.Indicator || seen[line.Digest] {
					continue
				}
				seen[line.Digest] = true
				if !yield(mirror.Entry{Digest: line.Digest}, nil) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
		}
	}
}
