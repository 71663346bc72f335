// Package fetch brings other members' encoded indexes here, over crosslight/mirror/v1: the network
// side of node/mirror. It pulls what a manifest lists and is missing, resumes after a break, and puts
// an index in use only when every byte has been checked against what its holder signed.
//
// What leaks: the holder sees that this member mirrors its index, and when. It does so whether or not
// this member asks anything.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// patience is how long a holder may take for one message.
const patience = 20 * time.Second

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

	mu    sync.Mutex
	turns map[member.PublicKey]*sync.Mutex
	have  map[mirror.Ref]held
}

// held is what was put in use last, so that an unchanged index costs nothing to update.
type held struct {
	manifest [32]byte
	labels   bool
}

// New returns a fetcher into m for one ledger. bytes is called with the peer ID and size of every
// part that arrives.
func New(net Opener, m *mirror.Mirror, ledger [32]byte, bytes func(holder string, n int)) *Fetcher {
	return &Fetcher{net: net, mirror: m, ledger: ledger, bytes: bytes, turns: map[member.PublicKey]*sync.Mutex{}, have: map[mirror.Ref]held{}}
}

// Update brings the mirror of one holder up to date. What was in use before stays in use when it
// fails. A *session.Refusal in the error is the holder's word; faults of the holder are named by
// session and mirror.
func (f *Fetcher) Update(ctx context.Context, holder member.PublicKey, may Entitled) error {
	turn := f.turn(holder)
	turn.Lock()
	defer turn.Unlock()
	stream, err := f.net.Open(ctx, holder.PeerID(), session.MirrorProtocol)
	if err != nil {
		return err
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, func() { _ = stream.Reset() })
	defer stop()
	link := &link{stream: stream, machine: session.NewPuller(f.ledger, holder)}
	manifests, err := link.manifests()
	for _, m := range manifests {
		if err != nil {
			break
		}
		if tags, labels := may(m.Manifest.Epoch, m.Manifest.Type); tags {
			err = f.pull(link, holder, m, labels)
		}
	}
	if err != nil {
		_ = stream.Reset() // whatever is still on its way is of no use
		return fmt.Errorf("mirror: %w", err)
	}
	return nil
}

func (f *Fetcher) turn(holder member.PublicKey) *sync.Mutex {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.turns[holder] == nil {
		f.turns[holder] = new(sync.Mutex)
	}
	return f.turns[holder]
}

// pull brings one index here.
func (f *Fetcher) pull(l *link, holder member.PublicKey, m *session.SignedManifest, labels bool) error {
	ref := mirror.Ref{Holder: holder, Epoch: m.Manifest.Epoch, Type: m.Manifest.Type}
	if f.holds(ref, held{m.Hash, labels}) {
		return nil
	}
	p, err := f.mirror.Begin(holder, m, labels)
	if err != nil {
		return err
	}
	if err := f.transfer(l, p, holder); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.have[ref] = held{m.Hash, labels}
	return nil
}

func (f *Fetcher) holds(ref mirror.Ref, want held) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.have[ref] == want
}

// transfer asks for what is missing, a window ahead, and ends the pull.
func (f *Fetcher) transfer(l *link, p *mirror.Pull, holder member.PublicKey) error {
	for {
		for l.machine.Ready() {
			part, ok := p.Next()
			if !ok {
				break
			}
			if err := l.ask(part); err != nil {
				return errors.Join(err, p.Close())
			}
		}
		if len(l.asked) == 0 {
			return p.Commit()
		}
		part, data, err := l.part()
		if err == nil {
			f.bytes(holder.PeerID(), len(data))
			err = p.Write(part, data)
		}
		if err != nil {
			return errors.Join(err, p.Close())
		}
	}
}

// link is the stream to one holder with the machine that knows whose turn it is.
type link struct {
	stream  p2p.Stream
	machine *session.Puller
	asked   []mirror.Part
}

// manifests asks for all manifests, page by page.
func (l *link) manifests() ([]*session.SignedManifest, error) {
	var all []*session.SignedManifest
	for {
		msg, err := l.machine.AskManifests(uint64(len(all)))
		if err != nil {
			return nil, err
		}
		if err := l.send(msg); err != nil {
			return nil, err
		}
		got, err := l.receive()
		if err != nil {
			return nil, err
		}
		all = append(all, got.Manifests...)
		if !got.More {
			return all, nil
		}
		if len(all) > maxManifests {
			return nil, fmt.Errorf("%w: more than %d", session.ErrManifest, maxManifests)
		}
	}
}

// maxManifests bounds what one holder can make this node list: every type in a few epochs.
const maxManifests = 1024

func (l *link) ask(part mirror.Part) error {
	msg, err := l.machine.AskPart(part.Name, part.File, part.Offset, part.Length)
	if err != nil {
		return err
	}
	l.asked = append(l.asked, part)
	return l.send(msg)
}

// part receives the answer to the oldest request.
func (l *link) part() (mirror.Part, []byte, error) {
	got, err := l.receive()
	if err != nil {
		return mirror.Part{}, nil, err
	}
	oldest := l.asked[0]
	l.asked = l.asked[1:]
	return oldest, got.Part, nil
}

func (l *link) send(msg []byte) error {
	if err := l.stream.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return wire.WriteFrame(l.stream, msg)
}

func (l *link) receive() (*session.Pulled, error) {
	if err := l.stream.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	msg, err := wire.ReadFrame(l.stream, session.MaxMirrorAnswer)
	if err != nil {
		return nil, err
	}
	return l.machine.Receive(msg)
}
