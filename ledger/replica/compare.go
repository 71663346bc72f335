package replica

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/wire"
)

// A voter tells the other members in this interval what its ledger looks like, and hears the same.
const compareEvery = 2 * time.Second

// point is where a member's ledger stands. Two members with different roots at one size have executed
// different histories: a leader ordered different entries at one index (P5). Until finality decides
// which of the two binds, that can only be noticed, and it is.
type point struct {
	Term uint64   `cbor:"1,keyasint"`
	Size uint64   `cbor:"2,keyasint"` // leaves, at least the genesis
	Root [32]byte `cbor:"3,keyasint"`
}

func (p *point) check() error {
	if p.Size == 0 {
		return fmt.Errorf("%w: a ledger of no entries", ErrMessage)
	}
	return bounded(p.Term, p.Size)
}

// point returns where this replica stands.
func (r *Replica) point() point {
	p := point{Term: r.term()}
	r.View(func(s *state.State) { p.Size, p.Root = s.Size(), s.Root() })
	return p
}

// forked says whether another's point contradicts this replica's history, and with which root.
func (r *Replica) forked(p *point) ([32]byte, bool) {
	root, ok := r.RootAt(p.Size)
	return root, ok && root != p.Root
}

// hear compares what a peer said, in the frame said, with this replica's own.
func (r *Replica) hear(peer string, p *point, said []byte) {
	r.gate.hear(peer, p.Term)
	if root, differs := r.forked(p); differs {
		r.transport.witness(peer, r.gate.refuse(errFork), said, root[:])
	}
}

// compare tells the members where this replica stands, as long as it votes: nobody listens to others.
func (r *Replica) compare() {
	defer close(r.compared)
	tick := time.NewTicker(compareEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-r.halt.done:
			return
		case <-tick.C:
		}
		var members map[string]bool
		r.View(func(s *state.State) { members = membersOf(s) })
		if !members[r.self] {
			continue
		}
		delete(members, r.self)
		r.tell(members)
	}
}

// tell asks all at once, so that one that does not answer keeps nobody waiting.
func (r *Replica) tell(members map[string]bool) {
	var wg sync.WaitGroup
	for id := range members {
		wg.Go(func() {
			theirs, said, err := r.transport.exchange(id, r.point())
			if err != nil {
				r.log.Debug("no comparison of ledgers", "peer", id, "reason", err)
				return
			}
			r.hear(id, theirs, said)
		})
	}
	wg.Wait()
}

// exchange sends a point and returns the peer's, with the frame that it came in.
func (t *transport) exchange(peer string, mine point) (*point, []byte, error) {
	b, err := wire.Encode(request{V: version, Point: &mine})
	if err != nil {
		return nil, nil, err
	}
	conn, _, err := t.pool.get(peer, t.short)
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(t.short))
	p, said, err := converse(conn, b)
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	t.pool.put(peer, conn)
	return p, said, nil
}

func converse(conn net.Conn, b []byte) (*point, []byte, error) {
	if _, err := conn.Write(frame(b)); err != nil {
		return nil, nil, err
	}
	said, err := wire.ReadFrame(conn, MaxReply)
	if err != nil {
		return nil, nil, err
	}
	r, err := parseReply(said)
	switch {
	case err != nil:
		return nil, nil, err
	case r.Error != "":
		return nil, nil, &remoteError{r.Error}
	case r.Point == nil:
		return nil, nil, fmt.Errorf("%w: no point in the answer to one", ErrMessage)
	}
	return r.Point, said, nil
}

// answerPoint answers a voter's point with ours.
func (t *transport) answerPoint(peer string, conn net.Conn, p *point, said []byte) error {
	if err := t.gate.stream(peer); err != nil {
		return errors.Join(err, t.write(conn, toReply(nil, err)))
	}
	d := t.door.Load()
	if d == nil {
		return t.write(conn, reply{V: version, Error: "starting"})
	}
	d.r.hear(peer, p, said)
	mine := d.r.point()
	return t.write(conn, reply{V: version, Term: mine.Term, OK: true, Point: &mine})
}
