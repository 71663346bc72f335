package fetch

import (
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// patience is how long a holder may take for one message.
const patience = 20 * time.Second

// link is the stream to one holder with the machine that knows whose turn it is.
type link struct {
	stream  p2p.Stream
	machine *session.Puller
	asked   []mirror.Part
	broken  error // what ended the exchange; nothing can be asked after it
}

// maxManifests bounds what one holder can make this node list: every type in a few epochs.
const maxManifests = 1024

// manifests asks for all manifests, page by page. Two of one index are a fault of the holder on two
// pages as on one.
func (l *link) manifests() ([]*session.SignedManifest, error) {
	type index struct {
		epoch uint64
		typ   string
	}
	seen := map[index]bool{}
	var all []*session.SignedManifest
	for {
		msg, err := l.machine.AskManifests(uint64(len(all)))
		if err == nil {
			err = l.send(msg)
		}
		if err != nil {
			return nil, err
		}
		got, err := l.receive()
		if err != nil {
			return nil, err
		}
		for _, m := range got.Manifests {
			key := index{m.Manifest.Epoch, m.Manifest.Type}
			if seen[key] {
				return nil, fmt.Errorf("%w: two of one index", session.ErrManifest)
			}
			seen[key] = true
		}
		all = append(all, got.Manifests...)
		if len(all) > maxManifests {
			return nil, fmt.Errorf("%w: more than %d", session.ErrManifest, maxManifests)
		}
		if !got.More {
			return all, nil
		}
	}
}

// fill asks for parts until the window is full or all have been asked for.
func (l *link) fill(p *mirror.Pull) error {
	for l.machine.Ready() {
		part, ok := p.Next()
		if !ok {
			return nil
		}
		msg, err := l.machine.AskPart(part.Name, part.File, part.Offset, part.Length)
		if err != nil {
			return err
		}
		l.asked = append(l.asked, part)
		if err := l.send(msg); err != nil {
			return err
		}
	}
	return nil
}

// part receives the answer to the oldest request.
func (l *link) part() (mirror.Part, []byte, error) {
	oldest := l.asked[0]
	l.asked = l.asked[1:]
	got, err := l.receive()
	if err != nil {
		return mirror.Part{}, nil, err
	}
	return oldest, got.Part, nil
}

// drain receives and drops the answers to what has been asked for, at most a window of them, so that
// something else can be asked.
func (l *link) drain() {
	for l.broken == nil && l.machine.InFlight() > 0 {
		_, _ = l.receive() // a refusal is as good; what breaks the link is kept in it
	}
	l.asked = nil
}

func (l *link) send(msg []byte) error {
	err := l.stream.SetDeadline(time.Now().Add(patience))
	if err == nil {
		err = wire.WriteFrame(l.stream, msg)
	}
	return l.note(err)
}

func (l *link) receive() (*session.Pulled, error) {
	if err := l.stream.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, l.note(err)
	}
	msg, err := wire.ReadFrame(l.stream, session.MaxMirrorAnswer)
	if err != nil {
		return nil, l.note(err)
	}
	got, err := l.machine.Receive(msg)
	return got, l.note(err)
}

// note keeps an error after which nothing more can be asked: every one but a refusal.
func (l *link) note(err error) error {
	var refusal *session.Refusal
	if err != nil && l.broken == nil && !errors.As(err, &refusal) {
		l.broken = err
	}
	return err
}
