package sim

import (
	"bufio"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/tlog"
)

var kills = flag.Int("sim.kills", 3, "processes that TestKill kills")

// killLimit is how long a step with real processes may take on a busy machine.
const killLimit = 60 * time.Second

// process is a founder's replica in a process of its own, which obeys lines and answers lines.
type process struct {
	t      *testing.T
	i      int
	dir    string
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan string
	exited chan struct{}
}

// startProcess starts one; fate is a failpoint that it meets as soon as that, or "".
func startProcess(t *testing.T, dir string, i int, fate string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+dir, fmt.Sprintf("%s_NODE=%d", childEnv, i), fateEnv+"="+fate)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, i: i, dir: dir, cmd: cmd, in: in, lines: make(chan string, 16), exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		s := bufio.NewScanner(out)
		for s.Buffer(nil, 1<<26); s.Scan(); {
			if line, ours := strings.CutPrefix(s.Text(), "> "); ours {
				p.lines <- line
			}
		}
		_ = cmd.Wait() // killed, mostly
	}()
	return p
}

// ask sends a line and returns the answer; false if the process is gone.
func (p *process) ask(line string) (string, bool) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return "", false
	}
	select {
	case answer := <-p.lines:
		return answer, true
	case <-p.exited:
		return "", false
	case <-time.After(killLimit):
		p.t.Fatalf("node %d does not answer %q", p.i, line)
		return "", false
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// fleet is a consortium of processes, seen by their only client.
type fleet struct {
	t         *testing.T
	c         *Consortium // for its keys; none of its nodes runs
	org       ledgertest.Org
	dir       string
	processes []*process
	seq       uint64
	tree      tlog.Frontier     // of the genesis and what was acknowledged
	finals    map[string]string // size to root: what anybody ever took for final
	hit       map[string]int    // failpoints at which a process was killed
}

// failpoints are the places at which a process can be made to kill itself.
func failpoints() (out []string) {
	for _, op := range replica.Ops() {
		out = append(out, "before "+string(op), "after "+string(op))
	}
	return out
}

// TestKill kills real processes with SIGKILL while they write: at a failpoint, or, should it not be
// reached, in between. What was acknowledged is there afterwards, at its index, on the node that was
// killed too, and nobody ever takes two roots of one size for final.
func TestKill(t *testing.T) {
	dir, err := os.MkdirTemp("", "crosslight") // the name of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	tr, err := NewTrace("")
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, c: Found(t, 1, 3, dir, tr), dir: dir, tree: tlog.NewFrontier(), finals: map[string]string{}, hit: map[string]int{}}
	f.org = f.c.Nodes[0].Org
	f.tree.Append(tlog.LeafHash(f.c.Genesis.Raw()))
	for i := range f.c.Nodes {
		f.processes = append(f.processes, startProcess(t, dir, i, ""))
	}
	defer func() {
		for _, p := range f.processes {
			p.kill()
		}
	}()
	f.submit() // all have begun: a founder with an empty log votes for nobody who has entries
	for i := range f.processes {
		f.holds(i)
	}
	r := rand.New(rand.NewPCG(*seedFlag, 3))
	done := 0
	for i := range *kills {
		if late() {
			break
		}
		done++
		f.cycle(failpoints()[(i*7+7*int(*seedFlag-1))%len(failpoints())], r)
	}
	for i := range f.processes {
		f.holds(i)
	}
	t.Logf("%d kills, %d of them at %d of %d failpoints: %v; %d entries acknowledged, %d sizes final",
		done, sum(f.hit), len(f.hit), len(failpoints()), f.hit, f.seq, len(f.finals))
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// So many entries and so much time are spent on a failpoint: there is a snapshot, and what it compacts, in a
// dozen or two of entries, and what is final is written once a second.
const (
	patience     = 60
	patienceTime = 2 * time.Second
)

// often says whether a process passes a failpoint with each entry, or many times at its start.
func often(failpoint string) bool {
	switch replica.Op(strings.Fields(failpoint)[1]) {
	case replica.OpLogRead, replica.OpLogStore, replica.OpStableGet:
		return true
	}
	return false
}

// atStart says whether a process reaches a failpoint when it starts, and hardly ever later.
func atStart(failpoint string) bool {
	switch replica.Op(strings.Fields(failpoint)[1]) {
	case replica.OpLogRead, replica.OpStableGet, replica.OpSnapshotOpen:
		return true
	}
	return false
}

// cycle kills one process while entries are submitted, and brings it back.
func (f *fleet) cycle(failpoint string, r *rand.Rand) {
	i := r.IntN(len(f.processes))
	nth, hit := 1, false
	if often(failpoint) {
		nth += r.IntN(4)
	}
	if atStart(failpoint) {
		hit = f.fallAtStart(i, failpoint, nth)
	} else {
		hit = f.fall(i, failpoint, nth, r)
	}
	if hit {
		f.hit[failpoint]++
	}
	f.submit()
	f.processes[i] = startProcess(f.t, f.dir, i, "")
	f.submit()
	f.holds(i)
}

// fallAtStart kills a process at any time, and again at a failpoint of its start.
func (f *fleet) fallAtStart(i int, failpoint string, nth int) (hit bool) {
	f.fallAnywhen(f.processes[i], time.Duration(nth)*time.Millisecond)
	f.processes[i] = startProcess(f.t, f.dir, i, fmt.Sprintf("%s %d", failpoint, nth))
	select {
	case <-f.processes[i].exited:
		return true
	case <-time.After(startLimit):
	}
	f.processes[i].kill()
	return false
}

// startLimit is how long a process that is to fall at its start may take to get there; on a slow machine it
// is killed on its way.
const startLimit = 5 * time.Second

// fall submits entries until a process has fallen at a failpoint; otherwise it is killed in between.
func (f *fleet) fall(i int, failpoint string, nth int, r *rand.Rand) (hit bool) {
	victim, began := f.processes[i], time.Now()
	victim.ask(fmt.Sprintf("fail %s %d", failpoint, nth))
	for n := 0; n < patience || time.Since(began) < patienceTime; n++ {
		f.submit()
		select {
		case <-victim.exited:
			return true
		case <-time.After(time.Duration(r.Int64N(int64(10 * time.Millisecond)))):
		}
	}
	f.fallAnywhen(victim, time.Duration(r.Int64N(int64(20*time.Millisecond))))
	return false
}

// fallAnywhen kills a process while the next entry is under way.
func (f *fleet) fallAnywhen(victim *process, pause time.Duration) {
	go func() {
		time.Sleep(pause)
		_ = victim.cmd.Process.Kill()
	}()
	f.submit()
	<-victim.exited
}

// submit has the next entry recorded, by whichever node takes it.
func (f *fleet) submit() {
	f.t.Helper()
	f.seq++
	raw := f.c.nodeInfo(f.org, f.seq, fmt.Sprintf("v%d", f.seq))
	for end := time.Now().Add(killLimit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, p := range f.processes {
			answer, ok := p.ask("submit " + hex.EncodeToString(raw))
			if !ok || !strings.HasPrefix(answer, "ok ") {
				continue
			}
			if want := fmt.Sprintf("ok %d", f.seq); answer != want {
				f.t.Fatalf("entry %d: %s, want %s: an entry was lost or stands twice", f.seq, answer, want)
			}
			f.tree.Append(tlog.LeafHash(raw))
			return
		}
	}
	f.t.Fatalf("entry %d is not recorded within %v", f.seq, killLimit)
}

// holds waits until a node has all that was acknowledged, and compares the root: every entry, at its index.
func (f *fleet) holds(i int) {
	f.t.Helper()
	answer, ok := f.processes[i].ask(fmt.Sprintf("root %d", f.seq+1))
	if !ok {
		f.t.Fatalf("node %d died", i)
	}
	words := strings.Fields(answer)
	if len(words) != 4 || words[0] != "root" {
		f.t.Fatalf("node %d has not what was acknowledged: %s", i, answer)
	}
	if want := fmt.Sprintf("%x", f.tree.Root()); words[1] != want {
		f.t.Errorf("node %d has another ledger of %d entries", i, f.seq+1)
	}
	if words[2] != "0" { // something is final
		if root, known := f.finals[words[2]]; known && root != words[3] {
			f.t.Errorf("two roots are final at size %s", words[2])
		}
		f.finals[words[2]] = words[3]
	}
}

func socket(dir string, i int, protocol string) string {
	return filepath.Join(dir, fmt.Sprintf("%d-%s", i, strings.Split(protocol, "/")[1]))
}
