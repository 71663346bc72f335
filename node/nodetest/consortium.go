// Package nodetest runs a whole consortium in one process: real nodes on loopback with their own
// homes, founded by the same ceremony that people use. Only tests import it.
package nodetest

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/p2p/reserve"
)

// passphrase opens every test node's keys. workFactor makes that quick; it is the one thing that is
// weaker here than in production.
var passphrase = []byte("correct horse battery staple")

const workFactor = 4

// Org is an organisation of the consortium.
type Org struct {
	Name   string
	Sector string
	Region string
}

// Trio is a platform, a bank and a police force.
func Trio() []Org {
	return []Org{{"platform", "tech", "US"}, {"bank", "finance", "GB"}, {"police", "law-enforcement", "GB"}}
}

// Options adjust a consortium. The zero value is the production node.
type Options struct {
	Policy *hub.Policy
	Tap    func(org string) p2p.Tap // records what a node says above Noise
	Config func(org string, c *node.Config)
	Now    func() time.Time // every node's clock, and the drafter's; nil is the system's
	// Unguarded runs the nodes without their gates and guards, to show what those are for.
	Unguarded bool
}

// Consortium is a set of founders, each with a home; nodes run or do not.
type Consortium struct {
	t    testing.TB
	dir  string
	opts Options
	orgs []Org

	mu    sync.Mutex
	nodes map[string]*node.Node
}

// New founds a consortium and starts all its nodes. It is taken down when the test ends.
func New(t testing.TB, orgs []Org, opts Options) *Consortium {
	t.Helper()
	c := Found(t, orgs, opts)
	for _, o := range orgs {
		c.Start(o.Name)
	}
	c.Ready()
	return c
}

// Found does the ceremony and starts nothing.
func Found(t testing.TB, orgs []Org, opts Options) *Consortium {
	t.Helper()
	c := &Consortium{t: t, dir: t.TempDir(), opts: opts, orgs: orgs, nodes: map[string]*node.Node{}}
	t.Cleanup(c.stopAll)
	var cards [][]byte
	for _, o := range orgs {
		cards = append(cards, c.Init(o))
	}
	draft, err := node.GenesisCreate(cards, opts.Policy, c.now())
	c.must(err)
	var signed [][]byte
	for _, o := range orgs {
		file, err := node.GenesisSign(c.Home(o.Name), passphrase, draft)
		c.must(err)
		signed = append(signed, file)
	}
	for _, o := range orgs {
		_, err := node.GenesisJoin(c.Home(o.Name), signed)
		c.must(err)
	}
	return c
}

// Init makes a home for an organisation and returns its card.
func (c *Consortium) Init(o Org) []byte {
	c.t.Helper()
	_, err := node.Init(node.InitConfig{
		Home: c.Home(o.Name), Name: o.Name, Sector: o.Sector, Jurisdiction: "INT",
		Listen: []string{ownAddress(c.t)}, Passphrase: passphrase, WorkFactor: workFactor,
	})
	c.must(err)
	return c.read(home.Home(c.Home(o.Name)).Card())
}

// ownAddress is a loopback multiaddr that stays this test's own, whether its node runs or not.
func ownAddress(t testing.TB) string {
	t.Helper()
	address, release, err := reserve.Address()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return address
}

func (c *Consortium) now() time.Time {
	if c.opts.Now != nil {
		return c.opts.Now()
	}
	return time.Now()
}

// Home is the folder of an organisation's node.
func (c *Consortium) Home(name string) string { return filepath.Join(c.dir, name) }

// Start starts the node of an organisation.
func (c *Consortium) Start(name string) *node.Node {
	c.t.Helper()
	n, err := c.TryStart(name)
	c.must(err)
	return n
}

