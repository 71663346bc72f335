package bench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
)

// IndexOptions sets the size of the index bench.
type IndexOptions struct {
	Dir  string // an empty folder on the disk that is measured, too
	N    int    // indicators
	Bare int    // of them are evaluated bare, before and after
	Seed uint64
	Now  time.Time
	Say  func(string) // progress; may be nil
}

// Targets of the index bench: the ratio always, the time for a million on two cores or more, the memory for
// up to ten million.
const (
	maxEncodeOverBare = 1.10
	maxMillionSeconds = 30.0
	maxIndexMemory    = 1536.0 // MB
)

// Index measures how long it takes to encode N indicators: evaluating, sealing, sorting and writing to
// disk, against the bare evaluation of the same inputs on the same cores. Nothing is cached. The bare
// evaluation is that of ristretto255, the fastest group here, on runs of the same length.
func Index(ctx context.Context, o IndexOptions) (Result, error) {
	if o.N < 1 || o.N > 100_000_000 || o.Bare < 1 {
		return Result{}, ErrOptions
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	o.Bare = min(o.Bare, o.N)
	key, err := voprf.DeriveKey([32]byte{byte(o.Seed)}, []byte("bench index"))
	if err != nil {
		return Result{}, err
	}
	o.Say("evaluating bare")
	var before, after time.Duration
	bareCPU, err := measured(func() (err error) { before, err = bareEvaluation(ctx, key, o); return err })
	if err != nil {
		return Result{}, err
	}
	o.Say(fmt.Sprintf("encoding %d indicators", o.N))
	var wall time.Duration
	cpu, err := measured(func() error {
		start := time.Now()
		defer func() { wall = time.Since(start) }()
		return encodeIndex(ctx, key, o)
	})
	if err != nil {
		return Result{}, err
	}
	o.Say("evaluating bare once more")
	moreCPU, err := measured(func() (err error) { after, err = bareEvaluation(ctx, key, o); return err })
	if err != nil {
		return Result{}, err
	}
	return indexResult(o, spent{wall, cpu}, spent{(before + after) / 2, (bareCPU + moreCPU) / 2})
}

// spent is what something took.
type spent struct{ wall, cpu time.Duration }

func indexResult(o IndexOptions, encode, bare spent) (Result, error) {
	rss, err := maxRSS()
	r := newResult("index", o.Seed, o.Now)
	r.Params["n"], r.Params["bare"] = o.N, o.Bare
	perBare := bare.wall.Seconds() / float64(o.Bare)
	r.Figures["n"] = o.N
	r.Figures["wall_s"], r.Figures["cpu_s"] = round(encode.wall.Seconds()), round(encode.cpu.Seconds())
	r.Figures["full_evaluate_us"] = round(bare.cpu.Seconds() / float64(o.Bare) * 1e6)
	r.Figures["max_rss_mb"] = round(float64(rss) / 1e6)
	r.Ratios["encode_over_bare"] = round(encode.wall.Seconds() / float64(o.N) / perBare)
	r.Ratios["encode_cpu_over_bare"] = round(encode.cpu.Seconds() / float64(o.N) / (bare.cpu.Seconds() / float64(o.Bare)))
	r.target("encode_over_bare", "<=", maxEncodeOverBare)
	if o.N >= 1_000_000 {
		r.Figures["million_s"] = round(encode.wall.Seconds() / float64(o.N) * 1e6)
		r.target("million_s", "<=", maxMillionSeconds)
	}
	if o.N <= 10_000_000 {
		r.target("max_rss_mb", "<=", maxIndexMemory)
	}
	return r, err
}

// benchRun is how many inputs are evaluated together, as in the index.
const benchRun = 128

// bareEvaluation evaluates the inputs on all cores and keeps nothing.
func bareEvaluation(ctx context.Context, key *voprf.SecretKey, o IndexOptions) (time.Duration, error) {
	start := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < o.Bare; from += benchRun {
		group.Go(func() error {
			var inputs [][]byte
			for i := from; i < min(from+benchRun, o.Bare); i++ {
				d := benchDigest(o.Seed, i)
				inputs = append(inputs, d[:])
			}
			_, err := key.FullEvaluateAll(inputs)
			return errors.Join(err, ctx.Err())
		})
	}
	err := group.Wait()
	return time.Since(start), err
}

func benchDigest(seed uint64, i int) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, seed), uint64(i)))
}

// benchLabel has the length of a usual one.
var benchLabel = make([]byte, 120)

func encodeIndex(ctx context.Context, key *voprf.SecretKey, o IndexOptions) error {
	entries := func(yield func(mirror.Entry, error) bool) {
		for i := range o.N {
			if !yield(mirror.Entry{Digest: benchDigest(o.Seed, i), Label: benchLabel}, ctx.Err()) {
				return
			}
		}
	}
	evaluate := func(digests [][]byte) ([][index.OutputSize]byte, error) {
		outputs, err := key.FullEvaluateAll(digests)
		out := make([][index.OutputSize]byte, len(outputs))
		for i, f := range outputs {
			out[i] = f
		}
		return out, err
	}
	_, err := buildSegment(ctx, o.Dir, entries, evaluate)
	return err
}

// benchHolder is the holder of the indexes of benches.
var benchHolder = member.PublicKey{1}

func benchContext() index.Context {
	return index.Context{Ledger: [32]byte{1}, Holder: benchHolder.PeerID(), Epoch: 1, Type: "email"}
}

// buildSegment encodes entries into a base in dir, and returns its size in items.
func buildSegment(ctx context.Context, dir string, entries iter.Seq2[mirror.Entry, error], evaluate mirror.Evaluate) (uint64, error) {
	m, err := mirror.Open(dir, mirror.Options{})
	if err != nil {
		return 0, err
	}
	defer m.Close()
	b, err := m.NewBuild(benchHolder, benchContext(), index.Base)
	if err != nil {
		return 0, err
	}
	defer b.Abort() //nolint:errcheck // the folder goes as a whole
	if err := b.Encode(ctx, evaluate, entries, nil); err != nil {
		return 0, err
	}
	info, err := b.Finish()
	return info.Count, err
}
