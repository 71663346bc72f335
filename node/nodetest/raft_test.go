package nodetest

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const raftProtocol = "crosslight/raft/v1"

// The messages of crosslight/raft/v1 as an adversary writes them, from specs/ledger.cddl and not with
// the node's own code, which would not say such things.
type (
	raftSay struct {
		V        uint64        `cbor:"1,keyasint"`
		Append   *raftAppend   `cbor:"2,keyasint,omitempty"`
		Vote     *raftVote     `cbor:"3,keyasint,omitempty"`
		Timeout  *raftTimeout  `cbor:"5,keyasint,omitempty"`
		Snapshot *raftSnapshot `cbor:"6,keyasint,omitempty"`
	}
	raftAppend struct {
		Term      uint64      `cbor:"1,keyasint"`
		PrevIndex uint64      `cbor:"2,keyasint"`
		PrevTerm  uint64      `cbor:"3,keyasint"`
		Commit    uint64      `cbor:"4,keyasint"`
		Entries   []raftEntry `cbor:"5,keyasint"`
	}
	raftEntry struct {
		Term    uint64       `cbor:"1,keyasint"`
		Kind    uint64       `cbor:"2,keyasint"`
		At      int64        `cbor:"3,keyasint"`
		Data    []byte       `cbor:"4,keyasint"`
		Servers []raftServer `cbor:"5,keyasint"`
	}
	raftServer struct {
		ID    string `cbor:"1,keyasint"`
		Voter bool   `cbor:"2,keyasint"`
	}
	raftVote struct {
		Term      uint64 `cbor:"1,keyasint"`
		LastIndex uint64 `cbor:"2,keyasint"`
		LastTerm  uint64 `cbor:"3,keyasint"`
		Transfer  bool   `cbor:"4,keyasint"`
	}
	raftTimeout struct {
		Now bool `cbor:"1,keyasint"`
	}
	raftSnapshot struct {
		Term        uint64       `cbor:"1,keyasint"`
		LastIndex   uint64       `cbor:"2,keyasint"`
		LastTerm    uint64       `cbor:"3,keyasint"`
		Servers     []raftServer `cbor:"4,keyasint"`
		ConfigIndex uint64       `cbor:"5,keyasint"`
		Size        uint64       `cbor:"6,keyasint"`
	}
	raftHear struct {
		V         uint64 `cbor:"1,keyasint"`
		Term      uint64 `cbor:"2,keyasint"`
		OK        bool   `cbor:"3,keyasint"`
		LastIndex uint64 `cbor:"4,keyasint"`
		NoBackoff bool   `cbor:"5,keyasint"`
		Error     string `cbor:"6,keyasint"`
	}
	snapshotHead struct {
		V    uint64   `cbor:"1,keyasint"`
		Size uint64   `cbor:"2,keyasint"`
		Root [32]byte `cbor:"3,keyasint"`
	}
)

const (
	raftCommand       = 0
	raftNoop          = 1
	raftConfiguration = 5
)

// say sends one message of raft's to a member, followed by after, and returns the answer, or that the
// member ended the stream instead.
func (r *Rogue) say(t testing.TB, to member.Card, what raftSay, after ...[]byte) (raftHear, error) {
	t.Helper()
	what.V = 1
	b, err := wire.Encode(what)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Host.Open(t.Context(), to.Keys.Node.PeerID(), raftProtocol)
	if err != nil {
		return raftHear{}, err
	}
	defer s.Close()
	_ = s.SetDeadline(time.Now().Add(5 * time.Second))
	if err := wire.WriteFrame(s, b); err != nil {
		return raftHear{}, err
	}
	for _, more := range after {
		if _, err := s.Write(more); err != nil {
			return raftHear{}, err
		}
	}
	answer, err := wire.ReadFrame(s, 1<<10)
	if err != nil {
		return raftHear{}, err
	}
	var hear raftHear
	return hear, wire.Decode(answer, &hear, 1<<10)
}

// stranger is nobody: a host with fresh keys that knows where the members listen.
func (c *Consortium) stranger() *Rogue {
	c.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	c.must(err)
	peers := map[string][]string{}
	for _, o := range c.orgs {
		card := c.Card(o.Name)
		peers[card.Keys.Node.PeerID()] = card.Addresses
	}
	return &Rogue{Host: openHost(c.t, p2p.Config{
		Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Admit: func(string) bool { return true },
	}, peers)}
}

// leader returns the name of the member that leads and whom the others follow.
func (c *Consortium) leader() (name string) {
	c.t.Helper()
	c.Until("somebody leads", func() bool {
		name = ""
		for _, o := range c.up() {
			if c.Node(o).Ledger().Status().Role == "leader" {
				name = o
			}
		}
		return name != ""
	})
	return name
}

// up returns the names of the members whose nodes run, in the order of the founders.
func (c *Consortium) up() (names []string) {
	for _, o := range c.orgs {
		if c.running(o.Name) {
			names = append(names, o.Name)
		}
	}
	return names
}

// settled waits until all running nodes have executed the same, and nothing is under way.
func (c *Consortium) settled() {
	c.t.Helper()
	c.Until("the ledgers are alike", func() bool {
		leader := c.Node(c.leader()).Ledger().Status()
		for _, name := range c.up() {
			s := c.Node(name).Ledger().Status()
			if s.Root != leader.Root || s.LogIndex != leader.LogIndex || s.Commit != leader.LogIndex || s.Term != leader.Term {
				return false
			}
		}
		return true
	})
}

// founders is raft's founding configuration, with more voters after it.
func (c *Consortium) founders(more ...string) (servers []raftServer) {
	c.t.Helper()
	for _, o := range c.orgs {
		servers = append(servers, raftServer{c.Card(o.Name).Keys.Node.PeerID(), true})
	}
	for _, id := range more {
		servers = append(servers, raftServer{id, true})
	}
	return servers
}

// accused says whether a member's node has written down evidence of a kind.
func (c *Consortium) accused(name, kind string) bool {
	files, err := filepath.Glob(filepath.Join(home.Home(c.Home(name)).Evidence(), "*"+kind+"*"))
	return err == nil && len(files) > 0
}

// refused counts what a node kept from raft for a reason that contains words.
func (c *Consortium) refused(name, words string) (n uint64) {
	for reason, count := range c.Node(name).Ledger().Status().Refused {
		if strings.Contains(reason, words) {
			n += count
		}
	}
	return n
}

// cutting counts the snapshots that a node would load at its next start and that hold less than so many leaves, or
// others than it has executed. One of its own is not among them: a node that fell behind takes one.
func (c *Consortium) cutting(name string, size uint64) (n int) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(home.Home(c.Home(name)).Raft(), "snapshots", "*", "state.bin"))
	c.must(err)
	for _, file := range files {
		if strings.HasSuffix(filepath.Dir(file), ".tmp") {
			continue
		}
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // an older one, which went
		}
		c.must(err)
		b, err := wire.ReadFrame(f, 128)
		c.must(errors.Join(err, f.Close()))
		var head snapshotHead
		c.must(wire.Decode(b, &head, 128))
		root, ok := c.Node(name).Ledger().RootAt(head.Size)
		if head.Size < size || !ok || root != head.Root {
			n++
		}
	}
	return n
}
