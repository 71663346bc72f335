package holder

import (
	"context"
	"fmt"
	"maps"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// issue is the next manifest of an index on its way out.
type issue struct {
	epoch    uint64
	typ      indicator.Type
	last     store.Published
	revision int64
	shows    store.Position

	segments []session.SegmentInfo
	starts   map[[32]byte]store.Position
}

// grow adds what changed to the segments of the current manifest or, where there is none to go on from or
// it is full, makes a new base.
func (n *issue) grow(ctx context.Context, g *segments, current *session.SignedManifest) error {
	if current == nil || !covers(n.last.Starts, current.Manifest.Segments) || len(current.Manifest.Segments)+2 > session.MaxSegments {
		return n.rebase(ctx, g)
	}
	added, err := g.changes(ctx, n.last.Shows, n.shows)
	if err != nil {
		return err
	}
	n.segments = append(append(n.segments, current.Manifest.Segments...), added...)
	n.starts = maps.Clone(n.last.Starts)
	n.began(added, n.last.Shows)
	return nil
}

func (n *issue) rebase(ctx context.Context, g *segments) error {
	base, err := g.base(ctx, n.shows)
	if err != nil {
		return err
	}
	n.segments, n.starts = []session.SegmentInfo{base}, map[[32]byte]store.Position{}
	n.began(n.segments, store.Position{})
	return nil
}

// began notes where segments begin in the store.
func (n *issue) began(list []session.SegmentInfo, at store.Position) {
	for _, s := range list {
		n.starts[s.Name] = at
	}
}

// covers says whether it is known of every segment where it begins.
func covers(starts map[[32]byte]store.Position, list []session.SegmentInfo) bool {
	for _, s := range list {
		if _, ok := starts[s.Name]; !ok {
			return false
		}
	}
	return true
}

// publish signs the manifest as the next of its chain, notes it, and puts it in use. The caller holds mu
// since it read what was published last.
func (x *Indexer) publish(ctx context.Context, n issue) error {
	version, previous := n.last.Version, n.last.Manifest
	if a, ok := x.anchored(n.epoch, n.typ); ok && a.Version > version { // the store is of an older backup
		version, previous = a.Version, a.Manifest
	}
	signed, err := session.Manifest{
		Ledger: x.h.cfg.LedgerID, Holder: x.h.self, Epoch: n.epoch, Type: string(n.typ),
		Version: version + 1, Previous: previous, Segments: n.segments,
	}.Sign(x.h.node)
	if err != nil {
		return fmt.Errorf("sign the manifest: %w", err)
	}
	note := store.Published{Revision: n.revision, Version: version + 1, Manifest: signed.Hash, Shows: n.shows, Starts: n.starts}
	if err := x.h.cfg.Store.SetPublished(ctx, n.epoch, n.typ, note); err != nil {
		return err
	}
	if err := x.h.cfg.Mirror.Publish(member.PublicOf(x.h.node), signed); err != nil {
		return err
	}
	if x.onPublish != nil {
		x.onPublish(signed)
	}
	return nil
}

// anchored is what the ledger has of this member's index.
func (x *Indexer) anchored(epoch uint64, typ indicator.Type) (a state.ManifestAnchor, ok bool) {
	x.h.cfg.Ledger.View(func(s *state.State) { a, ok = s.ManifestAnchor(x.h.cfg.Name, epoch, string(typ)) })
	return a, ok
}

// OnPublish has f called after each manifest that is put in use. Call it before [Indexer.Run]; f notes it
// and returns.
func (x *Indexer) OnPublish(f func(*session.SignedManifest)) { x.onPublish = f }
