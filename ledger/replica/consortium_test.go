package replica

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// org is a member with its private keys.
type org struct {
	name string
	card member.SignedCard
	keys map[member.Role]ed25519.PrivateKey
}

func (o *org) peer() string { return o.card.Card.Keys.Node.PeerID() }

func newOrg(t testing.TB, name string, sector member.Sector) *org {
	t.Helper()
	o := &org{name: name, keys: map[member.Role]ed25519.PrivateKey{}}
	for _, role := range member.Roles() {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		o.keys[role] = key
	}
	pub := func(r member.Role) member.PublicKey { return member.PublicOf(o.keys[r]) }
	card := member.Card{
		V: 1, Name: name, Sector: sector, Jurisdiction: "NL", Addresses: []string{"/ip4/127.0.0.1/tcp/1"},
		Keys: member.KeySet{
			Node: pub(member.Node), Operator: pub(member.Operator), Seat: pub(member.Seat),
			Log: pub(member.Log), Cosigner: pub(member.Cosigner), Root: pub(member.Root),
		},
	}
	var err error
	if o.card, err = member.SignCard(card, func(r member.Role) ed25519.PrivateKey { return o.keys[r] }); err != nil {
		t.Fatal(err)
	}
	return o
}

// consortium is n founders in one process, joined by net.Pipe, with links that can be cut.
type consortium struct {
	t       testing.TB
	dir     string
	orgs    []*org
	genesis entry.SignedGenesis
	log     *slog.Logger
	hooks   hooks
	events  func(peer string, e []state.Event)

	evidence func(Evidence)

	mu        sync.Mutex
	decides   bool          // finality runs
	commit    time.Duration // raft's Timing.Commit, 0 for a short one
	age       time.Duration
	clock     map[string]time.Duration // how far ahead a peer's clock is
	nodes     map[string]*Replica
	conns     map[net.Conn][2]string
	cut       map[string]bool        // peers off the network
	silent    string                 // a peer off the streams of finality
	decisions map[net.Conn][2]string // streams of finality
	wg        sync.WaitGroup
}

var sectors = []member.Sector{member.Tech, member.Finance, member.LawEnforcement, member.Hotline}

func newConsortium(t testing.TB, n int) *consortium {
	t.Helper()
	c := &consortium{
		t: t, dir: t.TempDir(), nodes: map[string]*Replica{}, conns: map[net.Conn][2]string{}, cut: map[string]bool{}, decisions: map[net.Conn][2]string{},
		log: slog.New(slog.DiscardHandler),
	}
	var cards []member.SignedCard
	for i := range n {
		o := newOrg(t, fmt.Sprintf("Member %d", i), sectors[i%len(sectors)])
		c.orgs, cards = append(c.orgs, o), append(cards, o.card)
	}
	d, err := entry.NewGenesis(cards, policy.Default(), entry.DefaultThresholds(), 1_700_000_000, rand.Reader)
	for _, o := range c.orgs {
		if err == nil {
			d, err = d.Sign(o.keys[member.Seat])
		}
	}
	if err == nil {
		c.genesis, err = d.Complete()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stopAll)
	return c
}

func (c *consortium) config(o *org) Config {
	return Config{
		Finality: c.finality(o),
		Dir:      filepath.Join(c.dir, o.name), Self: o.peer(), Genesis: c.genesis, Logger: c.log,
		Dial: func(ctx context.Context, to string) (net.Conn, error) { return c.dial(o.peer(), to) },
		Timing: Timing{
			Heartbeat: 250 * time.Millisecond, Election: 250 * time.Millisecond,
			LeaderLease: 200 * time.Millisecond, Commit: cmp.Or(c.commit, 5*time.Millisecond),
		},
		OnEvidence: func(e Evidence) {
			if c.evidence != nil {
				c.evidence(e)
			}
		},
		OnEvents: func(e []state.Event) {
			if c.events != nil {
				c.events(o.peer(), e)
			}
		},
	}
}

// finality is how o's replica takes part in deciding what is final, if any does.
func (c *consortium) finality(o *org) *FinalityConfig {
	if !c.decides {
		return nil
	}
	return &FinalityConfig{
		Log: o.keys[member.Log], Cosigner: o.keys[member.Cosigner], MaxAge: c.age,
		Now: func() time.Time { return time.Now().Add(c.clock[o.peer()]) },
		Dial: func(_ context.Context, to string) (net.Conn, error) {
			return c.joinFinality(o.peer(), to)
		},
		DialHistory: func(_ context.Context, to string) (net.Conn, error) {
			return c.join(o.peer(), to, (*Replica).AcceptHistory)
		},
	}
}

func (c *consortium) start(orgs ...*org) {
	c.t.Helper()
	for _, o := range orgs {
		r, err := open(c.config(o), c.hooks)
		if err != nil {
			c.t.Fatalf("%s: %v", o.name, err)
		}
		c.mu.Lock()
		c.nodes[o.peer()] = r
		c.mu.Unlock()
	}
}

