package sim

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
)

var diskCases = flag.Int("sim.disks", 8, "cases of TestDisk")

// disk is one case: a consortium of three, one of which is to suffer.
type disk struct {
	*outage
	t      *testing.T
	victim *Node
	old    string // a copy of the victim's folder from an earlier time
	leaves [][]byte
	result string
}

// TestDisk damages what a replica has on disk, or lets the disk fail while it runs. Allowed is a refusal
// with a name, after which an empty folder is filled by the others, or a recovery that ends in the same
// ledger; never another ledger.
func TestDisk(t *testing.T) {
	var mu sync.Mutex
	results, done := map[string]map[string]int{}, 0
	for i := range *diskCases {
		if late() {
			break
		}
		done++
		seed, dir := *seedFlag+uint64(i), t.TempDir()
		name := ""
		synctest.Test(t, func(t *testing.T) {
			d := newDisk(t, seed, dir)
			defer d.Stop()
			all := len(Damages()) + len(ailments())
			if kind := 7 * i % all; kind < len(Damages()) { // a few cases are of kinds far apart
				name = d.harm(Damages()[kind])
			} else {
				name = d.ail(ailments()[kind-len(Damages())])
			}
			for _, fault := range d.Faults() {
				t.Errorf("seed %d: %s: %s", seed, name, fault)
			}
			mu.Lock()
			defer mu.Unlock()
			if results[name] == nil {
				results[name] = map[string]int{}
			}
			results[name][d.result]++
		})
		if t.Failed() {
			t.Fatalf("case %d (%s), seed %d", i, name, seed)
		}
	}
	for name, r := range results {
		t.Logf("%s: %v", name, r)
	}
	t.Logf("%d cases", done)
}

func newDisk(t *testing.T, seed uint64, dir string) *disk {
	tr, err := NewTrace("")
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{t: t, outage: &outage{Consortium: Found(t, seed, 3, dir, tr)}, old: filepath.Join(dir, "old")}
	d.org = d.Nodes[0].Org
	for _, n := range d.Nodes {
		n.Faults.SnapshotEvery, n.Faults.Trailing = 8, 4
	}
	d.Start()
	d.grow(30)
	d.victim = d.Nodes[d.Rand.IntN(3)]
	d.must(d.victim, d.victim.Kill())
	if err := os.CopyFS(d.old, os.DirFS(d.victim.Dir)); err != nil {
		t.Fatal(err)
	}
	d.revive(d.victim)
	d.grow(30)
	return d
}

// grow confirms n more entries and waits until all nodes have them, and a snapshot.
func (d *disk) grow(n int) {
	for range n {
		d.confirm()
	}
	d.settle()
	time.Sleep(3 * Election)
}

func (d *disk) settle() {
	var err error
	if d.leaves, err = d.Settle(d.seq+1, settleLimit); err != nil {
		d.t.Fatalf("seed %d: %v", d.Seed, err)
	}
}

// harm damages the victim's folder while it is down.
func (d *disk) harm(damage Damage) string {
	d.must(d.victim, d.victim.Kill())
	if err := damage.Do(d.victim.Dir, d.old, d.leaves, d.Rand); err != nil {
		d.t.Fatalf("seed %d: %s: %v", d.Seed, damage.Name, err)
	}
	d.recovers(d.victim.Start())
	return damage.Name
}

// recovers checks what the victim made of its disk: err is what its start gave.
func (d *disk) recovers(err error) {
	d.result = "recovered"
	if err == nil {
		d.familiar()
		d.confirm()
		eventually(20*Election, func() bool { s, _, _ := d.victim.View(); return s > d.seq || d.victim.Replica().Err() != nil })
		err = d.victim.Replica().Err()
	}
	if err != nil {
		d.result = d.name(err)
		_ = d.victim.Kill()
		if err := os.RemoveAll(d.victim.Dir); err != nil { // what the error tells the operator to do
			d.t.Fatal(err)
		}
		d.victim.Cure()
		if err := d.victim.Start(); err != nil {
			d.t.Fatalf("seed %d: does not start from nothing: %v", d.Seed, err)
		}
	}
	before := d.leaves
	d.confirm()
	d.settle()
	if !slices.EqualFunc(before, d.leaves[:len(before)], slices.Equal[[]byte]) {
		d.t.Errorf("seed %d: the ledger has changed", d.Seed)
	}
}

// familiar checks that what the victim shows is a ledger that there was.
func (d *disk) familiar() {
	if size, root, _ := d.victim.View(); rootsOf(d.leaves)[size] != root {
		d.t.Errorf("seed %d: the victim shows a ledger of %d entries that never was", d.Seed, size)
	}
}

func (d *disk) name(err error) string {
	for _, known := range []error{replica.ErrCorrupt, replica.ErrDiskFull, replica.ErrDisk} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	d.t.Errorf("seed %d: a refusal without a name: %v", d.Seed, err)
	return err.Error()
}

// ailment is a disk that fails while the replica runs.
type ailment struct {
	name  string
	begin func(*disk)
}

func ailments() []ailment {
	fails := func(op replica.Op, cause error, late bool) ailment {
		return ailment{fmt.Sprintf("%s: %v, late %v", op, cause, late), func(d *disk) { d.victim.Sicken(op, cause, late) }}
	}
	return []ailment{
		fails(replica.OpLogStore, syscall.ENOSPC, false), fails(replica.OpLogStore, syscall.EIO, true),
		fails(replica.OpStableSet, syscall.ENOSPC, false), fails(replica.OpLogDelete, syscall.EIO, false),
		fails(replica.OpSnapshotCreate, syscall.ENOSPC, false), fails(replica.OpSnapshotWrite, syscall.ENOSPC, false),
		fails(replica.OpSnapshotClose, syscall.EIO, true),
		{"reads come short", func(d *disk) { d.spoil(func(b []byte, r *rand.Rand) []byte { return b[:r.IntN(len(b))] }) }},
		{"reads come with a flipped bit", func(d *disk) {
			d.spoil(func(b []byte, r *rand.Rand) []byte {
				b = slices.Clone(b)
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
				return b
			})
		}},
	}
}

// spoil starts the victim again with a disk on which one of twenty reads goes wrong.
func (d *disk) spoil(how func([]byte, *rand.Rand) []byte) {
	d.must(d.victim, d.victim.Kill())
	r := rand.New(rand.NewPCG(d.Seed, 7))
	var mu sync.Mutex
	d.victim.Faults.Read = func(_ replica.Op, b []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if len(b) == 0 || r.IntN(20) > 0 {
			return b
		}
		return how(b, r)
	}
}

// ail lets the victim's disk fail while entries are confirmed, then mends it and looks.
func (d *disk) ail(a ailment) string {
	a.begin(d)
	var err error
	if d.victim.Replica() == nil {
		err = d.victim.Start()
		if err != nil {
			d.name(err)
		}
	}
	for range 20 {
		d.confirm()
	}
	if r := d.victim.Replica(); r != nil && r.Err() != nil {
		d.name(r.Err())
	}
	d.victim.Cure()
	d.victim.Faults.Read = nil
	_ = d.victim.Kill()
	if leaves, err := d.other().Replica().Leaves(0, d.seq+1); err != nil {
		d.t.Fatal(err)
	} else {
		d.leaves = leaves
	}
	d.recovers(d.victim.Start())
	return a.name
}

func (d *disk) other() *Node {
	for _, n := range d.Nodes {
		if n != d.victim && eventually(settleLimit, func() bool { s, _, _ := n.View(); return s > d.seq }) {
			return n
		}
	}
	d.t.Fatal("nobody has the ledger")
	return nil
}
