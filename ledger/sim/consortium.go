package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// Consortium is n founders with their nodes on one network. Its methods are for one goroutine; those of
// a Node are for many.
type Consortium struct {
	T       testing.TB
	Seed    uint64
	Rand    *rand.Rand // of the goroutine that drives the consortium
	Net     *Network
	Trace   *Trace
	Genesis entry.SignedGenesis
	Nodes   []*Node

	mu     sync.Mutex
	faults []string
	finals map[uint64][32]byte // by size: what anybody ever took for final
}

// Node is one founder's machine: its folder, and the replica that runs on it, if one does.
type Node struct {
	Org    ledgertest.Org
	Peer   string
	Dir    string
	Faults replica.Faults // of the next start

	c    *Consortium
	mu   sync.Mutex
	r    *replica.Replica
	sick *illness // of the disk
}

// Election is the unit of a consortium's clocks: how long a candidate waits at least for votes. All clocks are
// those of a node without settings of its own (replica.Timing).
const Election = time.Second

var sectors = []member.Sector{member.Tech, member.Finance, member.LawEnforcement, member.Hotline}

// Found makes a consortium of n founders whose folders lie in dir. Nobody runs yet.
func Found(t testing.TB, seed uint64, n int, dir string, trace *Trace) *Consortium {
	t.Helper()
	c := &Consortium{T: t, Seed: seed, Rand: rand.New(rand.NewPCG(seed, 0)), Net: NewNetwork(seed, trace), Trace: trace}
	orgs := make([]ledgertest.Org, n)
	for i := range orgs {
		orgs[i] = ledgertest.Org{Name: fmt.Sprintf("Member %d", i), Sector: sectors[i%len(sectors)], Jurisdiction: "NL"}
	}
	c.Genesis = ledgertest.Genesis(t, orgs...)
	for i, o := range orgs {
		node := &Node{Org: o, Peer: o.Keys().Node.PeerID(), Dir: filepath.Join(dir, fmt.Sprintf("node-%d", i)), c: c}
		node.Faults = replica.Faults{NoSync: true, Before: node.before, After: node.after}
		c.Nodes = append(c.Nodes, node)
	}
	return c
}

// The stream protocols that a replica speaks.
const (
	raftProtocol     = "crosslight/raft/v1"
	finalityProtocol = "crosslight/finality/v1"
	historyProtocol  = "crosslight/history/v1"
)

// dialer opens the node's streams of a protocol.
func (n *Node) dialer(protocol string) replica.DialFunc {
	return func(ctx context.Context, to string) (net.Conn, error) { return n.c.Net.Dial(ctx, n.Peer, to, protocol) }
}

// config is what the node's replica is opened with.
func (n *Node) config() replica.Config {
	return replica.Config{
		Dir: n.Dir, Self: n.Peer, Genesis: n.c.Genesis,
		Dial: n.dialer(raftProtocol),
		Finality: &replica.FinalityConfig{
			Log: n.Org.Private(member.Log), Cosigner: n.Org.Private(member.Cosigner),
			Dial: n.dialer(finalityProtocol), DialHistory: n.dialer(historyProtocol), OnFinal: n.final,
		},
		Timing: replica.Timing{
			Heartbeat: Election / 2, Election: Election, LeaderLease: Election / 2, Commit: 20 * time.Millisecond,
		},
		OnEvidence: n.witness,
	}
}

// witness takes what a node holds against another for a fault: none of them cheats.
func (n *Node) witness(e replica.Evidence) {
	n.c.blame("%s accuses %s: %s, %s", n.Org.Name, n.c.name(e.Peer), e.Kind, e.Reason)
}

// blame notes a fault of the consortium.
func (c *Consortium) blame(format string, args ...any) {
	fault := fmt.Sprintf(format, args...)
	c.Trace.Add("fault %s", fault)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fault)
}

// Faults returns what went wrong so far beyond what is done to the consortium: nodes that do not start
// again, end in an unforeseen way or accuse one another.
func (c *Consortium) Faults() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.faults)
}

func (c *Consortium) name(peer string) string {
	for _, n := range c.Nodes {
		if n.Peer == peer {
			return n.Org.Name
		}
	}
	return peer
}

