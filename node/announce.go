package node

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Bounds of announcements.
const (
	announceEvery = 50 * time.Millisecond // what is published meanwhile goes out together
	holderRate    = 32                    // announcements a second of one holder, after the burst
	holderBurst   = 256
)

// announcer tells the other members of this member's new manifests, and hears of theirs.
type announcer struct {
	gossip *p2p.Gossip
	fresh  chan struct{} // something waits in own

	mu    sync.Mutex
	own   map[mirror.Ref]session.IndexVersion // published and not announced yet
	heard map[mirror.Ref]uint64               // the newest version announced, of members in good standing
	rates map[string]*p2p.Bucket              // by holder
}

// openGossip joins the topic of this ledger.
func (n *Node) openGossip() (err error) {
	n.announcer = &announcer{
		fresh: make(chan struct{}, 1), own: map[mirror.Ref]session.IndexVersion{},
		heard: map[mirror.Ref]uint64{}, rates: map[string]*p2p.Bucket{},
	}
	id := n.genesis.ID()
	n.announcer.gossip, err = n.host.Gossip(session.AnnounceTopic+"/"+hex.EncodeToString(id[:]), session.MaxAnnouncement, n.judge)
	if err != nil {
		return err
	}
	n.holder.Indexer().OnPublish(n.published)
	n.host.OnConnect(n.hub.Heard)
	return nil
}

// published notes a manifest that is to be announced and anchored.
func (n *Node) published(m *session.SignedManifest) {
	a, self := n.announcer, member.PublicOf(n.ring.Private(member.Node))
	ref := mirror.Ref{Holder: self, Epoch: m.Manifest.Epoch, Type: m.Manifest.Type}
	a.mu.Lock()
	a.own[ref] = session.IndexVersion{Epoch: ref.Epoch, Type: ref.Type, Version: m.Manifest.Version, Manifest: m.Hash}
	a.mu.Unlock()
	for _, c := range []chan struct{}{a.fresh, n.unanchored} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// announce publishes what waits, as soon as there is something.
func (n *Node) announce() {
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-n.announcer.fresh:
		}
		for list := range slices.Chunk(n.announcer.take(), session.MaxVersions) {
			msg, err := session.Announcement{Ledger: n.genesis.ID(), Indexes: list}.Sign(n.ring.Private(member.Node))
			if err == nil {
				err = n.announcer.gossip.Publish(n.ctx, msg)
			}
			if err != nil && n.ctx.Err() == nil {
				n.log.Warn("new manifests could not be announced; mirrors find them when they next ask", "error", err)
			}
		}
		select {
		case <-n.ctx.Done():
			return
		case <-time.After(announceEvery):
		}
	}
}

func (a *announcer) take() []session.IndexVersion {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []session.IndexVersion
	for _, v := range a.own {
		out = append(out, v)
	}
	clear(a.own)
	slices.SortFunc(out, func(x, y session.IndexVersion) int {
		return cmp.Or(cmp.Compare(x.Epoch, y.Epoch), strings.Compare(x.Type, y.Type))
	})
	return out
}

// judge decides on a message of the gossip. What costs least comes first, and the signature last: a flood
// of what is known, or of a holder that is no member, costs a parse.
func (n *Node) judge(msg []byte) p2p.Verdict {
	read, err := session.ReadAnnouncement(msg, n.genesis.ID())
	if err != nil {
		return p2p.Faulty
	}
	var m state.Member
	var ok bool
	n.replica.View(func(s *state.State) { m, ok = s.MemberByPeer(read.Says.Holder) })
	if !ok || m.Status != state.Active {
		return p2p.Ignore // or this node's ledger is behind; it asks when it connects
	}
	if !n.announcer.mayHear(m.PeerID, time.Now()) {
		return p2p.Ignore
	}
	fresh := n.announcer.news(m, read.Says.Indexes, false)
	if !fresh && !n.contradicted(m, read.Says.Indexes) {
		return p2p.Ignore
	}
	if _, err := read.Verify(m.Keys.Node); err != nil {
		return p2p.Faulty
	}
	n.hear(m, read.Says.Indexes, msg)
	if fresh {
		n.announcer.news(m, read.Says.Indexes, true)
		n.hub.Heard(m.PeerID)
	}
	return p2p.Keep // what contradicts goes on as well: every member is to see both
}

// contradicted says whether the holder announced another manifest of one of these versions before.
func (n *Node) contradicted(m state.Member, list []session.IndexVersion) bool {
	return slices.ContainsFunc(list, func(v session.IndexVersion) bool {
		ref, ok := announcedIndex(m, v)
		return ok && n.fetcher.Contradicts(ref, v.Version, v.Manifest)
	})
}

// hear keeps what another member announced, to be compared with what it serves.
func (n *Node) hear(m state.Member, list []session.IndexVersion, msg []byte) {
	if m.PeerID == n.host.ID() {
		return
	}
	raw := slices.Clone(msg)
	for _, v := range list {
		if ref, ok := announcedIndex(m, v); ok {
			n.fetcher.Hear(ref, fetch.Word{Version: v.Version, Manifest: v.Manifest, Raw: raw})
		}
	}
}

// announcedIndex is the index that a line of a holder's announcement is about. ok is false for those that the
// ledger cannot have, so a holder cannot make memory grow.
func announcedIndex(m state.Member, v session.IndexVersion) (ref mirror.Ref, ok bool) {
	_, err := indicator.ParseType(v.Type)
	ok = err == nil && v.Epoch <= m.Epoch && v.Epoch+1 >= m.Epoch
	return mirror.Ref{Holder: m.Keys.Node, Epoch: v.Epoch, Type: v.Type}, ok
}

func (a *announcer) mayHear(holder string, now time.Time) bool {
	a.mu.Lock()
	b := a.rates[holder]
	if b == nil {
		b = p2p.NewBucket(holderRate, holderBurst)
		a.rates[holder] = b
	}
	a.mu.Unlock()
	return b.Take(now, 1)
}

// news says whether an announcement has a version that was not heard of, and remembers it where keep says
// so.
func (a *announcer) news(m state.Member, list []session.IndexVersion, keep bool) (fresh bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range list {
		ref, ok := announcedIndex(m, v)
		if !ok || v.Version <= a.heard[ref] {
			continue
		}
		fresh = true
		if keep {
			a.heard[ref] = v.Version
		}
	}
	return fresh
}