// kill stops a replica without handing over, as kill -9 does to its peers.
func (c *consortium) kill(o *org) {
	c.t.Helper()
	r := c.take(o)
	r.once.Do(func() { r.closeErr = r.shutdown(false) })
	if r.closeErr != nil {
		c.t.Errorf("%s: %v", o.name, r.closeErr)
	}
}

func (c *consortium) take(o *org) *Replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.nodes[o.peer()]
	delete(c.nodes, o.peer())
	return r
}

func (c *consortium) stopAll() {
	for _, o := range c.orgs {
		if r := c.take(o); r != nil {
			if err := r.Close(); err != nil {
				c.t.Errorf("%s: close: %v", o.name, err)
			}
		}
	}
	c.wg.Wait()
}

// dial makes a pipe whose far end the peer serves; it stands for a stream that Noise authenticated.
func (c *consortium) dial(from, to string) (net.Conn, error) {
	return c.join(from, to, (*Replica).Accept)
}

func (c *consortium) join(from, to string, serve func(*Replica, string, net.Conn)) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.nodes[to]
	if r == nil || c.cut[from] || c.cut[to] {
		return nil, errors.New("no route")
	}
	near, far := net.Pipe()
	c.conns[near] = [2]string{from, to}
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		serve(r, from, far)
		c.mu.Lock()
		delete(c.conns, near)
		c.mu.Unlock()
	}()
	return near, nil
}

// joinFinality is join for a stream of finality, which a silent peer neither opens nor takes.
func (c *consortium) joinFinality(from, to string) (net.Conn, error) {
	conn, err := c.join(from, to, (*Replica).AcceptFinality)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent != "" && (c.silent == from || c.silent == to) {
		_ = conn.Close()
		return nil, errors.New("silent")
	}
	c.decisions[conn] = [2]string{from, to}
	return conn, nil
}

// isolate cuts a replica off; heal brings it back.
func (c *consortium) isolate(o *org) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut[o.peer()] = true
	for conn, ends := range c.conns {
		if ends[0] == o.peer() || ends[1] == o.peer() {
			_ = conn.Close()
		}
	}
}

func (c *consortium) heal(o *org) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.cut, o.peer())
}

func (c *consortium) node(o *org) *Replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[o.peer()]
}

// leader waits until one of the running replicas leads and says so, and returns it.
func (c *consortium) leader() *org {
	c.t.Helper()
	var found *org
	c.eventually("a leader", func() bool {
		for _, o := range c.orgs {
			r := c.node(o)
			if r != nil && !c.cut[o.peer()] && r.Status().Role == "leader" {
				found = o
				return true
			}
		}
		return false
	})
	return found
}

func (c *consortium) follower() *org {
	c.t.Helper()
	leader := c.leader()
	for _, o := range c.orgs {
		if o != leader && c.node(o) != nil {
			return o
		}
	}
	c.t.Fatal("no follower")
	return nil
}

func (c *consortium) eventually(what string, ok func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	c.t.Fatalf("never happened: %s", what)
}

// within bounds one step of a test.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// submit sends an entry to whoever leads, as a node does, until it has an answer.
func (c *consortium) submit(raw []byte) (Result, error) {
	c.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r, err := c.node(c.leader()).Submit(within(c.t, 5*time.Second), raw)
		retry := errors.Is(err, ErrNotLeader) || errors.Is(err, ErrUnknownOutcome)
		if !retry || time.Now().After(deadline) {
			return r, err
		}
	}
}

func (c *consortium) must(raw []byte) uint64 {
	c.t.Helper()
	r, err := c.submit(raw)
	if err != nil {
		c.t.Fatalf("submit: %v", err)
	}
	return r.Index
}

func (c *consortium) signer(o *org, role member.Role) entry.Signer {
	return entry.Signer{Key: o.keys[role], LedgerID: c.genesis.ID()}
}

// nodeInfo signs the seq-th NodeInfo of o, each with another version text.
func (c *consortium) nodeInfo(o *org, seq uint64) []byte {
	c.t.Helper()
	raw, err := entry.NewNodeInfo(c.signer(o, member.Operator), seq, []string{"/ip4/127.0.0.1/tcp/2"}, fmt.Sprintf("v0.0.%d", seq))
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

// settle waits until all running replicas have size leaves and the same state.
func (c *consortium) settle(size uint64) [32]byte {
	c.t.Helper()
	var root [32]byte
	first := true
	for _, o := range c.orgs {
		r := c.node(o)
		if r == nil {
			continue
		}
		if err := r.WaitSize(within(c.t, 20*time.Second), size); err != nil {
			c.t.Fatalf("%s: %v", o.name, err)
		}
		var got [32]byte
		r.View(func(s *state.State) {
			if s.Size() != size {
				c.t.Errorf("%s has %d entries, want %d", o.name, s.Size(), size)
			}
			got = s.Hash()
		})
		if first {
			root, first = got, false
		} else if got != root {
			c.t.Errorf("%s is in another state", o.name)
		}
	}
	return root
}