// TryStart starts a node that may fail to.
func (c *Consortium) TryStart(name string) (*node.Node, error) {
	cfg := node.Config{
		Home: c.Home(name), Passphrase: passphrase, APIListen: "127.0.0.1:0", Version: "test", Region: c.region(name),
	}
	if c.opts.Now != nil {
		cfg.Now = c.opts.Now
	}
	if c.opts.Tap != nil {
		cfg.Tap = c.opts.Tap(name)
	}
	if c.opts.Config != nil {
		c.opts.Config(name, &cfg)
	}
	n, err := c.start(cfg)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[name] = n
	return n, nil
}

func (c *Consortium) start(cfg node.Config) (*node.Node, error) {
	if c.opts.Unguarded {
		return node.StartUnguarded(c.t, context.Background(), cfg)
	}
	return node.Start(context.Background(), cfg)
}

func (c *Consortium) region(name string) string {
	for _, o := range c.orgs {
		if o.Name == name {
			return o.Region
		}
	}
	return ""
}

// Stop stops a node; its home stays.
func (c *Consortium) Stop(name string) {
	c.t.Helper()
	c.mu.Lock()
	n := c.nodes[name]
	delete(c.nodes, name)
	c.mu.Unlock()
	if n == nil {
		c.t.Fatalf("%s does not run", name)
	}
	c.must(n.Close(context.Background()))
}

// Node returns a running node.
func (c *Consortium) Node(name string) *node.Node {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.nodes[name]
	if n == nil {
		c.t.Fatalf("%s does not run", name)
	}
	return n
}

// Hub returns the hub of a running node.
func (c *Consortium) Hub(name string) hub.Hub { return c.Node(name).Hub() }

// readyWithin bounds how long a test waits for what must come. It is for a machine that does other things as well:
// nothing takes nearly as long by itself.
const readyWithin = 3 * time.Minute

// Ready waits until every running node says that it is ready and sees what the others registered.
func (c *Consortium) Ready() {
	c.t.Helper()
	var lacks string
	c.until("all nodes are ready", func() bool {
		lacks = c.lacking()
		return lacks == ""
	}, func() string { return ": " + lacks + c.standing() })
}

// lacking says what a running node is not ready for, or "".
func (c *Consortium) lacking() string {
	c.mu.Lock()
	nodes := maps.Clone(c.nodes)
	c.mu.Unlock()
	for name, n := range nodes {
		s, err := n.Hub().Status(context.Background())
		if err != nil || !s.Ready || s.Indexing {
			return fmt.Sprintf("%s: %q, indexing %v, %v", name, s.Reasons, s.Indexing, err)
		}
		members, err := n.Hub().Members(context.Background())
		if err != nil {
			return fmt.Sprintf("%s: %v", name, err)
		}
		for _, m := range members {
			if nodes[m.Name] != nil && m.Epoch == 0 {
				return fmt.Sprintf("%s has not seen the epoch of %s", name, m.Name)
			}
		}
		if l := n.Ledger(); l.Decides() && l.Final().Size < l.Status().Size {
			return name + ": what was registered does not count yet"
		}
	}
	return ""
}

// standing says where raft is, node by node, for a test that gave up.
func (c *Consortium) standing() (words string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, n := range c.nodes {
		s := n.Ledger().Status()
		words += fmt.Sprintf("\n%s: %s in term %d, leader %q, log %d, confirmed %d, refused %v", name, s.Role, s.Term, s.Leader, s.LogIndex, s.Commit, s.Refused)
	}
	return words
}

func (c *Consortium) running(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[name] != nil
}

// Until waits for a condition, looking often, and fails the test when it does not come.
func (c *Consortium) Until(what string, ok func() bool) {
	c.t.Helper()
	c.until(what, ok, func() string { return "" })
}

func (c *Consortium) until(what string, ok func() bool, state func() string) {
	c.t.Helper()
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	c.t.Fatalf("gave up waiting until %s%s", what, state())
}

func (c *Consortium) stopAll() {
	c.mu.Lock()
	nodes := c.nodes
	c.nodes = map[string]*node.Node{}
	c.mu.Unlock()
	var wg sync.WaitGroup
	for _, n := range nodes {
		wg.Go(func() { _ = n.Close(context.Background()) })
	}
	wg.Wait()
}

func (c *Consortium) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}
