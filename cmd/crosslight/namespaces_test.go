//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
)

var (
	nsCycles = flag.Int("namespaces.cycles", 1, "partitions that TestNamespaces makes; five are one of each kind")
	nsVoters = flag.Int("namespaces.voters", 4, "voters of TestNamespaces, 3 to 7")
	nsWithin = flag.Int("namespaces.within", 30, "election timeouts, of a second, within which TestNamespaces wants the majority, and after the healing all, to go on")
	nsSeed   = flag.Uint64("namespaces.seed", 1, "seed of TestNamespaces")
)

// The election timeout of a node as it ships.
const nodeElection = time.Second

// TestNamespaces runs real nodes, a process and a network namespace each, behind a router in a namespace of its
// own, and lets the router drop what the simulator's partitions would. Whatever is cut: no two finals, the
// majority confirms entries, who is cut off acknowledges none, and all come together after the healing.
//
//	node 0 ── veth ─┐
//	node 1 ── veth ─┼─ router: `ip rule from A to B blackhole`
//	…              ─┘
//
// The whole: go test ./cmd/crosslight -run TestNamespaces -namespaces.cycles 50 -timeout 0 -v
func TestNamespaces(t *testing.T) {
	if testing.Short() {
		t.Skip("TestNamespaces: left out of a short run")
	}
	l := newLab(t, *nsVoters)
	kinds := []struct {
		name string
		cut  func(l *lab)
	}{
		{"leader-alone", func(l *lab) { l.cutOff(l.leader(), true, true) }},
		{"symmetric", func(l *lab) { l.cutOff(l.anybody(), true, true) }},
		{"one-way, heard and deaf", func(l *lab) { l.cutOff(l.anybody(), false, true) }},
		{"one-way, hearing and mute", func(l *lab) { l.cutOff(l.leader(), true, false) }},
		{"flapping", func(l *lab) { l.flap(l.leader()) }},
	}
	var majority, healed []time.Duration
	for i := range *nsCycles {
		kind := kinds[i%len(kinds)]
		kind.cut(l)
		cutAt := time.Now()
		l.confirm(l.connected(), cutAt, kind.name+": the majority goes on")
		majority = append(majority, time.Since(cutAt))
		if kind.name == "leader-alone" {
			l.refused(l.alone)
		}
		l.finals()
		l.heal()
		healedAt := time.Now()
		l.confirm(l.alone, healedAt, kind.name+": who was cut off goes on after the healing")
		l.together(healedAt, kind.name)
		healed = append(healed, time.Since(healedAt))
		t.Logf("%s: majority after %.1f s, all together after %.1f s", kind.name, majority[i].Seconds(), healed[i].Seconds())
	}
}

// lab is a consortium whose nodes have a network namespace each, all behind one router.
type lab struct {
	*testing.T
	c      *cluster
	prefix string
	rng    *rand.Rand
	alone  int // who is cut off, or was last
	rules  [][2]int
	roots  map[uint64]string // of the finals that were seen, by size
	n      int
}

