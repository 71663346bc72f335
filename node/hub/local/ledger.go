package local

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/member"
)

// LedgerStatus implements [hub.Hub].
func (h *Hub) LedgerStatus(context.Context) (hub.LedgerStatus, error) {
	raft := h.cfg.Replica.Status()
	out := hub.LedgerStatus{Leader: h.nameOf(raft.Leader), Term: raft.Term, Role: raft.Role}
	h.cfg.Replica.View(func(s *state.State) {
		id, root, hash := s.LedgerID(), s.Root(), s.Hash()
		out.ID, out.Root, out.StateHash = hex.EncodeToString(id[:]), hex.EncodeToString(root[:]), hex.EncodeToString(hash[:])
		out.Size, out.Voters, out.Members, out.Trial = s.Size(), len(s.Voters()), len(s.Members()), s.Trial()
		out.Time = entry.Instant(s.Time())
		out.ClockFresh, out.ClockQuorum = s.Clocks()
		if m, ok := s.Member(h.cfg.Name); ok && !m.Voter && out.Role == "follower" {
			out.Role = "non-voter"
		}
	})
	out.Final = h.finalStatus()
	return out, nil
}

func (h *Hub) finalStatus() (out hub.LedgerFinal) {
	if !h.cfg.Replica.Decides() {
		return out
	}
	h.cfg.Replica.ViewFinal(func(s *state.State, p replica.FinalPoint) {
		voters := s.FinalityVoters()
		out.Voters, out.Needed = voters.N(), voters.Quorum()
		if p.Height == 0 {
			return
		}
		out.Height, out.Size, out.Root = p.Height, p.Size, hex.EncodeToString(p.Root[:])
		out.Cosigners = len(p.Cosignatures)
		if !p.At.IsZero() {
			age := int64(h.cfg.Now().Sub(p.At) / time.Second)
			out.AgeSeconds = &age
		}
	})
	return out
}

// maxLogPage is how many entries one page of the log shows.
const maxLogPage = 1000

// LedgerLog implements [hub.Hub].
func (h *Hub) LedgerLog(_ context.Context, from uint64, limit int) (hub.LedgerPage, error) {
	var size uint64
	h.cfg.Replica.View(func(s *state.State) { size = s.Size() })
	if from > size {
		return hub.LedgerPage{}, fmt.Errorf("%w: the ledger has %d entries", hub.ErrNotFound, size)
	}
	if limit <= 0 || limit > maxLogPage {
		limit = maxLogPage
	}
	to := min(from+uint64(limit), size)
	leaves, err := h.cfg.Replica.Leaves(from, to)
	if err != nil {
		return hub.LedgerPage{}, classed(err)
	}
	page := hub.LedgerPage{Entries: []hub.LedgerEntry{}}
	for i, leaf := range leaves {
		e, err := h.ledgerEntry(from+uint64(i), leaf)
		if err != nil {
			return hub.LedgerPage{}, err
		}
		page.Entries = append(page.Entries, e)
	}
	if to < size {
		page.Next = to
	}
	return page, nil
}

// ledgerEntry puts a leaf in words. Every leaf was accepted, so one that does not parse is our own bug.
func (h *Hub) ledgerEntry(index uint64, leaf []byte) (hub.LedgerEntry, error) {
	out := hub.LedgerEntry{Index: index, Hash: entry.HashOf(leaf).String()}
	if index == 0 {
		g, err := entry.ParseGenesis(leaf)
		if err != nil {
			return out, fmt.Errorf("leaf 0: %w", err)
		}
		out.Kind, out.Summary = entry.KindGenesis.String(), entry.GenesisSummary(g)
		return out, nil
	}
	signed, err := entry.Parse(leaf)
	if err != nil {
		return out, fmt.Errorf("leaf %d: %w", index, err)
	}
	out.Kind, out.Summary = signed.Kind().String(), entry.Summary(signed)
	h.cfg.Replica.View(func(s *state.State) {
		if m, _, ok := s.MemberByKey(signed.Envelope().SignerKey); ok {
			out.Member = m.Name
		}
	})
	return out, nil
}

// LedgerExport implements [hub.Hub]. It exports what is final, with the proof; a node that has not heard
// a quorum cosign it exports what it stands at, and `ledger verify` says that this is one member's word.
func (h *Hub) LedgerExport(ctx context.Context, w io.Writer) error {
	src := audit.Source{LedgerID: h.cfg.LedgerID, LogKey: h.cfg.Ring.Private(member.Log)}
	var ok bool
	if src.Size, src.Root, src.Final, ok = h.finalSource(ctx); !ok {
		h.cfg.Replica.View(func(s *state.State) { src.Size, src.Root = s.Size(), s.Root() })
	}
	src.Leaves = h.leaves(src.Size)
	return classed(audit.Export(ctx, src, audit.NewTar(w)))
}

// exportPage is how many leaves an export holds at a time.
const exportPage = 1024

// leaves yields the first n leaves. They never change, so no lock is held in between.
func (h *Hub) leaves(n uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for from := uint64(0); from < n; from += exportPage {
			page, err := h.cfg.Replica.Leaves(from, min(from+exportPage, n))
			if err != nil {
				yield(nil, err)
				return
			}
			for _, leaf := range page {
				if !yield(leaf, nil) {
					return
				}
			}
		}
	}
}
