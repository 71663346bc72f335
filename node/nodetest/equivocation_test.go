package nodetest

import (
	"context"
	"encoding/hex"
	"slices"
	"sync"
	"testing"

	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// TestARogueHolder has a holder show different members different indexes, against the ledger and between two
// anchors, and flood the gossip. What it signed is kept as evidence that convinces others; everybody else works
// on.
func TestARogueHolder(t *testing.T) { // alone: it counts this process's goroutines
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", emails(0, 10))
	importCSV(t, c, "police", "email,shared@example.com,livestream,3,POL-1,,\n")
	var anchored hub.Mirror
	for _, org := range []string{"police", "platform"} {
		c.Until("the bank's index is mirrored and anchored", func() bool {
			m, ok := mirrorOf(c, org, "bank", "email")
			anchored = m
			return ok && m.Items == 10 && m.Anchored != nil && *m.Anchored == m.Version
		})
	}
	c.allFinal()
	r := newTwoFaced(t, c, "bank")

	t.Run("against the anchor", func(t *testing.T) {
		r.show("platform", r.fork(r.newest, [32]byte{9}))
		kept := awaitEvidence(t, c, "platform", "manifest-anchor")
		if kept.Record.Accused != r.Card.Keys.Node.PeerID() {
			t.Errorf("accused is %s", kept.Record.Accused)
		}
		if n := mirrored(c, "platform", "bank"); n != 10 {
			t.Errorf("%d items are in use at the platform, 10 are anchored", n)
		}
		if n := len(evidenceAt(t, c, "police")); n != 0 {
			t.Errorf("the police, who was shown nothing false, kept %d", n)
		}
	})
	t.Run("between two anchors", func(t *testing.T) {
		one, other := r.fork(r.newest, r.newest.Hash), r.forkWith(r.newest, r.newest.Hash, r.newest.Manifest.Segments[:1])
		r.show("platform", one)
		r.show("police", other)
		for org, m := range map[string]*session.SignedManifest{"platform": one, "police": other} {
			c.Until(org+" takes what it is shown", func() bool {
				got, ok := mirrorOf(c, org, "bank", "email")
				return ok && got.Manifest == hex.EncodeToString(m.Hash[:]) && got.Version == anchored.Version+1
			})
		}
		r.announce(t, other, func() bool { return len(evidenceAt(t, c, "platform")) >= 2 })
		awaitEvidence(t, c, "platform", "manifest-announcement")
		r.announce(t, one, func() bool { return len(evidenceAt(t, c, "police")) >= 1 })
		awaitEvidence(t, c, "police", "announcement-fork")
	})
	t.Run("a gossip flood", func(t *testing.T) { floodGossip(t, c, r) })

	importCSV(t, c, "police", "email,later@example.com,livestream,3,POL-2,,\n")
	later := hub.Value{Type: "email", Raw: "later@example.com"}
	c.Until("what the police imports meanwhile is found", func() bool {
		report := ask(t, c, "platform", shared, later)
		return len(report.Matches) == 2 && statusAt(report, "police") == "ok"
	})
}

// twoFaced is a rogue that shows each member a manifest of its own of its index of e-mail addresses.
type twoFaced struct {
	*Rogue
	newest *session.SignedManifest // that the honest node published
	gossip *p2p.Gossip
	said   uint64 // announcements that were made

	mu    sync.Mutex
	shown map[string]*session.SignedManifest // by peer
	peers map[string]string                  // by name
}

func newTwoFaced(t *testing.T, c *Consortium, name string) *twoFaced {
	r := &twoFaced{Rogue: c.Rogue(name), shown: map[string]*session.SignedManifest{}, peers: map[string]string{}}
	for _, org := range trio {
		r.peers[org] = c.Card(org).Keys.Node.PeerID()
	}
	m, err := mirror.Open(home.Home(c.Home(name)).Mirror(), mirror.Options{})
	c.must(err)
	t.Cleanup(func() { _ = m.Close() })
	r.newest, err = m.Manifest(mirror.Ref{Holder: r.Card.Keys.Node, Epoch: 1, Type: "email"})
	c.must(err)
	r.Host.Handle(session.MirrorProtocol, 8, func(_ context.Context, s p2p.Stream) { r.serve(m, s) })
	r.gossip, err = r.Host.Gossip(session.AnnounceTopic+"/"+hex.EncodeToString(r.LedgerID[:]), session.MaxAnnouncement,
		func([]byte) p2p.Verdict { return p2p.Ignore })
	c.must(err)
	return r
}

func (r *twoFaced) serve(m *mirror.Mirror, s p2p.Stream) {
	machine := session.NewProvider(r.LedgerID)
	for {
		msg, err := wire.ReadFrame(s, session.MaxMirrorAsk)
		if err != nil {
			return
		}
		q, err := machine.Receive(msg)
		if err != nil {
			return
		}
		var reply []byte
		if q.Kind == session.ManifestsKind {
			r.mu.Lock()
			show := r.shown[s.Peer()]
			r.mu.Unlock()
			if show == nil {
				show = r.newest
			}
			reply, err = machine.Manifests([][]byte{show.Raw}, false)
		} else {
			reply, err = provide(m, r.Card.Keys.Node, machine, q)
		}
		if err != nil || wire.WriteFrame(s, reply) != nil {
			return
		}
	}
}

// show has a member served a manifest from now on.
func (r *twoFaced) show(org string, m *session.SignedManifest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown[r.peers[org]] = m
}

// fork signs a manifest that comes after another, and says that it follows previous.
func (r *twoFaced) fork(after *session.SignedManifest, previous [32]byte) *session.SignedManifest {
	return r.forkWith(after, previous, slices.Clone(after.Manifest.Segments))
}

func (r *twoFaced) forkWith(after *session.SignedManifest, previous [32]byte, segments []session.SegmentInfo) *session.SignedManifest {
	next := after.Manifest
	next.Version, next.Previous, next.Segments = next.Version+1, previous, segments
	signed, err := next.Sign(r.Ring.Private(member.Node))
	if err != nil {
		panic(err)
	}
	return signed
}

// announce says, to all, that m is new, until it has been heard. Each time it names another version of another
// index beside it, for a message that was lost is not sent twice.
func (r *twoFaced) announce(t *testing.T, m *session.SignedManifest, heard func() bool) {
	t.Helper()
	for range 600 {
		if heard() {
			return
		}
		r.say(t, session.IndexVersion{Epoch: 1, Type: "email", Version: m.Manifest.Version, Manifest: m.Hash})
		pauseBriefly()
	}
	t.Fatal("an announcement was not heard")
}

func (r *twoFaced) say(t *testing.T, v session.IndexVersion) {
	t.Helper()
	r.said++
	msg, err := session.Announcement{Ledger: r.LedgerID, Indexes: []session.IndexVersion{
		v, {Epoch: 1, Type: "phone", Version: 1000 + r.said, Manifest: [32]byte{1}},
	}}.Sign(r.Ring.Private(member.Node))
	if err == nil {
		err = r.gossip.Publish(context.Background(), msg)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mirrorOf is what an organisation has of one of a holder's indexes.
func mirrorOf(c *Consortium, org, holder, typ string) (hub.Mirror, bool) {
	c.t.Helper()
	list, err := c.Hub(org).Mirrors(context.Background(), hub.MirrorFilter{Holder: holder, Type: typ})
	c.must(err)
	if len(list) != 1 {
		return hub.Mirror{}, false
	}
	return list[0], true
}

func evidenceAt(t *testing.T, c *Consortium, org string) []evidence.Kept {
	t.Helper()
	kept, err := evidence.List(home.Home(c.Home(org)).Evidence())
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// awaitEvidence waits for evidence of a kind, which has to convince whoever has nothing but the file.
func awaitEvidence(t *testing.T, c *Consortium, org, kind string) (found evidence.Kept) {
	t.Helper()
	c.Until(org+" keeps evidence of the kind "+kind, func() bool {
		for _, k := range evidenceAt(t, c, org) {
			if k.Err == nil && k.Record.Kind == kind {
				found = k
				return true
			}
		}
		return false
	})
	if f, err := found.Record.Examine(); err != nil || !f.Proved {
		t.Errorf("%s proves nothing: %+v, %v", kind, f, err)
	}
	return found
}
