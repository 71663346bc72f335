package fetch

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// ErrAnchor reports a manifest that is not the one that its holder put on the ledger: it shows different
// members different indexes, or an old one. The index in use stays.
var ErrAnchor = errors.New("the manifest served is not the one anchored on the ledger")

// Anchor is what the ledger has of an index.
type Anchor struct {
	Version  uint64
	Manifest [32]byte
	Index    uint64 // of the ledger's entry
}

// Anchors returns what the ledger has of a holder's indexes.
type Anchors func(holder member.PublicKey) map[mirror.Ref]Anchor

// Fork is two signed statements of a holder about one index of which at most one can be true.
type Fork struct {
	Ref    mirror.Ref
	Served *session.SignedManifest // nil where both are in Words
	Words  [2]Word                 // what was announced, in place of Other; the second only without Served
	Other  *session.SignedManifest // or, where nil, and nothing in Words, Anchor
	Anchor Anchor
}

// id tells forks apart, however they were seen: the hashes of the two manifests, in ascending order.
func (k *Fork) id() (id [64]byte) {
	a, b := k.Words[1].Manifest, k.Words[0].Manifest
	if k.Served != nil {
		a = k.Served.Hash
	}
	switch {
	case k.Words[0].Raw != nil:
	case k.Other != nil:
		b = k.Other.Hash
	default:
		b = k.Anchor.Manifest
	}
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	copy(id[:32], a[:])
	copy(id[32:], b[:])
	return id
}

// Guard has manifests compared with the ledger's anchors, and accuse called once for each fork that shows.
// Call it before the first update.
func (f *Fetcher) Guard(anchors Anchors, accuse func(Fork)) { f.anchors, f.accuse = anchors, accuse }

// guard is what the fetcher keeps to compare with. Its fields are under the fetcher's mutex.
type guard struct {
	anchors Anchors
	accuse  func(Fork)
	shown   map[mirror.Ref][]*session.SignedManifest // newest last
	words   map[mirror.Ref][]Word                    // newest last
	accused map[[64]byte]bool                        // by [Fork.id]
}

// keptShown is how many manifests of an index are kept until the ledger has anchored one that they can be
// compared with.
const keptShown = 8

// maxAccused bounds the memory of what was accused; beyond it nothing more is: the evidence is there.
const maxAccused = 4096

// anchored reads the anchors before manifests are asked for: what is served later must not be older.
func (f *Fetcher) anchored(holder member.PublicKey) map[mirror.Ref]Anchor {
	if f.anchors == nil {
		return nil
	}
	return f.anchors(holder)
}

// against compares a manifest with an anchor: equal, or in one chain as far as that can be seen.
func (a Anchor) against(m *session.SignedManifest) error {
	switch v := m.Manifest.Version; {
	case v == a.Version && m.Hash != a.Manifest, v == a.Version+1 && m.Manifest.Previous != a.Manifest:
		return fmt.Errorf("%w: version %d: %w", ErrAnchor, v, session.ErrFork)
	case v < a.Version:
		return fmt.Errorf("%w: version %d, %d is anchored: %w", ErrAnchor, v, a.Version, session.ErrRollback)
	}
	return nil
}

// check compares what is served with the anchor and with what was announced.
func (f *Fetcher) check(ref mirror.Ref, m *session.SignedManifest, anchors map[mirror.Ref]Anchor) error {
	if a, ok := anchors[ref]; ok {
		if err := a.against(m); err != nil {
			if errors.Is(err, session.ErrFork) {
				f.report(Fork{Ref: ref, Served: m, Anchor: a})
			}
			return err
		}
	}
	return f.announced(ref, m, anchors)
}

// note keeps a manifest that was put in use.
func (f *Fetcher) note(ref mirror.Ref, m *session.SignedManifest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := append(f.shown[ref], m)
	f.shown[ref] = list[max(0, len(list)-keptShown):]
}

// review compares what was shown earlier with anchors that came since. It reports whether the index in use
// is a branch that the ledger does not have: then it is of no more use.
func (f *Fetcher) review(ref mirror.Ref, a Anchor) (astray bool) {
	list := f.history(ref)
	for _, m := range list {
		if err := a.against(m); errors.Is(err, session.ErrFork) {
			f.report(Fork{Ref: ref, Served: m, Anchor: a})
			astray = true
		}
	}
	return astray
}

// history is what was shown since the start, and what is in use.
func (f *Fetcher) history(ref mirror.Ref) []*session.SignedManifest {
	f.mu.Lock()
	list := append([]*session.SignedManifest(nil), f.shown[ref]...)
	f.mu.Unlock()
	if m, err := f.mirror.Manifest(ref); err == nil {
		list = append(list, m)
	}
	return list
}

func (f *Fetcher) report(k Fork) {
	id := k.id()
	f.mu.Lock()
	known := f.accused[id] || len(f.accused) >= maxAccused
	if !known {
		f.accused[id] = true
	}
	f.mu.Unlock()
	if !known && f.accuse != nil {
		f.accuse(k)
	}
}
