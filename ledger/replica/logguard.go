package replica

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

// What the log guard refuses.
var (
	errRewrite = fmt.Errorf("%w: it would rewrite what this node has executed", ErrRefused)
	errFinal   = fmt.Errorf("%w: it would rewrite what is final", ErrRefused)
	errTwice   = fmt.Errorf("%w: two different entries at one index of one term", ErrRefused)
	errConfig  = fmt.Errorf("%w: a configuration that is not one step towards the ledger's members", ErrRefused)
	errGap     = fmt.Errorf("%w: an entry that does not follow the last one", ErrRefused)
)

// logGuard is raft's log, with entries that no leader's word rewrites. It judges twice: at the door
// (judge), where the sender is known and nothing has happened yet, and in the log store itself, which
// is the last line, whatever path led there.
//
//	index   1 ........ final ........ protected ........ last
//	        never rewritten | refused, evidence | as raft does
//
// protected is what this node has executed, or had when it last wrote it down: before a leader has
// said how far the log is confirmed, a node that just started has executed nothing, and would take a
// rewritten history for the true one. Up to final the line is absolute. Between the two a rewrite
// means that somebody equivocated: it is refused, unless finality has just put another history in the
// place of the one that the log gave (yield); then the log may follow, once.
//
// Compaction (the deletion of a prefix) never passes final once finality has set it, or a laggard
// would need a snapshot that nobody vouches for.
type logGuard struct {
	*records
	off      bool                   // by the test constructor alone
	executed func() uint64          // what raft has handed to the state machine
	members  func() map[string]bool // of the ledger's state: peer ID, and whether it votes
	founders map[string]bool

	mu       sync.Mutex
	final    uint64         // 0 until SetFinal
	written  uint64         // protected, on disk
	last     uint64         // of the log, 0 if it is empty
	snapshot uint64         // where the newest snapshot from disk or from a leader ends
	configs  []placedConfig // of the log, in order, after that of the newest snapshot
	cut      uint64         // a suffix from here on is to go with the next StoreLogs
	replaced uint64         // a verified snapshot to this index has just come: the whole log may go
	yielding bool           // what is executed and not final may be rewritten once
}

// placedConfig is a configuration and the index at which it stands.
type placedConfig struct {
	index   uint64
	servers map[string]bool
}

var (
	_ raft.LogStore          = (*logGuard)(nil)
	_ raft.MonotonicLogStore = (*logGuard)(nil)

	keyProtected = []byte("CrosslightProtected")
)

func newLogGuard(s *records, off bool) *logGuard {
	return &logGuard{
		records: s, off: off, executed: func() uint64 { return 0 }, members: func() map[string]bool { return nil },
	}
}

// load checks the log on disk and reads what the guard has to know of it: base is the configuration of
// the newest snapshot, which ends at snapshot, empty without one.
func (g *logGuard) load(snapshot uint64, base placedConfig) (err error) {
	g.snapshot = snapshot
	if base.servers != nil {
		g.configs = []placedConfig{base}
	}
	newest := uint64(0)
	err = g.verify(snapshot, func(l *raft.Log) error {
		g.last, newest = l.Index, l.Term
		if l.Type != raft.LogConfiguration || l.Index <= base.index {
			return nil
		}
		servers, err := configOf(l.Data)
		g.configs = append(g.configs, placedConfig{l.Index, servers})
		return err
	})
	if err == nil {
		err = g.inTerm(newest)
	}
	if err == nil {
		err = g.empty(snapshot, base)
	}
	if err != nil {
		return err
	}
	g.written, err = g.GetUint64(keyProtected)
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		err = nil
	}
	return err
}

// inTerm checks that the term which this node has written down is not before that of its newest entry: it was
// written first. Otherwise a page with votes is one of before, and this node could vote twice in a term.
func (g *logGuard) inTerm(newest uint64) error {
	if g.off || newest == 0 {
		return nil
	}
	term, err := g.GetUint64(keyTerm)
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		err = nil
	}
	if err == nil && term < newest {
		err = fmt.Errorf("%w: the newest entry is of term %d, and the newest term written down is %d", ErrCorrupt, newest, term)
	}
	return err
}

// empty deletes a log that ends before its snapshot does, as a crash leaves it after a snapshot has come
// from the leader: what follows the snapshot would not follow the log, and could not be stored.
func (g *logGuard) empty(snapshot uint64, base placedConfig) error {
	if g.last == 0 || g.last >= snapshot {
		return nil
	}
	first, err := g.records.FirstIndex()
	if err == nil {
		err = g.records.DeleteRange(first, g.last)
	}
	g.last, g.configs = 0, []placedConfig{base}
	return err
}

