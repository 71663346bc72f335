package session

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Puller is the mirror's machine for one holder's indexes: it asks for manifests and parts and takes
// the answers, which come in the order of the questions, up to [MaxWindow] in flight. Whoever
// answers, the manifests must be the holder's. It is for one goroutine at a time.
//
// A part is checked for its length only. Its content is checked when the segment is whole, against
// the segment's name in the manifest.
type Puller struct {
	ledger [32]byte
	holder member.PublicKey
	flight []*MirrorRequest
	known  map[[32]byte]*SignedManifest // by SHA-256 of Raw
	dead   bool
}

// NewPuller returns a machine for the indexes of holder, by its node key on the ledger.
func NewPuller(ledger [32]byte, holder member.PublicKey) *Puller {
	return &Puller{ledger: ledger, holder: holder}
}

// Know tells the machine of manifests of this holder that were verified before: the same bytes, served
// again, are not verified again. What was checked under another key or ledger must not be among them.
func (p *Puller) Know(verified []*SignedManifest) {
	p.known = make(map[[32]byte]*SignedManifest, len(verified))
	for _, m := range verified {
		p.known[sha256.Sum256(m.Raw)] = m
	}
}

// manifest verifies one, unless it is known.
func (p *Puller) manifest(raw []byte) (*SignedManifest, error) {
	if m := p.known[sha256.Sum256(raw)]; m != nil {
		return m, nil
	}
	return ParseManifest(raw, p.holder)
}

// Ready says whether one more request may be sent now.
func (p *Puller) Ready() bool { return !p.dead && len(p.flight) < MaxWindow }

// InFlight returns how many requests wait for their answer.
func (p *Puller) InFlight() int { return len(p.flight) }

// AskManifests returns the message that asks for the newest manifests, after the first from of them:
// 0, then as many as came while there are more.
func (p *Puller) AskManifests(from uint64) ([]byte, error) {
	return p.ask(&MirrorRequest{Kind: ManifestsKind, From: from})
}

// AskPart returns the message that asks for length bytes, 1 to [MaxPart], of a segment's file.
func (p *Puller) AskPart(name [32]byte, file File, offset, length uint64) ([]byte, error) {
	return p.ask(&MirrorRequest{Kind: PartKind, Name: name, File: file, Offset: offset, Length: length})
}

func (p *Puller) ask(r *MirrorRequest) ([]byte, error) {
	switch {
	case p.dead:
		return nil, ErrClosed
	case !p.Ready():
		return nil, ErrNotReady
	}
	r.V, r.Ledger, r.Holder = version, p.ledger, p.holder.PeerID()
	if err := r.check(); err != nil {
		return nil, err
	}
	msg, err := wire.Encode(r)
	if err == nil {
		p.flight = append(p.flight, r)
	}
	return msg, err
}

// Pulled is an answer: manifests or a part, as was asked.
type Pulled struct {
	Request   MirrorRequest
	Manifests []*SignedManifest
	More      bool // ask again for the manifests after these
	Part      []byte
}

// Receive reads the answer to the oldest request in flight. A *[Refusal] is about that request alone;
// every other error is a fault of whoever answers, after which the exchange is over.
func (p *Puller) Receive(msg []byte) (*Pulled, error) {
	if p.dead {
		return nil, ErrClosed
	}
	out, err := p.receive(msg)
	var refusal *Refusal
	p.dead = err != nil && !errors.As(err, &refusal)
	return out, err
}

func (p *Puller) receive(msg []byte) (*Pulled, error) {
	if len(p.flight) == 0 {
		return nil, fmt.Errorf("%w: nothing was asked", ErrTurn)
	}
	a, err := ParseMirrorAnswer(msg)
	if err != nil {
		return nil, err
	}
	r := p.flight[0]
	p.flight = p.flight[1:]
	if a.Code != OK {
		return nil, a.refusal()
	}
	if r.Kind == PartKind {
		if uint64(len(a.Part)) != r.Length || len(a.Manifests) != 0 {
			return nil, fmt.Errorf("%w: %d bytes instead of %d", ErrPart, len(a.Part), r.Length)
		}
		return &Pulled{Request: *r, Part: a.Part}, nil
	}
	if len(a.Part) != 0 {
		return nil, fmt.Errorf("%w: a part instead of manifests", ErrTurn)
	}
	manifests, err := p.manifests(a.Manifests)
	return &Pulled{Request: *r, Manifests: manifests, More: a.More}, err
}

// manifests checks each, and that no index has two.
func (p *Puller) manifests(raw [][]byte) ([]*SignedManifest, error) {
	type index struct {
		epoch uint64
		typ   string
	}
	seen := make(map[index]bool, len(raw))
	out := make([]*SignedManifest, 0, len(raw))
	for _, b := range raw {
		m, err := p.manifest(b)
		if err != nil {
			return nil, err
		}
		if m.Manifest.Ledger != p.ledger {
			return nil, ErrLedger
		}
		key := index{m.Manifest.Epoch, m.Manifest.Type}
		if seen[key] {
			return nil, fmt.Errorf("%w: two of one index", ErrManifest)
		}
		seen[key] = true
		out = append(out, m)
	}
	return out, nil
}
