package replica

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Limits of crosslight/history/v1: one request, a header, and leaves in a frame each.
const (
	// MaxHistoryStreams is how many inbound streams of one peer a host should let through to AcceptHistory.
	MaxHistoryStreams = 2

	maxHistoryAsk  = 256     // bytes of a request or a header
	maxAhead       = 1 << 12 // leaves beyond what was asked for
	maxRebuilt     = 1 << 20 // leaves of one answer
	maxRebuiltSize = 1 << 28 // bytes of one answer
	historyWithin  = 10 * time.Second
)

// historyAsk asks for leaves From, From+1, … of a history that has the root FromRoot at From and Root
// at Size.
type historyAsk struct {
	V        uint64   `cbor:"1,keyasint"`
	From     uint64   `cbor:"2,keyasint"`
	FromRoot [32]byte `cbor:"3,keyasint"`
	Size     uint64   `cbor:"4,keyasint"`
	Root     [32]byte `cbor:"5,keyasint"`
}

// historyHead answers it. To is 0 where there is no such history; otherwise leaves From to To-1 follow,
// To at least Size. Index and Term say which entry of the sender's raft log these leaves end with; 0
// where that is not known.
type historyHead struct {
	V     uint64 `cbor:"1,keyasint"`
	To    uint64 `cbor:"2,keyasint"`
	Index uint64 `cbor:"3,keyasint"`
	Term  uint64 `cbor:"4,keyasint"`
}

func (a historyAsk) check() error {
	if a.V != version || a.From == 0 || a.Size < a.From {
		return fmt.Errorf("%w: history request of version %d, %d to %d", ErrMessage, a.V, a.From, a.Size)
	}
	return bounded(a.From, a.Size)
}

func (h historyHead) check(a historyAsk) error {
	if h.V != version || h.To != 0 && (h.To < a.Size || h.To-a.From > maxRebuilt || h.To > a.Size+maxAhead) {
		return fmt.Errorf("%w: history of version %d, to %d", ErrMessage, h.V, h.To)
	}
	return bounded(h.To, h.Index, h.Term)
}

// AcceptHistory serves one inbound stream of crosslight/history/v1: the leaves that a member needs that
// executed another history than the one that is final, or that has a quorum of echoes.
func (r *Replica) AcceptHistory(peer string, conn net.Conn) {
	if r.decider == nil || !r.transport.begin(peer, conn) {
		_ = conn.Close()
		return
	}
	defer r.transport.end(conn)
	if !r.isMember(peer) {
		r.transport.witness(peer, r.gate.refuse(errNotMember), nil, nil)
		return
	}
	if err := r.tellHistory(conn); err != nil {
		r.log.Debug("a history was not served", "peer", peer, "reason", err)
	}
}

func (r *Replica) tellHistory(conn net.Conn) error {
	_ = conn.SetDeadline(time.Now().Add(historyWithin))
	b, err := wire.ReadFrame(conn, maxHistoryAsk)
	if err != nil {
		return err
	}
	var a historyAsk
	if err := wire.Decode(b, &a, maxHistoryAsk); err != nil {
		return err
	}
	if err := a.check(); err != nil {
		return err
	}
	head, leaves := r.findHistory(a)
	out := bufio.NewWriterSize(&patientWriter{conn}, 1<<16)
	if b, err = wire.Encode(head); err != nil {
		return err
	}
	if err := wire.WriteFrame(out, b); err != nil {
		return err
	}
	for _, leaf := range leaves {
		if err := wire.WriteFrame(out, leaf); err != nil {
			return err
		}
	}
	return out.Flush()
}

// findHistory looks among what is executed, then among what was put aside.
func (r *Replica) findHistory(a historyAsk) (historyHead, [][]byte) {
	none := historyHead{V: version}
	if a.Size-a.From > maxRebuilt-maxAhead {
		return none, nil
	}
	if root, ok := r.RootAt(a.From); !ok || root != a.FromRoot {
		return none, nil
	}
	if root, ok := r.RootAt(a.Size); !ok || root != a.Root {
		if leaves := r.decider.findKept(a); leaves != nil {
			return historyHead{V: version, To: a.Size}, leaves
		}
		return none, nil
	}
	leaves, index := r.history.standing()
	head := historyHead{V: version, To: uint64(len(leaves)), Index: index}
	if head.To > a.Size+maxAhead {
		return historyHead{V: version, To: a.Size}, leaves[a.From:a.Size]
	}
	if head.To < a.Size {
		return none, nil // another execution took its place just now
	}
	var last raft.Log
	if r.store.read(index, &last) != nil {
		return historyHead{V: version, To: head.To}, leaves[a.From:]
	}
	head.Term = last.Term
	return head, leaves[a.From:]
}

// standing returns every leaf, and the index of raft's log at which they stand.
func (h *history) standing() ([][]byte, uint64) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	n := len(h.leaves)
	return h.leaves[:n:n], h.executed.Load()
}

// patientWriter moves the deadline along while bytes are taken.
type patientWriter struct{ conn net.Conn }

func (w *patientWriter) Write(b []byte) (int, error) {
	_ = w.conn.SetWriteDeadline(time.Now().Add(historyWithin))
	return w.conn.Write(b)
}

// ask asks one member for a history and returns its leaves after those that a starts from.
func (d *decider) ask(peer string, a historyAsk) (head historyHead, leaves [][]byte, err error) {
	conn, err := d.dialHistory(peer)
	if err != nil {
		return head, nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(d.post.ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(historyWithin))
	b, err := wire.Encode(a)
	if err != nil {
		return head, nil, err
	}
	if err := wire.WriteFrame(conn, b); err != nil {
		return head, nil, err
	}
	if b, err = wire.ReadFrame(conn, maxHistoryAsk); err != nil {
		return head, nil, err
	}
	if err := wire.Decode(b, &head, maxHistoryAsk); err != nil {
		return head, nil, err
	}
	if err := head.check(a); err != nil {
		return head, nil, err
	}
	if head.To == 0 {
		return head, nil, fmt.Errorf("%w: the peer has no such history", ErrRange)
	}
	in, held := bufio.NewReaderSize(&patientReader{conn}, 1<<16), 0
	for n := head.To - a.From; n > 0; n-- {
		leaf, err := wire.ReadFrame(in, MaxCommand)
		if err != nil {
			return head, nil, err
		}
		if held += len(leaf); held > maxRebuiltSize {
			return head, nil, fmt.Errorf("%w: a history of more than %d bytes", wire.ErrTooLarge, maxRebuiltSize)
		}
		leaves = append(leaves, leaf)
	}
	return head, leaves, nil
}

// valueOf is what a asks for, as finality names it.
func (a historyAsk) value() finality.Value { return finality.Value{Size: a.Size, Root: a.Root} }
