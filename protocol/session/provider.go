package session

import (
	"fmt"
	"time"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Provider is the machine of whoever serves segments: it reads a request, and says what to answer with
// Manifests, Part or Refuse. Whether the asker may have them is checked between the two. It is for
// one goroutine at a time.
type Provider struct {
	ledger [32]byte
	due    *MirrorRequest
	dead   bool
}

// NewProvider returns a machine for one stream.
func NewProvider(ledger [32]byte) *Provider { return &Provider{ledger: ledger} }

// Receive reads a request, once the one before has been answered. Every error is the asker's fault,
// after which the exchange is over but for one call of [Provider.Refuse] with the code that [CodeOf]
// gives.
func (p *Provider) Receive(msg []byte) (*MirrorRequest, error) {
	if p.dead {
		return nil, ErrClosed
	}
	r, err := p.receive(msg)
	if err != nil {
		p.dead = true
		return nil, err
	}
	p.due = r
	return r, nil
}

func (p *Provider) receive(msg []byte) (*MirrorRequest, error) {
	if p.due != nil {
		return nil, fmt.Errorf("%w: one request is open", ErrTurn)
	}
	r, err := ParseMirrorRequest(msg)
	if err != nil {
		return nil, err
	}
	if r.Ledger != p.ledger {
		return nil, ErrLedger
	}
	return r, nil
}

// Manifests answers with signed manifests, at most [MaxManifests]; more says that others come after.
func (p *Provider) Manifests(raw [][]byte, more bool) ([]byte, error) {
	if p.due == nil || p.due.Kind != ManifestsKind {
		return nil, ErrNotDue
	}
	return p.answer(&MirrorAnswer{Code: OK, Manifests: raw, More: more})
}

// Part answers with the bytes that were asked for, all of them.
func (p *Provider) Part(b []byte) ([]byte, error) {
	if p.due == nil || p.due.Kind != PartKind || uint64(len(b)) != p.due.Length {
		return nil, ErrNotDue
	}
	return p.answer(&MirrorAnswer{Code: OK, Part: b})
}

// Refuse answers with a code.
func (p *Provider) Refuse(with *Refusal) ([]byte, error) {
	if with.Code == OK || !with.Code.valid() {
		return nil, ErrNotDue
	}
	retry := min(maxRetry, uint64(max(0, (with.RetryAfter+time.Second-1)/time.Second)))
	return p.answer(&MirrorAnswer{Code: with.Code, RetryAfter: retry, Rule: printable(with.Rule, maxRule)})
}

func (p *Provider) answer(a *MirrorAnswer) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	p.due = nil
	return wire.Encode(a)
}
