package sim

import (
	"errors"
	"syscall"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
)

// Storm does something bad to the consortium every now and then until stop is closed, then mends it all
// and starts whoever is down: crashes, orderly restarts, partitions of every kind, streams reset, links
// slow, disks full or failing. At most a minority is down at a time. It returns how often each happened.
func (c *Consortium) Storm(stop <-chan struct{}) map[string]int {
	counts := map[string]int{}
	var mend []func()
	calm := func() {
		for _, f := range mend {
			f()
		}
		mend = nil
		for _, n := range c.Nodes {
			c.revive(n)
		}
	}
	for {
		select {
		case <-stop:
			calm()
			return counts
		case <-time.After(Election/4 + c.upTo(3*Election)):
		}
		if len(mend) > 0 && c.Rand.IntN(2) == 0 {
			calm()
			continue
		}
		name, undo := c.misfortune()
		counts[name]++
		if undo != nil {
			mend = append(mend, undo)
		}
	}
}

func (c *Consortium) upTo(d time.Duration) time.Duration {
	return time.Duration(c.Rand.Int64N(int64(d)))
}

// misfortune does one bad thing and returns its name and what ends it.
func (c *Consortium) misfortune() (string, func()) {
	n := c.Nodes[c.Rand.IntN(len(c.Nodes))]
	if leader := c.Leader(); leader != nil && c.Rand.IntN(2) == 0 {
		n = leader // it is the one whose loss is felt
	}
	switch c.Rand.IntN(8) {
	case 0, 1, 2:
		kind := Kinds()[c.Rand.IntN(len(Kinds()))]
		p := c.Partition(kind)
		return string(kind), p.Heal
	case 3, 4:
		return c.fell(n)
	case 5:
		return c.infect(n)
	case 6:
		return "slow", c.slow(n)
	}
	for _, other := range c.Nodes {
		c.Net.Reset(n.Peer, other.Peer)
	}
	return "reset", nil
}

// fell ends a node: by a crash of its process, of its machine, which closes no connection, or in order.
func (c *Consortium) fell(n *Node) (string, func()) {
	if !c.spare(n) {
		return "spared", nil
	}
	switch c.Rand.IntN(3) {
	case 0:
		c.must(n, n.Stop())
		return "stop", nil
	case 1:
		c.must(n, n.Kill())
		return "kill", nil
	}
	c.silence(n, true)
	c.must(n, n.Kill())
	return "power", func() {
		c.silence(n, false)
		for _, other := range c.Nodes {
			c.Net.Reset(n.Peer, other.Peer) // the machine is back and knows nothing of them
		}
	}
}

func (c *Consortium) silence(n *Node, on bool) {
	for _, other := range c.Nodes {
		if other == n {
			continue
		}
		if on {
			c.Net.Block(n.Peer, other.Peer)
			c.Net.Block(other.Peer, n.Peer)
		} else {
			c.Net.Unblock(n.Peer, other.Peer)
			c.Net.Unblock(other.Peer, n.Peer)
		}
	}
}

// infect lets a node's disk fail.
func (c *Consortium) infect(n *Node) (string, func()) {
	if !c.spare(n) {
		return "spared", nil
	}
	cause := []error{syscall.ENOSPC, syscall.EIO}[c.Rand.IntN(2)]
	op := []replica.Op{replica.OpLogStore, replica.OpStableSet, replica.OpSnapshotClose}[c.Rand.IntN(3)]
	n.Sicken(op, cause, c.Rand.IntN(2) == 0)
	return "disk", n.Cure
}

func (c *Consortium) slow(n *Node) func() {
	extra := c.upTo(Election / 3)
	for _, other := range c.Nodes {
		c.Net.Slow(n.Peer, other.Peer, extra)
	}
	return func() {
		for _, other := range c.Nodes {
			c.Net.Slow(n.Peer, other.Peer, 0)
		}
	}
}

// spare says whether the others without n are still a majority that works.
func (c *Consortium) spare(n *Node) bool {
	well := 0
	for _, other := range c.Nodes {
		if other != n && other.well() {
			well++
		}
	}
	return 2*well > len(c.Nodes)
}

// well says whether the node runs on a disk that works.
func (n *Node) well() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.r != nil && n.r.Err() == nil && n.sick == nil
}

// revive starts a node that is down, or that has stopped because of its disk.
func (c *Consortium) revive(n *Node) {
	r := n.Replica()
	if r != nil && r.Err() == nil {
		return
	}
	c.must(n, n.Kill())
	if err := n.Start(); err != nil {
		c.blame("%s does not start again: %v", n.Org.Name, err)
	}
}

// must takes an error of the disk, of which the replica has died by then, for what it is.
func (c *Consortium) must(n *Node, err error) {
	if err != nil && !errors.Is(err, replica.ErrDisk) && !errors.Is(err, replica.ErrDiskFull) {
		c.blame("%s ends with %v", n.Org.Name, err)
	}
}

// Blackout crashes all nodes at once and starts them again.
func (c *Consortium) Blackout() {
	for _, n := range c.Nodes {
		c.must(n, n.Kill())
	}
	for _, n := range c.Nodes {
		c.revive(n)
	}
}
