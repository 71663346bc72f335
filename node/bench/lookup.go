package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// LookupOptions sets the size of the lookup bench.
type LookupOptions struct {
	Dir    string // an empty folder on the disk that is measured, too
	Tags   int    // looked up together
	Mirror int    // items in the mirror
	Hits   int    // of the tags are in it
	Seed   uint64
	Now    time.Time
	Say    func(string) // progress; may be nil
}

// Targets of the lookup bench.
const (
	maxLookupSeconds = 1.0
	maxRSSGrowth     = 1.25
)

// smallMirror is the part of the mirror that the small one has: its resident memory is what the large
// one's is compared with.
const smallMirror = 100

// Lookup measures how long it takes to look Tags values up in a mirror of Mirror items, Hits of which are
// there and have their labels opened: warm, the best of three, and with the mirror's files put out of the
// page cache. The outputs of the function are synthetic: random, of nobody's key.
func Lookup(ctx context.Context, o LookupOptions) (Result, error) {
	if o.Tags < 1 || o.Mirror < smallMirror || o.Mirror > 100_000_000 || o.Hits < 0 || o.Hits > min(o.Tags, o.Mirror/smallMirror) {
		return Result{}, ErrOptions
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	small, err := lookUp(ctx, o, "small", o.Mirror/smallMirror)
	if err != nil {
		return Result{}, err
	}
	large, err := lookUp(ctx, o, "large", o.Mirror)
	if err != nil {
		return Result{}, err
	}
	r := newResult("lookup", o.Seed, o.Now)
	r.Params["hits"] = o.Hits
	r.Figures["tags"], r.Figures["mirror"], r.Figures["synthetic"] = o.Tags, o.Mirror, true
	r.Figures["wall_s"], r.Figures["cold_s"] = round(large.warm.Seconds()), round(large.cold.Seconds())
	r.Figures["rss_mb"], r.Figures["rss_small_mb"] = round(large.rss), round(small.rss)
	r.Ratios["rss_growth"] = round(large.rss / small.rss)
	r.target("wall_s", "<=", maxLookupSeconds)
	r.target("rss_growth", "<=", maxRSSGrowth)
	return r, nil
}

// looked is what looking up in one mirror took.
type looked struct {
	warm, cold time.Duration
	rss        float64 // MB, the most while looking up
}

func lookUp(ctx context.Context, o LookupOptions, name string, items int) (out looked, err error) {
	o.Say(fmt.Sprintf("building the %s mirror of %d items", name, items))
	dir := filepath.Join(o.Dir, name)
	if err := syntheticMirror(ctx, dir, o.Seed, items); err != nil {
		return out, err
	}
	m, err := mirror.Open(dir, mirror.Options{})
	if err != nil {
		return out, err
	}
	defer m.Close()
	w := wantedTags(o, items)
	o.Say("looking up")
	if err := evict(dir); err != nil {
		return out, err
	}
	debug.FreeOSMemory()
	if err := resetPeak(); err != nil {
		return out, err
	}
	if out.cold, err = w.time(m, o); err != nil {
		return out, err
	}
	for round := range 3 {
		took, err := w.time(m, o)
		if err != nil {
			return out, err
		}
		if round == 0 || took < out.warm {
			out.warm = took
		}
	}
	out.rss, err = peakRSS()
	return out, err
}

// syntheticOutput stands in for what the function would give.
func syntheticOutput(seed uint64, i int) [index.OutputSize]byte {
	return sha512.Sum512(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte("lookup"), seed), uint64(i)))
}

func syntheticMirror(ctx context.Context, dir string, seed uint64, items int) error {
	m, err := mirror.Open(dir, mirror.Options{})
	if err != nil {
		return err
	}
	defer m.Close()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	holder := member.PublicOf(key)
	c := benchContext()
	c.Holder = holder.PeerID()
	b, err := m.NewBuild(holder, c, index.Base)
	if err != nil {
		return err
	}
	defer b.Abort() //nolint:errcheck // the folder goes as a whole
	err = b.Encode(ctx, nil, func(yield func(mirror.Entry, error) bool) {
		for i := range items {
			if !yield(mirror.Entry{Label: benchLabel, Known: true, F: syntheticOutput(seed, i)}, nil) {
				return
			}
		}
	}, nil)
	if err != nil {
		return err
	}
	info, err := b.Finish()
	if err != nil {
		return err
	}
	signed, err := session.Manifest{
		Ledger: c.Ledger, Holder: c.Holder, Epoch: c.Epoch, Type: c.Type, Version: 1, Segments: []session.SegmentInfo{info},
	}.Sign(key)
	if err != nil {
		return err
	}
	return m.Publish(holder, signed)
}

// wanted are values in the order of their tags.
type wanted struct {
	ref   mirror.Ref
	seed  uint64
	tags  []index.Tag
	items []int32
}

// wantedTags are Hits items of the mirror and others that are not in it.
func wantedTags(o LookupOptions, items int) wanted {
	holder := member.PublicOf(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	c := benchContext()
	c.Holder = holder.PeerID()
	d := index.NewDeriver(c)
	type one struct {
		tag  index.Tag
		item int32
	}
	list := make([]one, o.Tags)
	for i := range list {
		item := i * (items / max(o.Hits, 1))
		if i >= o.Hits {
			item = items + i
		}
		f := syntheticOutput(o.Seed, item)
		list[i] = one{d.Tag(&f), int32(item)}
	}
	slices.SortFunc(list, func(a, b one) int { return a.tag.Compare(b.tag) })
	w := wanted{ref: mirror.Ref{Holder: holder, Epoch: c.Epoch, Type: c.Type}, seed: o.Seed}
	for _, v := range list {
		w.tags, w.items = append(w.tags, v.tag), append(w.items, v.item)
	}
	return w
}

// errFound reports a mirror that gives wrong answers.
var errFound = errors.New("not as many were found as there are")

func (w wanted) time(m *mirror.Mirror, o LookupOptions) (time.Duration, error) {
	start := time.Now()
	v, err := m.Use(w.ref)
	if err != nil {
		return 0, err
	}
	found := 0
	var f [index.OutputSize]byte
	err = v.Match(w.tags, func(i int) *[index.OutputSize]byte {
		f = syntheticOutput(w.seed, int(w.items[i]))
		return &f
	}, func(int, []byte) error {
		found++
		return nil
	})
	took := time.Since(start)
	if err = errors.Join(err, v.Release()); err == nil && found != o.Hits {
		err = fmt.Errorf("%w: %d of %d", errFound, found, o.Hits)
	}
	return took, err
}
