package cosigning

import (
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// follow cosigns the newest final checkpoint, once for each of its heights: an idle ledger's is cosigned
// again and again with the voters', so that those who go by this node's see how old it is.
func (c *Cosigning) follow() {
	note, height, due := c.due()
	if !due {
		return
	}
	s, err := c.cfg.Follower.Cosign(note)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if err.Error() != c.failed {
			c.cfg.Log.Error("this node does not cosign what is final: its cosigner key has signed something else, or its folder fails", "error", err, "size", note.Size)
		}
		c.failed = err.Error()
		return
	}
	c.failed = ""
	c.own = ownCosignature{height, note.Checkpoint, s}
}

// due is the newest final point with its voters' cosignatures, a quorum at least, where this member has no
// vote and this node holds the key that it cosigns with.
func (c *Cosigning) due() (note tlog.Note, height uint64, ok bool) {
	p := c.cfg.Ledger.Final()
	c.mu.Lock()
	done := c.own.height == p.Height && c.own.checkpoint.Size == p.Size
	c.mu.Unlock()
	if p.Height == 0 || done || !c.mayCosign() {
		return note, 0, false
	}
	cp := tlog.Checkpoint{Origin: tlog.Origin(c.cfg.LedgerID), Size: p.Size, Root: p.Root}
	cosigned := c.cfg.Ledger.Cosignatures(cp)
	if len(cosigned) == 0 || len(cosigned) < c.quorum(p) {
		return note, 0, false
	}
	note.Checkpoint = cp
	for _, s := range cosigned {
		note.Lines = append(note.Lines, s.Line())
	}
	return note, p.Height, true
}

// mayCosign says whether this member is on the final ledger without a vote, under the key that is here. A
// voter's cosigner key signs what the finality machine makes final, and nothing else.
func (c *Cosigning) mayCosign() (may bool) {
	c.cfg.Ledger.ViewFinal(func(s *state.State, _ replica.FinalPoint) {
		m, on := s.Member(c.cfg.Name)
		may = on && !m.Voter && m.Keys.Cosigner != (member.PublicKey{}) && tlog.CosignerKey(m.Keys.Cosigner) == c.cfg.Follower.Key()
	})
	c.cfg.Ledger.View(func(tip *state.State) { // from the entry on that makes it a voter, the machine signs
		m, on := tip.Member(c.cfg.Name)
		may = may && on && !m.Voter
	})
	return may
}

// quorum is that of the voters who signed the point: as many as its certificate has.
func (c *Cosigning) quorum(p replica.FinalPoint) int { return len(p.Certificate.Votes) }

// held returns this node's own cosignature of a checkpoint.
func (c *Cosigning) held(cp tlog.Checkpoint) []tlog.Cosignature {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own.height == 0 || c.own.checkpoint != cp {
		return nil
	}
	return []tlog.Cosignature{c.own.cosigned}
}
