package watch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
)

var ring = [32]byte{1, 2, 3}

func digestOf(n int) indicator.Digest {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func outputOf(d indicator.Digest) (f Output) {
	a, b := sha256.Sum256(d[:]), sha256.Sum256(append(d[:], 1))
	copy(f[:], append(a[:], b[:]...))
	return f
}

func openStore(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// keepWatch keeps a watch of n e-mail addresses.
func keepWatch(t testing.TB, s *store.Store, id string, n int) Watch {
	t.Helper()
	key := NewKey()
	w := store.Watch{ID: id, At: time.Now(), Purpose: "p", Key: key.Seal(ring, id)}
	var elements []Element
	for i := range n {
		reference := fmt.Sprint("REF-", i)
		elements = append(elements, Element{digestOf(i), &reference})
	}
	seq, err := s.AddWatch(context.Background(), w, Runs(key, id, []indicator.Type{"email"}, func(indicator.Type) []Element { return elements }))
	if err != nil {
		t.Fatal(err)
	}
	w.Seq = seq
	return Watch{w, key}
}

// TestRunsComeBack: every run opens in its place and nowhere else.
func TestRunsComeBack(t *testing.T) {
	s := openStore(t, t.TempDir())
	w := keepWatch(t, s, "w1", 2*RunSize+5)
	runs, err := s.Runs(t.Context(), w.Seq)
	if err != nil || len(runs) != 3 || runs[2].Count != 5 {
		t.Fatalf("%v, %v", runs, err)
	}
	r, err := s.Run(t.Context(), w.Seq, 2)
	if err != nil {
		t.Fatal(err)
	}
	elements, err := OpenRun(w.Key, w.ID, r)
	if err != nil || len(elements) != 5 || elements[4].Digest != digestOf(2*RunSize+4) || *elements[0].Reference != "REF-2048" {
		t.Fatalf("%v, %v", elements, err)
	}
	for name, bad := range map[string]func(r *store.Run, owner *string, key *Key){
		"another run":   func(r *store.Run, _ *string, _ *Key) { r.N = 1 },
		"another type":  func(r *store.Run, _ *string, _ *Key) { r.Type = "phone" },
		"another watch": func(_ *store.Run, owner *string, _ *Key) { *owner = "w2" },
		"another key":   func(_ *store.Run, _ *string, key *Key) { *key = NewKey() },
		"another count": func(r *store.Run, _ *string, _ *Key) { r.Count = 4 },
		"a flipped bit": func(r *store.Run, _ *string, _ *Key) { r.Sealed = bytes.Clone(r.Sealed); r.Sealed[40] ^= 1 },
		"cut short":     func(r *store.Run, _ *string, _ *Key) { r.Sealed = r.Sealed[:10] },
	} {
		r, owner, key := r, w.ID, w.Key
		bad(&r, &owner, &key)
		if _, err := OpenRun(key, owner, r); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenKey([32]byte{9}, w.ID, w.Watch.Key); !errors.Is(err, ErrSealed) {
		t.Errorf("another ring opens the key: %v", err)
	}
}

// TestWhatIsWatchedIsSealed searches every file of the store for digests, outputs and references, and after
// the watch is removed for its key.
func TestWhatIsWatchedIsSealed(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	w := keepWatch(t, s, "w1", 300)
	f := outputOf(digestOf(7))
	span := store.Span{Watch: w.Seq, Holder: "bank", Epoch: 1, Run: 0, Start: 7, Count: 1}
	SealSpan(w.Key, w.ID, &span, []Output{f})
	if err := s.PutSpan(t.Context(), span); err != nil {
		t.Fatal(err)
	}
	d := digestOf(7)
	secrets := map[string][]byte{"digest": d[:], "output": f[:16], "reference": []byte("REF-7"), "key": w.Key[:]}
	if found := inFiles(t, dir, secrets); len(found) > 0 {
		t.Errorf("in the clear: %v", found)
	}
	sealed := map[string][]byte{"sealed key": w.Watch.Key}
	if found := inFiles(t, dir, sealed); len(found) == 0 {
		t.Error("the search cannot fail: the sealed key is nowhere")
	}
	if err := s.RemoveWatch(t.Context(), "w1"); err != nil {
		t.Fatal(err)
	}
	if found := inFiles(t, dir, sealed); len(found) > 0 {
		t.Errorf("after the removal: %v", found)
	}
	if err := s.RemoveWatch(t.Context(), "w1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if err := s.PutSpan(t.Context(), span); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a span of a removed watch: %v", err)
	}
}

func inFiles(t *testing.T, dir string, secrets map[string][]byte) (found []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, secret := range secrets {
			if bytes.Contains(b, secret) {
				found = append(found, name+" in "+filepath.Base(file))
			}
		}
	}
	return found
}

// TestGapsAndSpansAreARun: whatever spans there are, gaps and spans together are the run, once.
func TestGapsAndSpansAreARun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "count")
		covered := make([]int, n)
		var spans []store.Span
		for at := 0; at < n; {
			length := rapid.IntRange(1, 7).Draw(t, "length")
			length = min(length, n-at)
			if rapid.Bool().Draw(t, "done") {
				spans = append(spans, store.Span{Run: 3, Start: at, Count: length})
				for i := at; i < at+length; i++ {
					covered[i]++
				}
			}
			at += length
		}
		spans = append(spans, store.Span{Run: 4, Start: 0, Count: n}) // of another
		missing := gaps(store.Run{N: 3, Count: n}, spans)
		for limit := rapid.IntRange(1, 9).Draw(t, "cut"); len(missing) > 0; {
			var now []stretch
			now, missing = cut(missing, limit)
			size := 0
			for _, s := range now {
				size += s.count
				for i := s.start; i < s.start+s.count; i++ {
					covered[i]++
				}
			}
			if size > limit || size == 0 {
				t.Fatalf("%d elements at once, at most %d", size, limit)
			}
		}
		for i, times := range covered {
			if times != 1 {
				t.Fatalf("element %d is there %d times", i, times)
			}
		}
	})
}