func configOf(encoded []byte) (map[string]bool, error) {
	list, err := toServers(encoded)
	servers := make(map[string]bool, len(list))
	for _, s := range list {
		servers[s.ID] = s.Voter
	}
	return servers, err
}

// yield lets the next rewrite above final pass: the history that this node has executed does not come
// from that part of its log any more.
func (g *logGuard) yield() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.yielding = true
}

// SetFinal says that the entries up to a raft index are final. It never goes back.
func (g *logGuard) SetFinal(index uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.final = max(g.final, index)
}

// protected is the last index that is not rewritten.
func (g *logGuard) protected() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.line()
}

func (g *logGuard) line() uint64 { return max(g.final, g.written, g.executed()) }

// persist writes the line down. A crash forgets at most what was executed since.
func (g *logGuard) persist() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.persistLocked()
}

func (g *logGuard) persistLocked() error {
	line := g.line()
	if g.off || line <= g.written {
		return nil
	}
	sealed := binary.BigEndian.AppendUint64(nil, line)
	sealed = append(sealed, sum(keyProtected, sealed)...)
	if err := g.guarded(func() error { return g.inner.Set(keyProtected, sealed) }); err != nil {
		return classify(err)
	}
	g.written = line
	return nil
}

// verdict is what the door says of entries that a leader wants appended.
type verdict struct {
	err  error
	at   int    // the position of the entry that is refused
	held []byte // what stands at its index
}