// newLab founds a consortium of n and starts its nodes. It skips the test, and says why, where this machine or
// this user cannot make namespaces.
func newLab(t *testing.T, n int) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("TestNamespaces needs root: it makes network namespaces, which nobody else may; run it as root to have it")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("TestNamespaces needs `ip` of iproute2 to make network namespaces, and there is none here")
	}
	l := &lab{T: t, prefix: fmt.Sprintf("xl%d", os.Getpid()), rng: rand.New(rand.NewPCG(*nsSeed, 7)), roots: map[uint64]string{}}
	dir := t.TempDir() // goes after the nodes in it
	t.Cleanup(l.down)
	if out, err := exec.Command("ip", "netns", "add", l.router()).CombinedOutput(); err != nil {
		t.Skipf("TestNamespaces: this machine lets root make no network namespaces (%s)", strings.TrimSpace(string(out)))
	}
	l.ip(l.router(), "link", "set", "lo", "up")
	l.must(exec.Command("ip", "netns", "exec", l.router(), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward").Run())
	names := []string{"Platform A", "Bank B", "Police C", "Hotline D", "NGO E", "Authority F", "Lender G"}
	sectors := []string{"tech", "finance", "law-enforcement", "hotline", "ngo", "regulator", "finance"}
	self, err := os.Executable()
	l.must(err)
	l.c = &cluster{exe: filepath.Join(dir, "crosslight"), dir: dir}
	l.must(os.Symlink(self, l.c.exe)) // by this name the test binary is the program
	for i := range n {
		l.wire(i)
		p := &process{name: names[i], sector: sectors[i], jurisdiction: "INT", listen: "/ip4/" + address(i) + "/tcp/7481"}
		p.home = filepath.Join(dir, folderName(p.name))
		p.passphrase = p.home + ".passphrase"
		l.must(home.WriteFile(p.passphrase, []byte("correct horse battery staple\n"), 0o600))
		l.c.nodes = append(l.c.nodes, p)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	l.must(l.c.found(ctx))
	for i := range l.c.nodes {
		l.start(i)
	}
	for i := range l.c.nodes {
		if out, err := l.crosslight(ctx, i, "node", "status", "--wait", "--timeout", "90s"); err != nil {
			t.Fatalf("%s is not ready: %v: %s: %s", l.c.nodes[i].name, err, out, l.c.nodes[i].lastWords())
		}
	}
	l.together(time.Now(), "the beginning")
	return l
}

func (l *lab) router() string     { return l.prefix + "r" }
func (l *lab) space(i int) string { return fmt.Sprintf("%sn%d", l.prefix, i) }

// address is a node's, in a net of its own with the router's end of the wire.
func address(i int) string { return fmt.Sprintf("10.73.%d.2", i) }

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// ip runs ip in a namespace.
func (l *lab) ip(space string, args ...string) {
	l.Helper()
	if out, err := exec.Command("ip", append([]string{"-n", space}, args...)...).CombinedOutput(); err != nil {
		l.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// wire makes the namespace of a node and connects it with the router.
func (l *lab) wire(i int) {
	l.Helper()
	gateway, end := fmt.Sprintf("10.73.%d.1", i), fmt.Sprintf("w%d", i)
	l.must(exec.Command("ip", "netns", "add", l.space(i)).Run())
	l.ip(l.router(), "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", l.space(i))
	l.ip(l.router(), "addr", "add", gateway+"/24", "dev", end)
	l.ip(l.router(), "link", "set", end, "up")
	l.ip(l.space(i), "addr", "add", address(i)+"/24", "dev", "eth0")
	l.ip(l.space(i), "link", "set", "lo", "up")
	l.ip(l.space(i), "link", "set", "eth0", "up")
	l.ip(l.space(i), "route", "add", "default", "via", gateway)
}

// start starts a node in its namespace; it ends when the test does.
func (l *lab) start(i int) {
	l.Helper()
	n := l.c.nodes[i]
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	l.must(err)
	defer log.Close()
	cmd := exec.Command("ip", "netns", "exec", l.space(i), l.c.exe, "node", "start", "--api", "127.0.0.1:0", "--until-eof")
	cmd.Env, cmd.Stderr = l.c.environ(n), log
	n.stdin, err = cmd.StdinPipe()
	l.must(err)
	l.must(cmd.Start())
	n.cmd, n.exited = cmd, make(chan struct{})
	go func() { _ = cmd.Wait(); close(n.exited) }()
}

// down stops the nodes and takes the namespaces away, those that were made.
func (l *lab) down() {
	if l.c != nil {
		l.c.stop()
		for i := range l.c.nodes {
			_ = exec.Command("ip", "netns", "del", l.space(i)).Run()
		}
	}
	_ = exec.Command("ip", "netns", "del", l.router()).Run()
}

// crosslight runs a command as the member's user, beside its node.
func (l *lab) crosslight(ctx context.Context, i int, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", l.space(i), l.c.exe}, args...)...)
	cmd.Env = l.c.environ(l.c.nodes[i])
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return out, err
}

func (l *lab) status(i int) (s hub.LedgerStatus) {
	l.Helper()
	out, err := l.crosslight(l.Context(), i, "ledger", "status", "-o", "json")
	l.must(err)
	l.must(json.Unmarshal(out, &s))
	return s
}

// leader waits for one that everybody names.
func (l *lab) leader() int {
	l.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		for i, n := range l.c.nodes {
			if s := l.status(i); s.Role == "leader" && s.Leader == n.name {
				return i
			}
		}
	}
	l.Fatal("no node leads")
	return 0
}

func (l *lab) anybody() int { return l.rng.IntN(len(l.c.nodes)) }

// connected is a node that was not cut off.
func (l *lab) connected() int { return (l.alone + 1 + l.rng.IntN(len(l.c.nodes)-1)) % len(l.c.nodes) }

// cutOff has the router drop what a node sends, or what is sent to it, or both.
func (l *lab) cutOff(i int, sends, hears bool) {
	l.Helper()
	l.alone = i
	for k := range l.c.nodes {
		if k == i {
			continue
		}
		if sends {
			l.drop(i, k)
		}
		if hears {
			l.drop(k, i)
		}
	}
}

func (l *lab) drop(from, to int) {
	l.Helper()
	l.ip(l.router(), "rule", "add", "from", address(from), "to", address(to), "blackhole")
	l.rules = append(l.rules, [2]int{from, to})
}

func (l *lab) heal() {
	l.Helper()
	for _, r := range l.rules {
		l.ip(l.router(), "rule", "del", "from", address(r[0]), "to", address(r[1]), "blackhole")
	}
	l.rules = nil
}

// flap cuts a node off and lets it in again, for up to an election timeout and a half each, and leaves it cut off.
func (l *lab) flap(i int) {
	l.Helper()
	for range 4 {
		l.cutOff(i, true, true)
		time.Sleep(time.Duration(l.rng.Int64N(int64(nodeElection * 3 / 2))))
		l.heal()
		time.Sleep(time.Duration(l.rng.Int64N(int64(nodeElection * 3 / 2))))
	}
	l.cutOff(i, true, true)
}

// confirm has a node's seat enter something until it is acknowledged, which is when it is final there.
func (l *lab) confirm(i int, since time.Time, what string) {
	l.Helper()
	limit := time.Duration(*nsWithin) * nodeElection
	var last error
	for time.Since(since) < limit {
		if last = l.enter(i, 5*time.Second); last == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	l.Fatalf("%s: %s has confirmed nothing for %v: %v\n%s", what, l.c.nodes[i].name, limit, last, l.c.nodes[i].lastWords())
}

// enter opens a proposal and takes it back, so that few are open whatever is lost.
func (l *lab) enter(i int, within time.Duration) error {
	l.n++
	other := l.c.nodes[(i+1)%len(l.c.nodes)].name
	out, err := l.crosslight(l.Context(), i, "proposal", "create", "suspend", "--member", other, "--reason", fmt.Sprint("drill ", l.n),
		"--yes", "--timeout", within.String(), "-o", "json")
	if err != nil {
		return err
	}
	var p hub.Proposal
	if err := json.Unmarshal(out, &p); err != nil {
		return err
	}
	_, err = l.crosslight(l.Context(), i, "proposal", "withdraw", p.ID, "--yes", "--timeout", within.String())
	return err
}

// refused: who is cut off from the majority may record, and acknowledges nothing.
func (l *lab) refused(i int) {
	l.Helper()
	if l.enter(i, 3*time.Second) == nil {
		l.Errorf("%s, cut off, has acknowledged an entry", l.c.nodes[i].name)
	}
}

// finals looks at what is final at each node: two roots at one size are what must never be.
func (l *lab) finals() (newest []hub.LedgerFinal) {
	l.Helper()
	for i, n := range l.c.nodes {
		f := l.status(i).Final
		if before, ok := l.roots[f.Size]; ok && before != f.Root {
			l.Fatalf("two finals at size %d: %s and, at %s, %s", f.Size, before, n.name, f.Root)
		}
		l.roots[f.Size] = f.Root
		newest = append(newest, f)
	}
	return newest
}

// together waits until the same is final at all nodes, and as far as any has got.
func (l *lab) together(since time.Time, what string) {
	l.Helper()
	limit := 2 * time.Duration(*nsWithin) * nodeElection // of which the confirmation before may have taken half
	var all []hub.LedgerFinal
	for time.Since(since) < limit {
		all = l.finals()
		same := all[0].Size > 0
		for _, f := range all {
			same = same && f.Size == all[0].Size && f.Root == all[0].Root
		}
		if same {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	l.Fatalf("%s: the nodes have not come together within %v: %+v", what, limit, all)
}
