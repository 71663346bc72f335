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

func startProcess(t *testing.T, dir string, i int) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+dir, fmt.Sprintf("%s_NODE=%d", childEnv, i))
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
	acked     []string          // by index, from 1 on: hash of the entry
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
	f := &fleet{t: t, c: Found(t, *seedFlag, 3, dir, tr), dir: dir, finals: map[string]string{}, hit: map[string]int{}}
	f.org = f.c.Nodes[0].Org
	for i := range f.c.Nodes {
		f.processes = append(f.processes, startProcess(t, dir, i))
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
	for i := range *kills {
		f.cycle(failpoints()[(i*7+int(*seedFlag))%len(failpoints())], r)
	}
	for i := range f.processes {
		f.holds(i)
	}
	t.Logf("%d kills, %d of them at a failpoint: %v; %d entries acknowledged, %d sizes final", *kills, sum(f.hit), f.hit, len(f.acked), len(f.finals))
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// cycle kills one process while entries are submitted, and brings it back.
func (f *fleet) cycle(failpoint string, r *rand.Rand) {
	i := r.IntN(len(f.processes))
	victim := f.processes[i]
	victim.ask(fmt.Sprintf("fail %s %d", failpoint, 1+r.IntN(4)))
	hit := false
	for range 4 + r.IntN(8) {
		f.submit()
		select {
		case <-victim.exited:
			hit = true
		default:
		}
	}
	if hit {
		f.hit[failpoint]++
	}
	pause := time.Duration(r.Int64N(int64(20 * time.Millisecond)))
	go func() { // while the next entry is under way
		time.Sleep(pause)
		_ = victim.cmd.Process.Kill()
	}()
	f.submit()
	<-victim.exited
	f.submit()
	f.processes[i] = startProcess(f.t, f.dir, i)
	f.submit()
	f.holds(i)
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
			f.acked = append(f.acked, digest(raw))
			return
		}
	}
	f.t.Fatalf("entry %d is not recorded within %v", f.seq, killLimit)
}

// holds waits until a node has all that was acknowledged, and compares it.
func (f *fleet) holds(i int) {
	f.t.Helper()
	answer, ok := f.processes[i].ask(fmt.Sprintf("leaves %d", f.seq+1))
	if !ok {
		f.t.Fatalf("node %d died", i)
	}
	words := strings.Fields(answer)
	if len(words) < 3+len(f.acked) || words[0] != "leaves" {
		f.t.Fatalf("node %d has not what was acknowledged: %s", i, answer)
	}
	for at, want := range f.acked {
		if words[3+at] != want {
			f.t.Errorf("node %d has another entry at %d", i, at+1)
		}
	}
	if words[1] != "0" { // something is final
		if root, known := f.finals[words[1]]; known && root != words[2] {
			f.t.Errorf("two roots are final at size %s", words[1])
		}
		f.finals[words[1]] = words[2]
	}
}

func digest(raw []byte) string { return hex.EncodeToString(leafHash(raw)) }

func socket(dir string, i int, protocol string) string {
	return filepath.Join(dir, fmt.Sprintf("%d-%s", i, strings.Split(protocol, "/")[1]))
}
