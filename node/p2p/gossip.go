package p2p

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Verdict is what a listener makes of a gossip message.
type Verdict int

// The verdicts. What is kept goes on to others; what is ignored does not; what is faulty does not, and
// counts against whoever passed it on.
const (
	Keep Verdict = iota
	Ignore
	Faulty
)

// Bounds of the gossip. A holder announces at most a few times a second, and each announcement reaches a
// node from a handful of neighbours.
const (
	gossipRate     = 64  // messages a second of one neighbour, after the burst
	gossipBurst    = 512 // messages
	gossipPerRPC   = 64  // messages in one frame
	gossipQueue    = 256 // messages that wait for their check, further ones are dropped
	gossipControl  = 128 // control items in one frame
	gossipSeen     = 2 * time.Minute
	gossipFrame    = 4  // times the message, in bytes of one frame
	gossipOutbound = 64 // frames that wait for a slow neighbour, further ones are dropped
)

// Gossip spreads short messages among all members, each to all of its neighbours (gossipsub 1.2). It is
// for hints: what is lost is made good by asking. Messages carry no author: who made one, and whether it
// is to be believed, the listener finds in it.
type Gossip struct {
	host  *Host
	topic *pubsub.Topic
	sub   *pubsub.Subscription

	mu    sync.Mutex
	rates map[peer.ID]*Bucket // of neighbours that are admitted
}

// Gossip joins a topic, the only one of this host, with messages of at most maxSize bytes. judge is called
// for each message of others that comes for the first time, on a few goroutines; it must be quick. It
// ends with the host.
func (h *Host) Gossip(topic string, maxSize int, judge func(msg []byte) Verdict) (*Gossip, error) {
	g := &Gossip{host: h, rates: map[peer.ID]*Bucket{}}
	params := pubsub.DefaultGossipSubParams()
	params.PrunePeers, params.Connectors = 0, 0 // addresses come from the ledger alone
	ps, err := pubsub.NewGossipSub(h.ctx, h.host,
		pubsub.WithGossipSubParams(params),
		pubsub.WithFloodPublish(true), // few members, and every hop costs time
		pubsub.WithPeerExchange(false),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(func(m *pb.Message) string { sum := sha256.Sum256(m.GetData()); return string(sum[:]) }),
		pubsub.WithPeerFilter(func(p peer.ID, _ string) bool { return h.cfg.Admit(p.String()) }),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(pubsub.NewAllowlistSubscriptionFilter(topic), 4)),
		pubsub.WithMaxMessageSize(gossipFrame*maxSize),
		pubsub.WithValidateQueueSize(gossipQueue),
		pubsub.WithPeerOutboundQueueSize(gossipOutbound),
		pubsub.WithSeenMessagesTTL(gossipSeen),
		pubsub.WithAppSpecificRpcInspector(g.inspect),
		pubsub.WithLogger(slog.New(demoted{h.log.Handler()})),
	)
	if err != nil {
		return nil, fmt.Errorf("p2p: gossip: %w", err)
	}
	if err := ps.RegisterTopicValidator(topic, g.validator(maxSize, judge)); err != nil {
		return nil, fmt.Errorf("p2p: gossip: %w", err)
	}
	if g.topic, err = ps.Join(topic); err != nil {
		return nil, fmt.Errorf("p2p: gossip: %w", err)
	}
	if g.sub, err = g.topic.Subscribe(); err != nil {
		return nil, fmt.Errorf("p2p: gossip: %w", err)
	}
	h.wg.Add(1)
	go g.drain()
	return g, nil
}

// drain takes what was kept out of the subscription: the listener has had it from its check.
func (g *Gossip) drain() {
	defer g.host.wg.Done()
	for {
		if _, err := g.sub.Next(g.host.ctx); err != nil {
			return
		}
	}
}

// ErrGossipRate reports a neighbour that sends more than it may: what is over is dropped.
var ErrGossipRate = errors.New("p2p: a neighbour gossips too much")

// inspect bounds each frame of a neighbour before anything in it is looked at.
func (g *Gossip) inspect(from peer.ID, rpc *pubsub.RPC) error {
	if !g.host.cfg.Admit(from.String()) {
		return ErrRefused
	}
	c := rpc.GetControl()
	control := len(c.GetIhave()) + len(c.GetIwant()) + len(c.GetGraft()) + len(c.GetPrune()) + len(c.GetIdontwant())
	n := len(rpc.GetPublish())
	if n > gossipPerRPC || control > gossipControl || !g.bucket(from).Take(time.Now(), max(1, n)) {
		g.host.log.Debug("gossip of a neighbour was dropped", "peer", from.String(), "messages", n)
		return ErrGossipRate
	}
	return nil
}

func (g *Gossip) bucket(from peer.ID) *Bucket {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rates[from] == nil {
		g.rates[from] = NewBucket(gossipRate, gossipBurst)
	}
	return g.rates[from]
}

func (g *Gossip) validator(maxSize int, judge func([]byte) Verdict) pubsub.ValidatorEx {
	return func(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		if from == g.host.host.ID() {
			return pubsub.ValidationAccept
		}
		if len(m.GetData()) > maxSize {
			return pubsub.ValidationReject
		}
		switch judge(m.GetData()) {
		case Keep:
			return pubsub.ValidationAccept
		case Ignore:
			return pubsub.ValidationIgnore
		}
		g.host.log.Debug("faulty gossip", "peer", from.String())
		return pubsub.ValidationReject
	}
}

// Publish sends a message to all members that can be reached through neighbours. That nobody is there is
// no error.
func (g *Gossip) Publish(ctx context.Context, msg []byte) error {
	if err := g.topic.Publish(ctx, msg); err != nil {
		return fmt.Errorf("p2p: gossip: %w", err)
	}
	return nil
}