// TestRollStaysSorted: parts ascend and hold every tag with its owner.
func TestRollStaysSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, want := &roll{}, map[owner]index.Tag{}
		for n := range rapid.IntRange(1, 20).Draw(t, "spans") {
			var tags []index.Tag
			var owners []owner
			for i := range rapid.IntRange(1, 40).Draw(t, "size") {
				tag := index.Tag{byte(rapid.IntRange(0, 30).Draw(t, "tag"))}
				o := owner{int64(n % 3), int32(n), int32(i)}
				tags, owners, want[o] = append(tags, tag), append(owners, o), tag
			}
			r.add(tags, owners)
		}
		if rapid.Bool().Draw(t, "drop") {
			r.drop(1)
			for o := range want {
				if o.watch == 1 {
					delete(want, o)
				}
			}
		}
		got := map[owner]index.Tag{}
		for _, p := range r.parts {
			for i, o := range p.owners {
				got[o] = p.tags[i]
				if i > 0 && p.tags[i-1].Compare(p.tags[i]) > 0 {
					t.Fatal("a part does not ascend")
				}
			}
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(owner{})); diff != "" || r.len() != len(want) {
			t.Fatal(diff)
		}
		if len(r.parts) > 12 {
			t.Fatalf("%d parts of %d tags", len(r.parts), r.len())
		}
	})
}

func TestPieces(t *testing.T) {
	for budget, want := range map[uint64]int{0: 1, 1: 1, 8: 1, 64: 8, 100: 8, 8191: 512, 8192: 1024, 100_000: 1024} {
		if got := pieceOf(budget); got != want {
			t.Errorf("budget %d: %d elements a question, want %d", budget, got, want)
		}
	}
}

// holders is an [Asker] in memory: it evaluates within a budget and counts how often it was asked.
type holders struct {
	mu      sync.Mutex
	epoch   uint64
	budget  int
	size    uint64
	resets  time.Time
	asked   map[string]map[indicator.Digest]int // by epoch
	breakAt int                                 // elements after which the exchange breaks
}

func (h *holders) Holders() []Holder {
	h.mu.Lock()
	defer h.mu.Unlock()
	return []Holder{{"bank", h.epoch}}
}

func (h *holders) Allowance(Watch, Holder, indicator.Type) (Allowance, *Hindrance) {
	return Allowance{EvaluationsPerDay: 1 << 20, WatchSize: h.size}, nil
}

func (h *holders) Ask(_ context.Context, q Question, take func(uint64, []int, []Output) error) *Hindrance {
	h.mu.Lock()
	defer h.mu.Unlock()
	by := fmt.Sprint(q.Holder.Epoch)
	if h.asked[by] == nil {
		h.asked[by] = map[indicator.Digest]int{}
	}
	for from := 0; from < len(q.Elements); from += q.Batch {
		to := min(from+q.Batch, len(q.Elements))
		if h.budget < to-from {
			return &Hindrance{Status: "budget-spent", Until: &h.resets}
		}
		if h.breakAt > 0 {
			if h.breakAt -= to - from; h.breakAt <= 0 {
				h.breakAt = 0
				return &Hindrance{Status: "unreachable"}
			}
		}
		h.budget -= to - from
		var places []int
		var outputs []Output
		for i := from; i < to; i++ {
			h.asked[by][q.Elements[i].Digest]++
			places, outputs = append(places, i), append(outputs, outputOf(q.Elements[i].Digest))
		}
		if err := take(q.Holder.Epoch, places, outputs); err != nil {
			return &Hindrance{Status: "local-failure", Detail: err.Error()}
		}
	}
	return nil
}

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("gave up waiting until %s", what)
}

