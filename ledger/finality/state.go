package finality

import (
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// MaxState is the longest persisted state in bytes.
const MaxState = 16 << 10

// stateWire is what a voter must not forget. The proposal that was echoed stands for the echo, the
// quorum of echoes for the lock: Ed25519 signs the same bytes alike, so what was sent can be sent again.
type stateWire struct {
	Version     uint64           `cbor:"1,keyasint"`
	Ledger      [32]byte         `cbor:"2,keyasint"`
	Incarnation uint64           `cbor:"3,keyasint"`
	Self        [16]byte         `cbor:"4,keyasint"`
	Round       uint64           `cbor:"5,keyasint"`
	Proposed    *signedWire      `cbor:"6,keyasint,omitempty"`
	Echoed      *signedWire      `cbor:"7,keyasint,omitempty"`
	Lock        *certificateWire `cbor:"8,keyasint,omitempty"`
	Final       *certificateWire `cbor:"9,keyasint,omitempty"`
}

// kept is the memory of the rule with the signatures that belong to it.
type kept struct {
	round    uint64
	proposed *Signed
	echoed   *Signed // the leader's proposal
	lock     *Certificate
	final    *Certificate
}

func (k kept) bytes(ledger [32]byte, incarnation uint64, self member.KeyID) []byte {
	w := stateWire{Version: version, Ledger: ledger, Incarnation: incarnation, Self: self, Round: k.round}
	for _, s := range []struct {
		from *Signed
		to   **signedWire
	}{{k.proposed, &w.Proposed}, {k.echoed, &w.Echoed}} {
		if s.from != nil {
			out := s.from.wire()
			*s.to = &out
		}
	}
	for _, c := range []struct {
		from *Certificate
		to   **certificateWire
	}{{k.lock, &w.Lock}, {k.final, &w.Final}} {
		if c.from != nil {
			out := c.from.wire()
			*c.to = &out
		}
	}
	return encode(w)
}

// parseState reads what bytes wrote. Every fault is [ErrState].
func parseState(b []byte, ledger [32]byte, incarnation uint64, self member.KeyID) (kept, error) {
	var w stateWire
	if err := wire.Decode(b, &w, MaxState); err != nil {
		return kept{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	if w.Version != version || w.Ledger != ledger || w.Incarnation != incarnation || w.Self != self || w.Round > MaxNumber {
		return kept{}, fmt.Errorf("%w: of another version, ledger, incarnation or key", ErrState)
	}
	k := kept{round: w.Round}
	var err error
	for _, s := range []struct {
		from *signedWire
		to   **Signed
	}{{w.Proposed, &k.proposed}, {w.Echoed, &k.echoed}} {
		if s.from == nil {
			continue
		}
		p, e := parseSigned(*s.from)
		if e != nil {
			err = e
		}
		*s.to = &p
	}
	for _, c := range []struct {
		from *certificateWire
		to   **Certificate
	}{{w.Lock, &k.lock}, {w.Final, &k.final}} {
		if c.from == nil {
			continue
		}
		p, e := parseCertificate(*c.from)
		if e != nil {
			err = e
		}
		*c.to = &p
	}
	if err != nil {
		return kept{}, fmt.Errorf("%w: %w", ErrState, err)
	}
	return k, k.check(ledger, incarnation)
}

// FinalOf is the newest final certificate in what a [Ready] persisted, and whether it holds one. It is for
// tools that read a stopped node; nothing is verified. The error is [ErrState].
func FinalOf(state []byte) (Certificate, bool, error) {
	var w stateWire
	if err := wire.Decode(state, &w, MaxState); err != nil {
		return Certificate{}, false, fmt.Errorf("%w: %w", ErrState, err)
	}
	if w.Final == nil {
		return Certificate{}, false, nil
	}
	c, err := parseCertificate(*w.Final)
	if err != nil {
		return Certificate{}, false, fmt.Errorf("%w: %w", ErrState, err)
	}
	return c, true, nil
}

// check compares the parts with one another.
func (k kept) check(ledger [32]byte, incarnation uint64) error {
	height := uint64(1)
	if k.final != nil {
		height = k.final.Height + 1
	}
	is := func(s Statement, kind Kind, height uint64) bool {
		return s.Ledger == ledger && s.Incarnation == incarnation && s.Kind == kind && s.Height == height
	}
	switch {
	case k.final != nil && !is(k.final.Statement, Lock, k.final.Height),
		k.lock != nil && (!is(k.lock.Statement, Echo, height) || k.lock.Round > k.round),
		k.proposed != nil && (!is(k.proposed.Statement, Proposal, height) || k.proposed.Round != k.round),
		k.echoed != nil && (!is(k.echoed.Statement, Proposal, height) || k.echoed.Round != k.round):
		return fmt.Errorf("%w: its parts do not fit together", ErrState)
	}
	return nil
}

// memory is what the rule remembers of k.
func (k kept) memory() memory {
	m := memory{height: 1, round: k.round}
	if k.final != nil {
		m.height, m.final = k.final.Height+1, k.final.Value
	}
	if k.proposed != nil {
		m.proposed = k.proposed.Value
	}
	if k.echoed != nil {
		m.echoed = k.echoed.Value
	}
	if k.lock != nil {
		m.lock = k.lock.point()
	}
	return m
}
