package finality

import (
	"slices"

	"github.com/crosslight/crosslight/protocol/member"
)

// maxSlots bounds what is kept of one signer at one height. A signer that fills it loses its own oldest
// rounds and nobody else's.
const maxSlots = 192

// tally keeps the first statement of each signer, kind and round at one height.
type tally map[member.KeyID]map[slot]*first

type slot struct {
	kind  Kind
	round uint64
}

type first struct {
	signed Signed
	caught bool
}

// has reports whether this very signature has been verified before.
func (t tally) has(s Signed) bool {
	f := t[s.Signer][slot{s.Kind, s.Round}]
	return f != nil && f.signed == s
}

// add takes a verified statement. caught is set when it contradicts the first one and no such pair has
// been found before.
func (t tally) add(s Signed) (caught *Evidence) {
	at := slot{s.Kind, s.Round}
	slots := t[s.Signer]
	if slots == nil {
		slots = map[slot]*first{}
		t[s.Signer] = slots
	}
	f := slots[at]
	if f == nil {
		slots[at] = &first{signed: s}
		t.trim(slots)
		return nil
	}
	if f.caught || f.signed.Value == s.Value {
		return nil
	}
	f.caught = true
	e := newEvidence(f.signed, s)
	return &e
}

func (t tally) trim(slots map[slot]*first) {
	if len(slots) <= maxSlots {
		return
	}
	var oldest slot
	for at := range slots {
		if oldest.round == 0 || at.round < oldest.round || at.round == oldest.round && at.kind < oldest.kind {
			oldest = at
		}
	}
	delete(slots, oldest)
}

// proposal returns what signer proposed in round.
func (t tally) proposal(signer member.KeyID, round uint64) *Signed {
	if f := t[signer][slot{Proposal, round}]; f != nil {
		return &f.signed
	}
	return nil
}

// quorum returns a certificate of what s states if q voters have stated it first.
func (t tally) quorum(s Statement, q int) *Certificate {
	c := Certificate{Statement: s}
	for signer, slots := range t {
		if f := slots[slot{s.Kind, s.Round}]; f != nil && f.signed.Value == s.Value {
			c.Votes = append(c.Votes, Vote{signer, f.signed.Sig})
		}
	}
	if len(c.Votes) < q {
		return nil
	}
	slices.SortFunc(c.Votes, func(a, b Vote) int { return compareIDs(a.Signer, b.Signer) })
	c.Votes = c.Votes[:q]
	return &c
}
