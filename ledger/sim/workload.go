package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
)

// Recorder collects the operations of a history.
type Recorder struct {
	clock atomic.Int64
	mu    sync.Mutex
	ops   []Op
	raws  map[[32]byte][]byte
}

// now is the next place in the order of events.
func (r *Recorder) now() int64 { return r.clock.Add(1) }

func (r *Recorder) add(op Op, raw []byte) {
	op.Return = r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
	if raw != nil {
		r.raws[op.Hash] = raw
	}
}

// client is one user of the ledger: it does one thing after the other.
type client struct {
	id     int
	key    int // whose operator key it signs with; two clients share one
	seq    uint64
	system System
	c      *Consortium
	rec    *Recorder
	rand   *rand.Rand
	hint   *Node // who led last
}

// Patience of a client.
const (
	attemptLimit = 3 * time.Second  // for one answer
	actionLimit  = 30 * time.Second // for an entry that is passed from node to node
	think        = 200 * time.Millisecond
)

// Work has two clients a founder share ops operations and returns what happened.
func (c *Consortium) Work(system System, ops int) *Recorder {
	rec := &Recorder{raws: map[[32]byte][]byte{}}
	var left atomic.Int64
	left.Store(int64(ops))
	var wg sync.WaitGroup
	for i := range 2 * len(c.Nodes) {
		cl := &client{
			id: i, key: i % len(c.Nodes), seq: 1, system: system, c: c, rec: rec,
			rand: rand.New(rand.NewPCG(c.Seed, uint64(100+i))),
		}
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				time.Sleep(time.Duration(cl.rand.Int64N(int64(think))))
				cl.act()
			}
		})
	}
	wg.Wait()
	return rec
}

func (cl *client) act() {
	switch n := cl.rand.IntN(100); {
	case n < 60:
		cl.append(cl.seq)
	case n < 63:
		cl.append(cl.seq + 2 + cl.rand.Uint64N(3)) // the ledger is to see the gap
	case n < 85:
		cl.read()
	default:
		cl.glance()
	}
}

// node returns whom to ask next.
func (cl *client) node() *Node {
	if cl.hint != nil {
		return cl.hint
	}
	return cl.c.Nodes[cl.rand.IntN(len(cl.c.Nodes))]
}

// learn keeps who leads, as an error says it.
func (cl *client) learn(err error) {
	cl.hint = nil
	var not *replica.NotLeaderError
	if !errors.As(err, &not) {
		return
	}
	for _, n := range cl.c.Nodes {
		if n.Peer == not.Leader {
			cl.hint = n
		}
	}
}

// append submits one entry until there is an answer, to one node after the other. All attempts are one
// operation: an entry is recorded once.
func (cl *client) append(seq uint64) {
	raw := cl.c.nodeInfo(cl.c.Nodes[cl.key].Org, seq, fmt.Sprintf("v%d-%d", cl.id, cl.rec.now()))
	op := Op{Client: cl.id, Action: Append, Key: cl.key, Seq: seq, Hash: sha256.Sum256(raw), Call: cl.rec.now(), Outcome: Refused}
	for end := time.Now().Add(actionLimit); time.Now().Before(end); {
		n := cl.node()
		ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
		index, err := cl.system.Submit(ctx, n, raw)
		cancel()
		if rejection := entry.RejectionOf(err); err == nil || rejection != nil && op.Outcome == Refused {
			op.Outcome, op.Index = Done, index
			if err != nil {
				op.Outcome, op.Code = Rejected, rejection.Code
			}
			cl.hint = n
			break
		} else if rejection != nil {
			break // by now another client of this key has gone on, or an earlier attempt came through
		}
		if !errors.Is(err, replica.ErrNotLeader) && !errors.Is(err, errDown) && !errors.Is(err, replica.ErrClosed) {
			op.Outcome = Unknown
		}
		cl.learn(err)
		time.Sleep(20*time.Millisecond + time.Duration(cl.rand.Int64N(int64(100*time.Millisecond))))
	}
	cl.c.Trace.Add("append %d %d %d %d %d", cl.id, seq, op.Outcome, op.Code, op.Index)
	cl.rec.add(op, raw)
	cl.next(op)
}

// next draws from an outcome what the key's next sequence number may be.
func (cl *client) next(op Op) {
	switch {
	case op.Seq > cl.seq: // was meant to be a gap
	case op.Outcome == Done, op.Outcome == Rejected && op.Code == entry.ErrReplayed.Code:
		cl.seq++
	}
}

// read repeats a read until there is an answer. An attempt that gave none asked for nothing.
func (cl *client) read() {
	for end := time.Now().Add(actionLimit); time.Now().Before(end); {
		op := Op{Client: cl.id, Action: Read, Call: cl.rec.now()}
		n := cl.node()
		ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
		size, root, err := cl.system.Read(ctx, n)
		cancel()
		if err == nil {
			op.Size, op.Root, cl.hint = size, root, n
			cl.c.Trace.Add("read %d %d %x", cl.id, size, root[:4])
			cl.rec.add(op, nil)
			return
		}
		cl.learn(err)
		time.Sleep(20*time.Millisecond + time.Duration(cl.rand.Int64N(int64(100*time.Millisecond))))
	}
}

func (cl *client) glance() {
	op := Op{Client: cl.id, Action: Glance, Call: cl.rec.now()}
	size, root, err := cl.system.Glance(cl.c.Nodes[cl.rand.IntN(len(cl.c.Nodes))])
	if err != nil {
		return
	}
	op.Size, op.Root = size, root
	cl.rec.add(op, nil)
}

// confirmed waits for a leader and returns how many leaves it knows to be confirmed; 0 if none comes up.
func (c *Consortium) confirmed() (size uint64) {
	eventually(actionLimit, func() bool {
		leader := c.Leader()
		if leader == nil {
			return false
		}
		ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
		defer cancel()
		var err error
		size, _, err = Real{}.Read(ctx, leader)
		return err == nil
	})
	return size
}