// judge says what may be appended of what a leader sent. Entries that stand already are compared in
// full, not by their term alone, as raft does: two entries of one index and term are a leader's
// equivocation.
func (g *logGuard) judge(a *raft.AppendEntriesRequest) verdict {
	if g.off || len(a.Entries) == 0 {
		return verdict{}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.joins(a) {
		return verdict{} // raft refuses it, and the leader asks from further back
	}
	i := 0
	for ; i < len(a.Entries) && a.Entries[i].Index <= g.last; i++ {
		var mine raft.Log
		switch err := g.read(a.Entries[i].Index, &mine); {
		case err != nil:
			continue // compacted: a snapshot holds it, and raft refuses it
		case mine.Term != a.Entries[i].Term:
			if err := g.mayCut(mine.Index); err != nil {
				return verdict{err, i, mine.Data}
			}
		case !same(&mine, a.Entries[i]):
			return verdict{errTwice, i, mine.Data}
		default:
			continue
		}
		break
	}
	at, err := g.follow(a.Entries[i:])
	return verdict{err: err, at: i + at}
}

// joins says whether the entry before those of a stands here.
func (g *logGuard) joins(a *raft.AppendEntriesRequest) bool {
	if a.PrevLogEntry == 0 || a.PrevLogEntry == g.snapshot {
		return true
	}
	var mine raft.Log
	return a.PrevLogEntry <= g.last && g.read(a.PrevLogEntry, &mine) == nil && mine.Term == a.PrevLogTerm
}

func same(a, b *raft.Log) bool {
	if a.Type != b.Type || a.Type == raft.LogConfiguration {
		return a.Type == b.Type // encodings of one configuration may differ
	}
	return bytes.Equal(a.Data, b.Data)
}

// mayCut says whether the entries from index on may be rewritten.
func (g *logGuard) mayCut(index uint64) error {
	switch {
	case index <= g.final:
		return errFinal
	case index <= g.line() && !g.yielding:
		return errRewrite
	}
	return nil
}

// follow says whether each configuration among the entries is one step towards the ledger's members,
// and at which entry not. A configuration acts when it is appended, not when it is confirmed (P6).
func (g *logGuard) follow(logs []*raft.Log) (int, error) {
	var members map[string]bool
	var before map[string]bool
	for i, l := range logs {
		if l.Type != raft.LogConfiguration {
			if l.Index == 1 {
				return i, errConfig // the founding configuration comes first
			}
			continue
		}
		next, err := configOf(l.Data)
		if err != nil {
			return i, errConfig
		}
		if members == nil {
			members, before = g.members(), g.before(l.Index)
		}
		if l.Index == 1 {
			members, before = g.founders, g.founders
		}
		if !isStep(before, next, members) {
			return i, errConfig
		}
		before = next
	}
	return 0, nil
}

// before returns the configuration that stands before an index, nil if none does.
func (g *logGuard) before(index uint64) map[string]bool {
	for i := len(g.configs) - 1; i >= 0; i-- {
		if g.configs[i].index < index {
			return g.configs[i].servers
		}
	}
	return nil
}

// isStep says whether at most one server differs between two configurations, and that one stands in
// the second as the ledger has it: not at all, with a vote or without. A voter may come without its
// vote first.
func isStep(before, next, members map[string]bool) bool {
	if before == nil {
		return false
	}
	changes := 0
	differs := func(id string) bool {
		was, stood := before[id]
		is, stands := next[id]
		return was != is || stood != stands
	}
	for id := range before {
		if _, stands := next[id]; !stands {
			changes++
			if _, member := members[id]; member {
				return false
			}
		}
	}
	for id, votes := range next {
		if !differs(id) {
			continue
		}
		changes++
		mayVote, member := members[id]
		_, stood := before[id]
		if !member || votes && !mayVote || !votes && mayVote && stood {
			return false
		}
	}
	return changes <= 1
}

// GetLog implements raft.LogStore. Raft panics when an entry that it has stored is missing; a disk that
// lost one ends the replica with [ErrCorrupt] instead.
func (g *logGuard) GetLog(index uint64, out *raft.Log) error {
	err := g.records.GetLog(index, out)
	if !errors.Is(err, raft.ErrLogNotFound) {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err = g.records.GetLog(index, out); err == nil || index > g.last || index <= g.snapshot {
		return err // stored in the meantime, not yet, or in a snapshot
	}
	if first, e := g.records.FirstIndex(); e == nil && first > index {
		return err // compacted
	}
	return g.halt.fail(fmt.Errorf("%w: raft log entry %d of %d is missing", ErrCorrupt, index, g.last))
}

// StoreLog implements raft.LogStore.
func (g *logGuard) StoreLog(l *raft.Log) error { return g.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore. It carries out the deletion that DeleteRange put off, so that
// what is refused here leaves the log as it was.
func (g *logGuard) StoreLogs(logs []*raft.Log) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	cut := g.cut
	g.cut, g.replaced = 0, 0
	if len(logs) == 0 {
		return nil
	}
	if !g.off {
		if err := g.mayStore(logs, cut); err != nil {
			return err
		}
	}
	if cut > 0 {
		if err := g.persistLocked(); err != nil {
			return g.halt.fail(err)
		}
		if err := g.records.DeleteRange(cut, g.last); err != nil {
			return err
		}
		g.last, g.yielding = cut-1, false
		g.forget(cut)
	}
	if err := g.records.StoreLogs(logs); err != nil {
		return err
	}
	g.last = logs[len(logs)-1].Index
	for _, l := range logs {
		if l.Type != raft.LogConfiguration {
			continue
		}
		if servers, err := configOf(l.Data); err == nil {
			g.configs = append(g.configs, placedConfig{l.Index, servers})
		}
	}
	return nil
}

func (g *logGuard) mayStore(logs []*raft.Log, cut uint64) error {
	next := g.last + 1
	if cut > 0 {
		next = cut
	}
	if logs[0].Index != next && g.last != 0 {
		return errGap
	}
	if err := g.mayCut(logs[0].Index); err != nil {
		return err
	}
	_, err := g.follow(logs)
	return err
}

// forget drops the configurations from index on.
func (g *logGuard) forget(index uint64) {
	for n := len(g.configs); n > 0 && g.configs[n-1].index >= index; n-- {
		g.configs = g.configs[:n-1]
	}
}

// DeleteRange implements raft.LogStore. raft deletes for three reasons: a suffix that a leader's
// entries contradict, right before they are stored; a prefix that a snapshot covers; and all, after a
// snapshot from the leader.
func (g *logGuard) DeleteRange(low, high uint64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	first, err := g.records.FirstIndex()
	if err != nil {
		return err
	}
	switch {
	case g.off && high >= g.last: // raft as it is
		if err := g.records.DeleteRange(low, high); err != nil {
			return err
		}
		g.last = low - 1
		g.forget(low)
		return nil
	case low <= first && high >= g.last && g.replaced >= g.line() && g.replaced > 0:
		g.replaced = 0
		if err := g.records.DeleteRange(low, high); err != nil {
			return err
		}
		g.last = 0
		return nil
	case high >= g.last:
		if err := g.mayCut(low); err != nil {
			return err
		}
		g.cut = low
		return nil
	}
	return g.compact(low, high)
}

// compact deletes a prefix, as far as that may go today; the rest goes with a later snapshot.
func (g *logGuard) compact(low, high uint64) error {
	high = min(high, g.line())
	if g.final > 0 && !g.off {
		high = min(high, g.final)
	}
	if low > high {
		return nil
	}
	return g.records.DeleteRange(low, high)
}

// reset says that a verified snapshot up to index, with its configuration, stands in the place of the
// log, which raft is about to empty.
func (g *logGuard) reset(index uint64, config placedConfig) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.replaced, g.snapshot = index, index
	g.configs = []placedConfig{config}
}
