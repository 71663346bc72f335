// Package fetch brings other members' encoded indexes here, over crosslight/mirror/v1: the network
// side of node/mirror. It pulls what a manifest lists and is missing, resumes after a break, and puts
// an index in use only when every byte has been checked against what its holder signed.
//
//	Update                                    holder
//	  labels that policy no longer gives: removed
//	  manifests                       ->
//	                                  <-      signed manifests
//	  each index, the smallest first:
//	    parts, a window ahead         ->
//	                                  <-      bytes
//	    check every byte, put in use
//	  once more, from the manifests on, for what the holder replaced meanwhile
//
// A type that cannot be had does not spoil the others: see [UpdateError].
//
// What leaks: the holder sees that this member mirrors its index, and when. It does so whether or not
// this member asks anything; but one that updates a type only when it has a question of that type
// shows when it has, so update all of them in the background as well.
package fetch

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Opener opens a stream to a peer; *p2p.Host is one.
type Opener interface {
	Open(ctx context.Context, peer, protocol string) (p2p.Stream, error)
}

// Entitled says whether this member may have a holder's index of (epoch, type), and with labels.
type Entitled func(epoch uint64, typ string) (tags, labels bool)

// Fetcher pulls indexes. It is safe for concurrent use; one holder's are pulled one after the other.
type Fetcher struct {
	net    Opener
	mirror *mirror.Mirror
	ledger [32]byte
	bytes  func(holder string, n int) // counts what arrives
	now    func() time.Time

	mu    sync.Mutex
	turns map[member.PublicKey]chan struct{} // holds one token while a holder's are pulled
	have  map[mirror.Ref]held
	said  map[mirror.Ref][32]byte // the manifest that the holder was told is in use
	guard                         // what the ledger has

	suspects sync.Mutex // held while one index is verified
	cleared  map[mirror.Ref]clearance
}

// held is what was put in use last, so that an unchanged index costs nothing to update.
type held struct {
	manifest [32]byte
	labels   bool
}

// New returns a fetcher into m for one ledger. bytes is called with the peer ID and size of every
// part that arrives.
func New(net Opener, m *mirror.Mirror, ledger [32]byte, bytes func(holder string, n int)) *Fetcher {
	return &Fetcher{
		net: net, mirror: m, ledger: ledger, bytes: bytes, now: time.Now,
		said: map[mirror.Ref][32]byte{},
		guard: guard{
			shown: map[mirror.Ref][]*session.SignedManifest{}, words: map[mirror.Ref][]Word{}, accused: map[[64]byte]bool{},
		},
		turns: map[member.PublicKey]chan struct{}{}, have: map[mirror.Ref]held{}, cleared: map[mirror.Ref]clearance{},
	}
}

// Update brings the mirror of one holder up to date. What was in use before stays in use where it
// fails. The error is an *[UpdateError]; in it, a *session.Refusal is the holder's word, and faults of
// the holder are named by session and mirror.
func (f *Fetcher) Update(ctx context.Context, holder member.PublicKey, may Entitled) error {
	return f.update(ctx, holder, may, func(string) bool { return true })
}

// UpdateTypes is Update for some indicator types alone: those that a question waits for.
func (f *Fetcher) UpdateTypes(ctx context.Context, holder member.PublicKey, may Entitled, types []string) error {
	if len(types) == 0 {
		return nil
	}
	return f.update(ctx, holder, may, func(t string) bool { return slices.Contains(types, t) })
}

func (f *Fetcher) update(ctx context.Context, holder member.PublicKey, may Entitled, wanted func(typ string) bool) error {
	turn := f.turn(holder)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return &UpdateError{All: ctx.Err()}
	}
	u := &update{fetcher: f, holder: holder, may: may, wanted: wanted, failed: map[mirror.Ref]error{}, tries: map[mirror.Ref]int{}}
	if err := u.restrict(); err != nil {
		return &UpdateError{All: err}
	}
	return u.run(ctx)
}

func (f *Fetcher) turn(holder member.PublicKey) chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.turns[holder] == nil {
		f.turns[holder] = make(chan struct{}, 1)
	}
	return f.turns[holder]
}

// holds says whether an index was put in use here and still is: the mirror may have dropped it since.
func (f *Fetcher) holds(ref mirror.Ref, want held) bool {
	f.mu.Lock()
	have := f.have[ref] == want
	f.mu.Unlock()
	if !have {
		return false
	}
	m, err := f.mirror.Manifest(ref)
	return err == nil && m.Hash == want.manifest
}

func (f *Fetcher) keep(ref mirror.Ref, h held) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.have[ref] = h
}

func (f *Fetcher) forget(ref mirror.Ref) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.have, ref)
}

// forgetLabels makes the next update look at an index whose labels go.
func (f *Fetcher) forgetLabels(ref mirror.Ref) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.have[ref].labels {
		delete(f.have, ref)
	}
}
