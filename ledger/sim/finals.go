package sim

import (
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
)

// final notes what a node takes for final. Two roots at one size, from whichever nodes, and whatever
// crashes lie between, are the fault that finality is there to rule out.
func (n *Node) final(p replica.FinalPoint) {
	n.c.Trace.Add("final %s %d %x", n.Org.Name, p.Size, p.Root[:4])
	n.c.mu.Lock()
	if n.c.finals == nil {
		n.c.finals = map[uint64][32]byte{}
	}
	root, known := n.c.finals[p.Size]
	n.c.finals[p.Size] = p.Root
	n.c.mu.Unlock()
	if known && root != p.Root {
		n.c.blame("%s takes another root for final at size %d than was final before", n.Org.Name, p.Size)
	}
}

// Conclude waits until all nodes take the ledger of these leaves for final, and checks that everything
// that was ever final is part of it.
func (c *Consortium) Conclude(leaves [][]byte, limit time.Duration) error {
	size := uint64(len(leaves))
	same := func() bool {
		for _, n := range c.Nodes {
			if r := n.Replica(); r == nil || r.Final().Size < size {
				return false
			}
		}
		return true
	}
	if !eventually(limit, same) {
		text := ""
		for _, n := range c.Nodes {
			if r := n.Replica(); r != nil {
				text += fmt.Sprintf("; %s at %d", n.Org.Name, r.Final().Size)
			}
		}
		return fmt.Errorf("%d leaves are not final everywhere within %v%s", size, limit, text)
	}
	roots := rootsOf(leaves)
	c.mu.Lock()
	defer c.mu.Unlock()
	for at, root := range c.finals {
		if roots[at] != root {
			return fmt.Errorf("what was final at size %d is no part of the ledger", at)
		}
	}
	return nil
}