// Start opens the node's replica on what lies in its folder.
func (n *Node) Start() error {
	r, err := replica.OpenFaulty(n.c.T, n.config(), n.Faults)
	n.c.Trace.Add("start %s %v", n.Org.Name, err)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.r = r
	n.mu.Unlock()
	n.c.Net.Listen(n.Peer, raftProtocol, r.Accept)
	n.c.Net.Listen(n.Peer, finalityProtocol, r.AcceptFinality)
	n.c.Net.Listen(n.Peer, historyProtocol, r.AcceptHistory)
	return nil
}

// Replica returns what runs, or nil.
func (n *Node) Replica() *replica.Replica {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.r
}

// Kill ends the replica as a crash of its process would. Its error is nil or that of the disk, which
// has stopped the replica before.
func (n *Node) Kill() error { return n.end((*replica.Replica).Abandon) }

// Stop closes the replica in good order.
func (n *Node) Stop() error {
	return n.end(func(r *replica.Replica, _ replica.TB) error { return r.Close() })
}

func (n *Node) end(how func(*replica.Replica, replica.TB) error) error {
	n.mu.Lock()
	r := n.r
	n.r = nil
	n.mu.Unlock()
	if r == nil {
		return nil
	}
	for _, protocol := range []string{raftProtocol, finalityProtocol, historyProtocol} {
		n.c.Net.Listen(n.Peer, protocol, nil)
	}
	n.c.Trace.Add("end %s", n.Org.Name)
	return how(r, n.c.T)
}

// Start starts all nodes.
func (c *Consortium) Start() {
	c.T.Helper()
	for _, n := range c.Nodes {
		if n.Replica() != nil {
			continue
		}
		if err := n.Start(); err != nil {
			c.T.Fatalf("seed %d: %s does not start: %v", c.Seed, n.Org.Name, err)
		}
	}
}

// Stop kills all nodes and waits until nothing of them is left.
func (c *Consortium) Stop() {
	c.T.Helper()
	for _, n := range c.Nodes {
		c.must(n, n.Kill())
	}
	c.Net.Wait()
}

// Leader returns a running node that says that it leads, or nil.
func (c *Consortium) Leader() *Node {
	for _, n := range c.Nodes {
		if r := n.Replica(); r != nil && r.Err() == nil {
			if id, ok := r.Leader(); ok && id == n.Peer {
				return n
			}
		}
	}
	return nil
}

// View returns size and root of what the node has executed.
func (n *Node) View() (size uint64, root [32]byte, ok bool) {
	r := n.Replica()
	if r == nil {
		return 0, root, false
	}
	r.View(func(s *state.State) { size, root = s.Size(), s.Root() })
	return size, root, true
}

// eventually polls until ok, at most limit of simulated time.
func eventually(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// Settle waits until all nodes run and have executed the same leaves, size of them or more, and returns
// these.
func (c *Consortium) Settle(size uint64, limit time.Duration) ([][]byte, error) {
	same := func() bool {
		first, root, ok := c.Nodes[0].View()
		if !ok || first < size {
			return false
		}
		for _, n := range c.Nodes[1:] {
			if s, r, ok := n.View(); !ok || s != first || r != root {
				return false
			}
		}
		return true
	}
	if !eventually(limit, same) {
		text := ""
		for _, n := range c.Nodes {
			s, r, ok := n.View()
			text += fmt.Sprintf("; %s runs %v, size %d, root %x", n.Org.Name, ok, s, r[:4])
		}
		return nil, fmt.Errorf("the nodes do not agree within %v%s", limit, text)
	}
	n, _, _ := c.Nodes[0].View()
	return c.Nodes[0].Replica().Leaves(0, n)
}

// signer signs for a founder with the key of a role.
func (c *Consortium) signer(o ledgertest.Org, role member.Role) entry.Signer {
	return entry.Signer{Key: o.Private(role), LedgerID: c.Genesis.ID()}
}

// nodeInfo signs the seq-th entry of a founder's operator key; text tells entries with one seq apart.
func (c *Consortium) nodeInfo(o ledgertest.Org, seq uint64, text string) []byte {
	c.T.Helper()
	raw, err := entry.NewNodeInfo(c.signer(o, member.Operator), seq, []string{"/ip4/127.0.0.1/tcp/2"}, text)
	if err != nil {
		c.T.Fatal(err)
	}
	return raw
}
