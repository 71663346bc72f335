// Package baseline is what the ledger is measured against (specs/ledger.md, "What was measured"):
// hashicorp/raft as its authors ship it, over its own TCP transport on loopback, with raft-boltdb on a
// disk, and no guard, no gate and no encryption. Its state machine does nothing, or makes one check of
// each entry. It stands below ledger/replica because nothing else imports raft. Only
// `crosslight bench ledger` uses it.
//
//	Submit ─▶ leader's raft ─▶ majority of disks ─▶ fsm: nothing | check(entry), on all cores
package baseline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"github.com/crosslight/crosslight/ledger/replica"
)

// Check says whether an entry may stand, as every node asks when it executes one. It is called from many
// goroutines.
type Check func(raw []byte) error

// Cluster is a set of raft nodes in this process, all of them voters.
type Cluster struct{ nodes []*node }

type node struct {
	raft  *raft.Raft
	trans *raft.NetworkTransport
	store *raftboltdb.BoltStore
}

// The entries that a node keeps in memory, as in ledger/replica, and the streams kept for a peer.
const (
	cachedEntries = 512
	maxPool       = 3
	rpcLimit      = 10 * time.Second
)

// Open starts voters nodes with their logs below dir, which exists. A nil check does nothing. The raft
// clocks are those of the ledger.
func Open(dir string, voters int, timing replica.Timing, check Check) (*Cluster, error) {
	c := &Cluster{}
	var servers raft.Configuration
	for i := range voters {
		id := raft.ServerID(fmt.Sprintf("node-%d", i))
		n, err := start(filepath.Join(dir, string(id)), id, timing, check)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.nodes = append(c.nodes, n)
		servers.Servers = append(servers.Servers, raft.Server{ID: id, Address: n.trans.LocalAddr()})
	}
	for _, n := range c.nodes {
		if err := n.raft.BootstrapCluster(servers).Error(); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func start(dir string, id raft.ServerID, timing replica.Timing, check Check) (*node, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	store, err := raftboltdb.New(raftboltdb.Options{Path: filepath.Join(dir, "raft.db")})
	if err != nil {
		return nil, err
	}
	trans, err := raft.NewTCPTransport("127.0.0.1:0", nil, maxPool, rpcLimit, io.Discard)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	n := &node{trans: trans, store: store}
	cache, err := raft.NewLogCache(cachedEntries, store)
	if err == nil {
		n.raft, err = raft.NewRaft(config(id, timing), fsm{check}, cache, store, raft.NewDiscardSnapshotStore(), trans)
	}
	if err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

// config differs from raft's own only in what ledger/replica sets for speed, too.
func config(id raft.ServerID, t replica.Timing) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = id
	c.LogOutput, c.LogLevel = io.Discard, "ERROR"
	c.HeartbeatTimeout, c.ElectionTimeout = t.Heartbeat, t.Election
	c.LeaderLeaseTimeout, c.CommitTimeout = t.LeaderLease, t.Commit
	c.BatchApplyCh = true
	c.NoLegacyTelemetry = true
	return c
}

// ErrNoLeader reports that no node leads, or that the leader lost its place in the middle: submit again.
var ErrNoLeader = errors.New("baseline: no node leads")

// Submit orders an entry and returns once a majority has it on disk and the leader has executed it; the
// error of the check comes back. ctx bounds the wait for a place in the queue.
func (c *Cluster) Submit(ctx context.Context, raw []byte) error {
	for _, n := range c.nodes {
		if n.raft.State() != raft.Leader {
			continue
		}
		limit := rpcLimit
		if end, ok := ctx.Deadline(); ok {
			limit = max(time.Until(end), time.Millisecond)
		}
		f := n.raft.Apply(raw, limit)
		if err := f.Error(); err != nil {
			return fmt.Errorf("%w: %w", ErrNoLeader, err)
		}
		err, _ := f.Response().(error)
		return err
	}
	return ErrNoLeader
}

// Applied waits until every node has executed what the leader had handed out when it was called.
func (c *Cluster) Applied(ctx context.Context) error {
	for _, n := range c.nodes {
		if n.raft.State() == raft.Leader {
			return c.reach(ctx, n.raft.AppliedIndex())
		}
	}
	return ErrNoLeader
}

func (c *Cluster) reach(ctx context.Context, index uint64) error {
	for _, n := range c.nodes {
		for n.raft.AppliedIndex() < index {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond):
			}
		}
	}
	return nil
}

// Close stops all nodes and closes their files.
func (c *Cluster) Close() error {
	var err error
	for _, n := range c.nodes {
		err = errors.Join(err, n.close())
	}
	return err
}

func (n *node) close() error {
	var err error
	if n.raft != nil {
		err = n.raft.Shutdown().Error()
	}
	return errors.Join(err, n.trans.Close(), n.store.Close())
}
