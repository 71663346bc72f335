package nodetest

import (
	"context"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
)

// Rogue is a member that cheats: it has the member's keys and its place on the network, and says what
// it likes.
type Rogue struct {
	Host     *p2p.Host
	Ring     *keys.Ring
	Card     member.Card
	LedgerID [32]byte
}

// Rogue stops a member's node and puts a rogue with the same keys in its place. It listens at the
// node's address and knows the others'.
func (c *Consortium) Rogue(name string) *Rogue {
	c.t.Helper()
	c.Stop(name)
	return c.rogueAt(name)
}

// rogueAt puts a rogue in the place of a member whose node does not run.
func (c *Consortium) rogueAt(name string) *Rogue {
	c.t.Helper()
	h := home.Home(c.Home(name))
	ring, err := keys.Open(h.Keys(), passphrase)
	c.must(err)
	card, err := node.ParseCard(c.read(h.Card()))
	c.must(err)
	genesis, err := entry.ParseGenesis(c.read(home.Home(c.Home(c.orgs[0].Name)).Genesis()))
	c.must(err)
	peers := map[string][]string{}
	for _, f := range genesis.Genesis().Founders {
		peers[f.Card.Keys.Node.PeerID()] = f.Card.Addresses
	}
	delete(peers, card.Card.Keys.Node.PeerID())
	r := &Rogue{Ring: ring, Card: card.Card, LedgerID: genesis.ID()}
	r.Host = openHost(c.t, p2p.Config{
		Key: ring.Private(member.Node), Listen: card.Card.Addresses, Admit: func(string) bool { return true },
	}, peers)
	return r
}

func openHost(t testing.TB, cfg p2p.Config, peers map[string][]string) *p2p.Host {
	t.Helper()
	host, err := p2p.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	host.SetPeers(peers)
	return host
}

// Card returns a member's card.
func (c *Consortium) Card(name string) member.Card {
	c.t.Helper()
	card, err := node.ParseCard(c.read(home.Home(c.Home(name)).Card()))
	c.must(err)
	return card.Card
}

// open opens a stream of the rogue's to a member.
func (r *Rogue) open(t testing.TB, to member.Card, protocol string) p2p.Stream {
	t.Helper()
	s, err := r.Host.Open(context.Background(), to.Keys.Node.PeerID(), protocol)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
