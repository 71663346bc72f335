package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
)

// Plant is a ledger with a bug, to show that histories find it.
type Plant struct {
	Name   string
	System System
	// Disk, if set, spoils the disks of the consortium before it starts.
	Disk func(*Consortium)
}

// Plants lists the planted bugs.
func Plants() []Plant {
	return []Plant{
		{Name: "acknowledged before it was confirmed", System: &hasty{}},
		{Name: "acknowledged when time runs out", System: &hopeful{}},
		{Name: "acknowledged without being submitted", System: &lossy{}},
		{Name: "the index of an acknowledgement is off by one", System: &skewed{}},
		{Name: "the index of an acknowledgement is the size of another node", System: &elsewhere{}},
		{Name: "unknown outcomes are told as refusals", System: &denying{}},
		{Name: "acknowledgements told as rejections", System: &contrary{}},
		{Name: "rejections told as acknowledgements", System: &obliging{}},
		{Name: "rejected by a follower that lags", System: &premature{}},
		{Name: "rejected with another reason", System: &mislabelling{}},
		{Name: "linearizable reads from any node", System: &stale{}},
		{Name: "linearizable reads from who led once", System: &faithful{}},
		{Name: "linearizable reads before the barrier", System: &early{}},
		{Name: "linearizable reads from a cache", System: &cached{}},
		{Name: "reads go back in time", System: &backward{}},
		{Name: "reads show what is not confirmed", System: &dirty{}},
		{Name: "reads show the newest entry twice", System: &doubled{}},
		{Name: "reads show two entries in the other order", System: &reordered{}},
		{Name: "reads leave the newest entry out of the root", System: &torn{}},
		{Name: "one entry is not executed by one node", System: &skipping{}},
		{Name: "disks lie about what they wrote", System: Real{}, Disk: (*Consortium).lying},
	}
}

var errLost = errors.New("lost")

// hasty answers as soon as the leader has the entry in its hands.
type hasty struct{ Real }

func (s *hasty) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	r := n.Replica()
	if r == nil || len(raw) < 64 {
		return s.Real.Submit(ctx, n, raw)
	}
	if id, ok := r.Leader(); !ok || id != n.Peer {
		return s.Real.Submit(ctx, n, raw)
	}
	var refusal error
	var size uint64
	r.View(func(st *state.State) { refusal, size = st.Check(raw), st.Size() })
	if refusal != nil {
		return s.Real.Submit(ctx, n, raw)
	}
	go func() { _, _ = s.Real.Submit(context.WithoutCancel(ctx), n, raw) }()
	return size, nil
}

// hopeful takes silence for consent.
type hopeful struct{ Real }

func (s *hopeful) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	index, err := s.Real.Submit(ctx, n, raw)
	if errors.Is(err, replica.ErrUnknownOutcome) && len(raw) >= 64 {
		size, _, err := s.Glance(n)
		return size, err
	}
	return index, err
}

// sometimes is true in one of n calls, the same in every run.
type sometimes struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (s *sometimes) one(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rand == nil {
		s.rand = rand.New(rand.NewPCG(1, 2))
	}
	return s.rand.IntN(n) == 0
}

// lossy throws entries away.
type lossy struct {
	Real
	sometimes
}

func (s *lossy) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	if len(raw) >= 64 && s.one(50) {
		size, _, err := s.Glance(n)
		return size, err
	}
	return s.Real.Submit(ctx, n, raw)
}

// skewed counts from one.
type skewed struct {
	Real
	sometimes
}

func (s *skewed) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	index, err := s.Real.Submit(ctx, n, raw)
	if err == nil && s.one(50) {
		index++
	}
	return index, err
}

// elsewhere guesses the index from what another node has executed.
type elsewhere struct{ Real }

func (s *elsewhere) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	index, err := s.Real.Submit(ctx, n, raw)
	if err == nil {
		if size, _, err := s.Glance(n.c.Nodes[0]); err == nil {
			return size, nil
		}
	}
	return index, err
}

// denying tells those who ran out of time that nothing happened.
type denying struct{ Real }

func (s *denying) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	index, err := s.Real.Submit(ctx, n, raw)
	if errors.Is(err, replica.ErrUnknownOutcome) && len(raw) >= 64 {
		return 0, entry.ErrReplayed
	}
	return index, err
}

// contrary rejects what it has recorded.
type contrary struct {
	Real
	sometimes
}

func (s *contrary) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	index, err := s.Real.Submit(ctx, n, raw)
	if err == nil && s.one(50) {
		return 0, entry.ErrReplayed
	}
	return index, err
}

// obliging accepts what the ledger rejects.
type obliging struct{ Real }

func (s *obliging) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	index, err := s.Real.Submit(ctx, n, raw)
	if errors.Is(err, entry.ErrSequenceGap) {
		size, _, err := s.Glance(n)
		return size, err
	}
	return index, err
}

// premature lets whatever node it meets reject, on the state that this one has.
type premature struct{ Real }

func (s *premature) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	other := n.c.Nodes[int(raw[len(raw)-1])%len(n.c.Nodes)].Replica()
	if other != nil && len(raw) >= 64 {
		var refusal error
		other.View(func(st *state.State) { refusal = st.Check(raw) })
		if entry.RejectionOf(refusal) != nil && !errors.Is(refusal, entry.ErrDuplicate) {
			return 0, refusal
		}
	}
	return s.Real.Submit(ctx, n, raw)
}

// mislabelling takes a gap for a replay.
type mislabelling struct{ Real }

func (s *mislabelling) Submit(ctx context.Context, n *Node, raw []byte) (uint64, error) {
	index, err := s.Real.Submit(ctx, n, raw)
	if errors.Is(err, entry.ErrSequenceGap) {
		err = entry.ErrReplayed
	}
	return index, err
}

// lying gives every node a disk that keeps the first entries after a start and forgets all later ones.
func (c *Consortium) lying() {
	for _, n := range c.Nodes {
		kept := 0
		n.Faults.Lie = func(op replica.Op) bool {
			if op == replica.OpLogStore {
				kept++ // one goroutine of raft's stores
			}
			return op == replica.OpLogStore && kept > 30
		}
	}
}
