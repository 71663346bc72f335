package sim

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Kind is a way in which a network falls apart.
type Kind string

// The kinds. Each but Flapping leaves a majority of the nodes that hear one another in both directions.
const (
	Symmetric   Kind = "symmetric"    // a minority is cut off from the rest
	OneWay      Kind = "one-way"      // a minority hears the rest, or is heard by it, but not both
	LeaderAlone Kind = "leader-alone" // the leader is cut off from all others
	Flapping    Kind = "flapping"     // the leader is cut off again and again, for a moment each
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Symmetric, OneWay, LeaderAlone, Flapping} }

// Partition is a network that has fallen apart.
type Partition struct {
	Kind     Kind
	Minority []*Node // those that are cut off
	c        *Consortium
	links    [][2]string
	stop     chan struct{}
	once     sync.Once
	wg       sync.WaitGroup
}

// Partition cuts the network, until Heal.
func (c *Consortium) Partition(kind Kind) *Partition {
	p := &Partition{Kind: kind, c: c, stop: make(chan struct{})}
	p.Minority = c.minority(kind)
	out, in := true, true
	if kind == OneWay {
		out = c.Rand.IntN(2) == 0
		in = !out
	}
	for _, n := range p.Minority {
		for _, other := range c.Nodes {
			if p.has(other) {
				continue
			}
			if out {
				p.links = append(p.links, [2]string{n.Peer, other.Peer})
			}
			if in {
				p.links = append(p.links, [2]string{other.Peer, n.Peer})
			}
		}
	}
	for _, n := range p.Minority {
		c.Trace.Add("partition %s %s", kind, n.Org.Name)
	}
	if c.Rand.IntN(3) == 0 { // connections break at once, instead of falling silent
		p.reset()
	}
	p.set(true)
	if kind == Flapping {
		seed := c.Rand.Uint64()
		p.wg.Go(func() { p.flap(rand.New(rand.NewPCG(seed, 1))) })
	}
	return p
}

// minority draws who is cut off: the leader, or fewer than half of all, which may be with it.
func (c *Consortium) minority(kind Kind) []*Node {
	if leader := c.Leader(); leader != nil && kind != Symmetric && kind != OneWay {
		return []*Node{leader}
	}
	order := c.Rand.Perm(len(c.Nodes))
	n := 1
	if kind == Symmetric || kind == OneWay {
		n += c.Rand.IntN((len(c.Nodes) - 1) / 2)
	}
	var out []*Node
	for _, i := range order[:n] {
		out = append(out, c.Nodes[i])
	}
	return out
}

func (p *Partition) has(n *Node) bool {
	for _, m := range p.Minority {
		if m == n {
			return true
		}
	}
	return false
}

func (p *Partition) set(blocked bool) {
	for _, l := range p.links {
		if blocked {
			p.c.Net.Block(l[0], l[1])
		} else {
			p.c.Net.Unblock(l[0], l[1])
		}
	}
}

func (p *Partition) reset() {
	for _, l := range p.links {
		p.c.Net.Reset(l[0], l[1])
	}
}

// flap opens and closes the links in turn, each for up to an election timeout and a half.
func (p *Partition) flap(r *rand.Rand) {
	for blocked := false; ; blocked = !blocked {
		select {
		case <-p.stop:
			return
		case <-time.After(time.Duration(r.Int64N(int64(Election * 3 / 2)))):
		}
		p.set(blocked)
	}
}

// Heal opens all links again.
func (p *Partition) Heal() {
	p.once.Do(func() {
		close(p.stop)
		p.wg.Wait()
		p.c.Trace.Add("heal %s", p.Kind)
		p.set(false)
	})
}
