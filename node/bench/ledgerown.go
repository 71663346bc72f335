package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
)

const (
	raftProtocol    = "crosslight/raft/v1"
	historyProtocol = "crosslight/history/v1"
)

// ownCluster is this ledger among the voters, joined as nodes are: replicas over libp2p hosts. The other
// members are on the ledger and have no node, as if theirs were down.
type ownCluster struct {
	dir     string
	members *consortium
	nodes   []*ownNode
	decides bool // the voters decide what is final, as nodes do
}

type ownNode struct {
	peer    string
	host    *p2p.Host
	replica *replica.Replica
}

// openOwn founds the ledger and admits everybody. Where it fails, what it returns is to be closed, too.
func openOwn(ctx context.Context, dir string, c *consortium, decides bool) (*ownCluster, error) {
	o := &ownCluster{dir: dir, members: c, decides: decides}
	for i := range c.voters {
		n, err := o.start(i)
		if err != nil {
			return o, err
		}
		o.nodes = append(o.nodes, n)
	}
	o.introduce()
	for i := c.voters; i < len(c.cards); i++ {
		if err := o.admit(ctx, uint64(i-c.voters), c.cards[i]); err != nil {
			return o, fmt.Errorf("admit %s: %w", c.cards[i].Card.Name, err)
		}
	}
	return o, o.joined(ctx)
}

// start brings the i-th voter up, on its folder as it is.
func (o *ownCluster) start(i int) (*ownNode, error) {
	running := map[string]bool{}
	for k := range o.members.voters {
		running[o.members.peer(k)] = true
	}
	host, err := p2p.New(p2p.Config{
		Key: o.members.key(i, member.Node), Listen: []string{"/ip4/127.0.0.1/tcp/0"},
		Admit: func(peer string) bool { return running[peer] },
	})
	if err != nil {
		return nil, err
	}
	dial := func(protocol string) replica.DialFunc {
		return func(ctx context.Context, peer string) (net.Conn, error) {
			if !running[peer] {
				return nil, errors.New("this member has no node")
			}
			return host.Open(ctx, peer, protocol)
		}
	}
	cfg := replica.Config{
		Dir: filepath.Join(o.dir, fmt.Sprint(i)), Self: host.ID(), Genesis: o.members.genesis, Timing: raftTiming, Dial: dial(raftProtocol),
	}
	if o.decides {
		cfg.Finality = &replica.FinalityConfig{
			Log: o.members.key(i, member.Log), Cosigner: o.members.key(i, member.Cosigner),
			Dial: dial(finality.Domain), DialHistory: dial(historyProtocol),
		}
	}
	r, err := replica.Open(cfg)
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	host.Handle(raftProtocol, replica.MaxStreams, func(_ context.Context, s p2p.Stream) { r.Accept(s.Peer(), s) })
	if o.decides {
		host.Handle(finality.Domain, replica.MaxFinalityStreams, func(_ context.Context, s p2p.Stream) { r.AcceptFinality(s.Peer(), s) })
		host.Handle(historyProtocol, replica.MaxHistoryStreams, func(_ context.Context, s p2p.Stream) { r.AcceptHistory(s.Peer(), s) })
	}
	return &ownNode{host.ID(), host, r}, nil
}

// introduce tells every host where the others listen.
func (o *ownCluster) introduce() {
	for _, n := range o.nodes {
		peers := map[string][]string{}
		for _, other := range o.nodes {
			if other != n {
				peers[other.peer] = other.host.Addrs()
			}
		}
		n.host.SetPeers(peers)
	}
}

// admit passes the k-th admission: as many founders vote as it takes.
func (o *ownCluster) admit(ctx context.Context, k uint64, card member.SignedCard) error {
	votes := uint64(o.members.voters/2 + 1)
	propose, err := entry.NewPropose(o.members.signer(0, member.Seat), k*2+1, entry.Admit{Card: card}, "bench")
	if err != nil {
		return err
	}
	if err := persist(ctx, o.submit, propose); err != nil {
		return err
	}
	for i := range votes {
		seq := k + 1
		if i == 0 {
			seq = k*2 + 2 // after its own proposal
		}
		vote, err := entry.NewVote(o.members.signer(int(i), member.Seat), seq, entry.HashOf(propose), true)
		if err != nil {
			return err
		}
		if err := persist(ctx, o.submit, vote); err != nil {
			return err
		}
	}
	return nil
}

// joined waits until raft's configuration has stopped growing: every member is in it.
func (o *ownCluster) joined(ctx context.Context) error {
	for {
		s := o.nodes[0].replica.Status()
		if len(s.Voters)+len(s.NonVoters) >= len(o.members.cards) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// submit gives the entry to the leader, as the leader's own node does.
func (o *ownCluster) submit(ctx context.Context, raw []byte) error {
	_, _, err := o.enter(ctx, raw)
	return err
}

// enter is submit, and returns the leader with the entry's index.
func (o *ownCluster) enter(ctx context.Context, raw []byte) (leader *replica.Replica, index uint64, err error) {
	peer, ok := o.nodes[0].replica.Leader()
	i := slices.IndexFunc(o.nodes, func(n *ownNode) bool { return n.peer == peer })
	if !ok || i < 0 {
		return nil, 0, replica.ErrNotLeader
	}
	leader = o.nodes[i].replica
	r, err := leader.Submit(ctx, raw)
	return leader, r.Index, err
}

// size is the number of leaves at the replica that has most.
func (o *ownCluster) size() (most uint64) {
	for _, n := range o.nodes {
		n.replica.View(func(s *state.State) { most = max(most, s.Size()) })
	}
	return most
}

func (o *ownCluster) applied(ctx context.Context) error {
	size := o.size()
	for _, n := range o.nodes {
		if err := n.replica.WaitSize(ctx, size); err != nil {
			return err
		}
	}
	return nil
}

func (o *ownCluster) close() error {
	var err error
	for _, n := range o.nodes {
		err = errors.Join(err, n.close())
	}
	return err
}

func (n *ownNode) close() error { return errors.Join(n.replica.Close(), n.host.Close()) }

// restart fills the ledger up to o.Restart leaves, stops one follower, starts it again, and returns how
// long that took until it had executed all of them: reading and checking the disk, every signature, and
// hearing from the leader how far the log is confirmed.
func (o *ownCluster) restart(ctx context.Context, opt LedgerOptions, c *consortium, r *racer) (time.Duration, error) {
	missing := opt.Restart - int(o.size())
	opt.Entries = max(0, (missing+opt.Writers-1)/opt.Writers)
	if err := r.run(ctx, opt, c, false); err != nil {
		return 0, err
	}
	leader, _ := o.nodes[0].replica.Leader()
	i := slices.IndexFunc(o.nodes, func(n *ownNode) bool { return n.peer != leader })
	size := o.size()
	if err := o.nodes[i].close(); err != nil {
		return 0, err
	}
	start := time.Now()
	n, err := o.start(i)
	if err != nil {
		o.nodes = slices.Delete(o.nodes, i, i+1)
		return 0, err
	}
	o.nodes[i] = n
	o.introduce()
	err = n.replica.WaitSize(ctx, size)
	return time.Since(start), err
}
