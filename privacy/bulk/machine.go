package bulk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/crosslight/crosslight/privacy/bulk/internal/code"
	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
	"github.com/crosslight/crosslight/privacy/bulk/internal/pprf"
	"github.com/crosslight/crosslight/privacy/bulk/internal/vole"
)

// party is what both machines share: whose turn it is. Messages have fixed places in a session, so that
// number and kind of every message follow from the sizes.
type party struct {
	config   Config
	context  [32]byte
	items    []byte // own digests; the caller's memory
	sent     uint32 // the next message to send; less than made after a rewind
	made     uint32
	received uint32
	hash     [32]byte // Transcript
	kept     map[uint32][]byte
	spare    []byte // of a message that was sent
	failed   error
}

func newParty(c Config, items []byte) (party, error) {
	if c.Mode == 0 {
		c.Mode = Fast
	}
	if c.MaxPeer == 0 {
		c.MaxPeer = MaxItems
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Mode > Compact || c.LabelSize < 0 || c.LabelSize > MaxLabel || c.MaxPeer < 0 || c.MaxPeer > MaxItems || len(items)%DigestSize != 0 {
		return party{}, ErrConfig
	}
	if len(items)/DigestSize > MaxItems {
		return party{}, ErrTooMany
	}
	return party{config: c, context: digest(contextDomain, c.Context), items: items, kept: map[uint32][]byte{}}, nil
}

func (p *party) count() int { return len(p.items) / DigestSize }

// Position returns how many messages were sent and received.
func (p *party) Position() (sent, received uint32) { return p.sent, p.received }

// Transcript returns the hash of both hellos, or zeros before they were exchanged.
func (p *party) Transcript() [32]byte { return p.hash }

// Rewind makes Next begin again with message number sent. The error is [ErrRewind].
func (p *party) Rewind(sent uint32) error {
	if sent > p.made {
		return fmt.Errorf("%w: message %d of %d", ErrRewind, sent, p.made)
	}
	p.sent = sent
	return nil
}

// Release gives the memory of a message back.
func (p *party) Release(message []byte) { p.spare = message }

// next gives message number sent: from those kept, or made by make. What make returns with keep set must
// not be made twice (it is random), and is kept.
func (p *party) next(k kind, keep bool, make func([]byte) ([]byte, error)) ([]byte, error) {
	if m, ok := p.kept[p.sent]; ok {
		p.sent++
		return append([]byte(nil), m...), nil
	}
	m, err := make(header(p.spare[:0], k, p.sent))
	p.spare = nil
	if err != nil {
		p.failed = err
		return nil, err
	}
	if keep {
		p.kept[p.sent] = append([]byte(nil), m...)
	}
	p.sent++
	p.made = max(p.made, p.sent)
	return m, nil
}

// random reads n secret bytes.
func (p *party) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(p.config.Rand, b); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return b, nil
}

// kindOf returns the correlation of a mode, whose tables are computed at first use.
func (m Mode) kind() *vole.Kind {
	if m == Compact {
		return compactKind()
	}
	return fastKind()
}

var (
	fastKind    = sync.OnceValue(func() *vole.Kind { return vole.NewKind(4, code.BCH245) })
	compactKind = sync.OnceValue(func() *vole.Kind { return vole.NewKind(8, code.BCH185) })
)

func (m Mode) trees() pprf.Shape { return pprf.Shape{Trees: m.kind().Columns, Depth: m.kind().K} }

// layout is where the store of n digests lies in the correlation.
func layout(n int) (okvs.Shape, vole.Layout) {
	s := okvs.ShapeOf(n)
	return s, vole.Layout{Slots: s.Slots()}
}

// Numbers of messages before and after the blocks.
const (
	beforeBlocks = 3 // receiver: hello, coin, trees
	afterBlocks  = 2 // salt, answer
	beforeTags   = 3 // sender: hello, answer, coin
)

// entrySize is how long a tag with its sealed label is.
func entrySize(labelSize int) int {
	if labelSize == 0 {
		return TagSize
	}
	return TagSize + labelSize + SealExtra
}

// tagsPer is how many tags go into a message, tagMessages how many messages n tags take.
func tagsPer(labelSize int) int { return min(4096, (MaxMessage-headerSize)/entrySize(labelSize)) }

func tagMessages(n, labelSize int) uint32 {
	return uint32((n + tagsPer(labelSize) - 1) / tagsPer(labelSize))
}

// took counts a message that receive takes. After an error other than [ErrOrder] the machine is over.
func (p *party) took(message []byte, receive func([]byte) error) error {
	if p.failed != nil {
		return p.failed
	}
	err := receive(message)
	switch {
	case err == nil:
		p.received++
	case !errors.Is(err, ErrOrder):
		p.failed = err
	}
	return err
}