// TestEnrolment: every element is evaluated once an epoch, over a broken exchange, a restart and a spent
// budget; a new epoch is enrolled by itself, and the old one forgotten.
func TestEnrolment(t *testing.T) {
	s := openStore(t, t.TempDir())
	const n = 3*RunSize + 100
	w := keepWatch(t, s, "w1", n)
	c := &clock{t: time.Now()}
	h := &holders{epoch: 1, budget: 2 * RunSize, size: n, asked: map[string]map[indicator.Digest]int{}, breakAt: RunSize + 1}
	h.resets = c.now().Add(time.Hour)
	var told sync.Map
	mirrored := func(_ string, epoch uint64) bool { h.mu.Lock(); defer h.mu.Unlock(); return epoch >= h.epoch }
	run := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		e := NewEnroller(EnrollerConfig{
			Ring: ring, Store: s, Asker: h, Mirrored: mirrored, Log: slog.New(slog.DiscardHandler), Now: c.now,
			Ref: func(_ string, epoch uint64, t indicator.Type) (mirror.Ref, bool) {
				return mirror.Ref{Epoch: epoch, Type: string(t)}, true
			},
			Done: func(_ context.Context, _ mirror.Ref, p store.Span) {
				told.Store([3]int{int(p.Epoch), p.Run, p.Start}, p.Count)
			},
		})
		var done sync.WaitGroup
		done.Go(func() { e.Run(ctx) })
		ticker := time.NewTicker(10 * time.Millisecond)
		done.Go(func() {
			for ctx.Err() == nil {
				<-ticker.C
				c.move(20 * time.Second)
				e.Kick()
			}
		})
		return func() { cancel(); done.Wait() }
	}
	enrolled := func(epoch uint64) (sum int64) {
		all, err := s.Enrolled(context.Background(), w.Seq)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			if x.Epoch == epoch {
				sum += x.Count
			}
		}
		return sum
	}
	stop := run()
	until(t, "the budget is spent", func() bool {
		all, err := s.Hindrances(t.Context(), w.Seq)
		return err == nil && len(all) == 1 && all[0].Status == "budget-spent" && all[0].Until != nil
	})
	stop()
	if got := enrolled(1); got != 2*RunSize {
		t.Fatalf("%d elements enrolled within the budget", got)
	}
	h.mu.Lock()
	h.budget = 1 << 20
	h.mu.Unlock()
	stop = run()
	until(t, "all is enrolled after the reset", func() bool { return enrolled(1) == n })
	if c.now().Before(h.resets) {
		t.Error("the holder was asked before its budget reset")
	}
	until(t, "nothing hinders", func() bool { all, err := s.Hindrances(t.Context(), w.Seq); return err == nil && len(all) == 0 })
	h.mu.Lock()
	h.epoch = 2
	h.mu.Unlock()
	until(t, "the next epoch is enrolled", func() bool { return enrolled(2) == n })
	until(t, "the ended epoch is forgotten", func() bool { return enrolled(1) == 0 })
	stop()
	for _, epoch := range []string{"1", "2"} {
		if len(h.asked[epoch]) != n {
			t.Errorf("epoch %s: %d of %d elements asked about", epoch, len(h.asked[epoch]), n)
		}
		for d, times := range h.asked[epoch] {
			if times != 1 {
				t.Fatalf("epoch %s: an element was asked about %d times (first byte %x)", epoch, times, d[0])
			}
		}
	}
	sum := 0
	told.Range(func(_, count any) bool { sum += count.(int); return true })
	if sum != 2*n {
		t.Errorf("the matcher was told of %d elements, want %d", sum, 2*n)
	}
}

// TestWatchSize: what policy does not grant is not asked about, over all watches together.
func TestWatchSize(t *testing.T) {
	s := openStore(t, t.TempDir())
	first, second := keepWatch(t, s, "w1", 60), keepWatch(t, s, "w2", 60)
	h := &holders{epoch: 1, budget: 1 << 20, size: 100, asked: map[string]map[indicator.Digest]int{}}
	e := NewEnroller(EnrollerConfig{
		Ring: ring, Store: s, Asker: h, Mirrored: func(string, uint64) bool { return true }, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Ref: func(string, uint64, indicator.Type) (mirror.Ref, bool) { return mirror.Ref{}, false },
	})
	e.holder(t.Context(), Holder{"bank", 1})
	all, err := s.Hindrances(t.Context(), 0)
	if err != nil || len(all) != 1 || all[0].Watch != second.Seq || all[0].Status != TooLarge || !strings.Contains(all[0].Detail, "120") {
		t.Errorf("hindrances %+v, %v", all, err)
	}
	done, err := s.Enrolled(t.Context(), 0)
	if err != nil || len(done) != 1 || done[0].Watch != first.Seq || done[0].Count != 60 {
		t.Errorf("enrolled %+v, %v", done, err)
	}
}
