package finality

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

// The exploration drives the rule itself (rule.go), all that decides what an honest voter signs, through
// every state that it can reach within a scope: four voters of whom one cheats, so three honest ones
// and q = 3; three rounds; two heights; messages lost, late and doubled; crashes at any point.
//
// What makes it finite, and why nothing is lost:
//
//   - The network is a soup. Whatever an honest voter has signed stays in it for ever and can be
//     delivered to anybody at any time, any number of times or never. So loss, delay, repetition and
//     partition need no steps of their own.
//   - The cheat says anything to anybody. It has nothing to remember: a quorum certificate exists as
//     soon as q−1 honest voters have signed, since the cheat adds its own signature whenever that
//     helps it. It leads every round, and it decides what each voter's own history holds: any proposal
//     may reach any voter that finds it executed. Honest leaders are a special case of that, and so
//     is a log guard that keeps a voter from losing what it locked.
//   - Votes are delivered as certificates. A voter's behaviour changes when the q-th equal vote
//     arrives and not before, so single arrivals are folded into that moment.
//   - Coarse mode: a voter crashes after every step, so that it has what it persisted and no more, and
//     whatever it needs is delivered again right before it acts. A run without the crash signs nothing
//     that this one cannot: what a voter holds in memory only (a round entered, a certificate shown)
//     is in the soup still, and otherwise only holds it back. Fine mode does not take that for
//     granted: there memory, showing, entering a round and crashing are steps of their own.
//     TestModesAgree compares the two: they reach the same soups.
//   - Heights are explored one after the other. A voter acts at height 2 once it has been shown a final
//     of height 1, and never again at height 1; nothing that is signed at height 2 opens or closes a
//     step at height 1. So every run has the same soup as one in which all steps of height 1 come first
//     (partial-order reduction), and height 2 depends on the soup of height 1 through its finals only.
//     TestHeightsInAnyOrder does without this, in two rounds.
//   - States that differ by the names of the honest voters, or of the values, are one.
//
// Every step is one signature or less, and one that is taken in a state with given certificates is
// taken by the rule's own methods; the exploration decides nothing but who gets what.

var whole = flag.Bool("finality.whole", false, "explore the whole scope: also fine mode, four rounds, five voters, heights in any order")

const (
	maxHonest = 5
	maxRounds = 4
	maxValues = 3
)

// scope is what is explored, and the bug that is planted, if any.
type scope struct {
	honest, cheats     int
	rounds, values     int
	heights            int
	fine               bool
	quorum             int  // 0: the right one
	forget             int  // 1 + the honest voter whose lock is forgotten at each restart
	forgetRound        bool // the round is not persisted
	sendBeforePersist  bool // voter 0 may crash between sending and persisting
	echoAfterLock      bool // a lock is released by a claim, without a certificate
	lockInEarlierRound bool // a voter locks on quorums of rounds that it has left
}

func (s scope) q() int {
	if s.quorum > 0 {
		return s.quorum
	}
	n := s.honest + s.cheats
	return (n+(n-1)/3)/2 + 1
}

// node is an honest voter in few bytes. The soup part is what it has signed at this height: a set of
// values for each round, so that a bug may sign two.
type node struct {
	echo, lock [maxRounds]uint8
	at2        bool // at height 2
	round      uint8
	echoed     uint8
	lockRound  uint8
	lockValue  uint8
	bestRound  uint8 // fine mode only
	bestValue  uint8
	volatile   uint8 // fine mode only: the round entered
}

// world is a state: all honest voters at one height, and which height-1 values are final.
type world struct {
	nodes  [maxHonest]node
	height uint8
	finals uint8 // of height 1, once height 2 is explored
}

type explorer struct {
	scope
	seen     map[world]struct{}
	queue    []world
	conflict string
	finals   int // states in which something is final
	relabel  [][]uint8
	soups    map[[maxHonest]node]struct{} // if not nil: the soups seen
	sink     func(world)                  // if not nil: takes the worlds instead
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for i := 0; i <= len(p); i++ {
			q := append(append(append([]int{}, p[:i]...), n-1), p[i:]...)
			out = append(out, q)
		}
	}
	return out
}

func explore(s scope) *explorer {
	e := &explorer{scope: s, seen: map[world]struct{}{}}
	for _, p := range permutations(s.values) {
		row := make([]uint8, s.values+1)
		for i, to := range p {
			row[i+1] = uint8(to + 1)
		}
		e.relabel = append(e.relabel, row)
	}
	return e
}

func (e *explorer) run() {
	e.add(world{height: 1})
	for len(e.queue) > 0 && e.conflict == "" {
		w := e.queue[len(e.queue)-1]
		e.queue = e.queue[:len(e.queue)-1]
		e.expand(w)
	}
}

func mapMask(mask uint8, row []uint8) (out uint8) {
	for v := uint8(1); int(v) < len(row); v++ {
		if mask&(1<<v) != 0 {
			out |= 1 << row[v]
		}
	}
	return out
}

func (n node) renamed(row []uint8) node {
	for r := range n.echo {
		n.echo[r], n.lock[r] = mapMask(n.echo[r], row), mapMask(n.lock[r], row)
	}
	n.echoed, n.lockValue, n.bestValue = row[n.echoed], row[n.lockValue], row[n.bestValue]
	return n
}

func less(a, b *node) bool {
	for r := range a.echo {
		if a.echo[r] != b.echo[r] {
			return a.echo[r] < b.echo[r]
		}
		if a.lock[r] != b.lock[r] {
			return a.lock[r] < b.lock[r]
		}
	}
	x := [...]uint8{a.round, a.echoed, a.lockRound, a.lockValue, a.bestRound, a.bestValue, a.volatile}
	y := [...]uint8{b.round, b.echoed, b.lockRound, b.lockValue, b.bestRound, b.bestValue, b.volatile}
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return !a.at2 && b.at2
}

// canonical picks one of all renamings: values by trying each, voters by sorting (all but the first,
// where that one is special).
func (e *explorer) canonical(w world) world {
	from := 0
	if e.forget > 0 || e.sendBeforePersist {
		from = 1
	}
	var best world
	for i, row := range e.relabel {
		x := w
		for k := range e.honest {
			x.nodes[k] = x.nodes[k].renamed(row)
		}
		for k := from + 1; k < e.honest; k++ {
			for j := k; j > from && less(&x.nodes[j], &x.nodes[j-1]); j-- {
				x.nodes[j], x.nodes[j-1] = x.nodes[j-1], x.nodes[j]
			}
		}
		if i == 0 || before(&x, &best, e.honest) {
			best = x
		}
	}
	return best
}

func before(a, b *world, n int) bool {
	for k := range n {
		if a.nodes[k] != b.nodes[k] {
			return less(&a.nodes[k], &b.nodes[k])
		}
	}
	return false
}

func (e *explorer) add(w world) {
	if e.sink != nil {
		e.sink(w)
		return
	}
	w = e.canonical(w)
	if _, ok := e.seen[w]; ok {
		return
	}
	e.seen[w] = struct{}{}
	if e.soups != nil {
		e.soups[e.soup(w)] = struct{}{}
	}
	e.queue = append(e.queue, w)
}

// soup is the part of w that has been sent.
func (e *explorer) soup(w world) [maxHonest]node {
	for k := range w.nodes {
		w.nodes[k] = node{echo: w.nodes[k].echo, lock: w.nodes[k].lock}
	}
	return e.canonical(w).nodes
}

// certificate reports whether a quorum can be shown: honest signatures in the soup and all cheats'.
func (e *explorer) certificate(w *world, locks bool, round int, v uint8) bool {
	n := e.cheats
	for k := range e.honest {
		set := &w.nodes[k].echo
		if locks {
			set = &w.nodes[k].lock
		}
		if set[round-1]&(1<<v) != 0 {
			n++
		}
	}
	return n >= e.q()
}

// final is the set of values that are final at the world's height.
func (e *explorer) final(w *world) (set uint8) {
	for r := 1; r <= e.rounds; r++ {
		for v := uint8(1); int(v) <= e.values; v++ {
			if e.certificate(w, true, r, v) {
				set |= 1 << v
			}
		}
	}
	return set
}

// value is what a number stands for: at height h, h leaves; at height 2 all values have the final of
// height 1 below them, since whoever echoes has executed over it.
func value(height uint8, v uint8) Value {
	if v == 0 {
		return Value{}
	}
	return Value{Size: uint64(height), Root: [32]byte{height, v}}
}

func number(v Value) uint8 { return v.Root[1] }

// rule is a voter as it stands in memory: in coarse mode, after a restart.
func (e *explorer) rule(w *world, k int) rule {
	n := &w.nodes[k]
	m := memory{height: uint64(w.height), round: uint64(n.round), echoed: value(w.height, n.echoed)}
	if w.height == 2 {
		m.final = Value{1, [32]byte{1, 1}}
	}
	if n.lockRound > 0 {
		m.lock = point{uint64(n.lockRound), value(w.height, n.lockValue)}
	}
	r := restarted(m)
	if e.fine {
		r.enter(uint64(n.volatile))
		if n.bestRound > 0 {
			r.best = point{uint64(n.bestRound), value(w.height, n.bestValue)}
		}
	}
	return r
}

// commit stores what the voter persisted, and plants the bugs that concern persisting.
func (e *explorer) commit(w world, k int, r rule) {
	n := &w.nodes[k]
	before := *n
	n.round, n.echoed = uint8(r.round), number(r.echoed)
	n.lockRound, n.lockValue = uint8(r.lock.round), number(r.lock.value)
	if e.fine {
		n.volatile = uint8(r.round)
		n.bestRound, n.bestValue = uint8(r.best.round), number(r.best.value)
	}
	if e.forget == k+1 {
		n.lockRound, n.lockValue = 0, 0
	}
	if e.forgetRound {
		n.round, n.echoed = 0, 0
	}
	e.add(w)
	if e.sendBeforePersist && k == 0 {
		n.round, n.echoed, n.lockRound, n.lockValue = before.round, before.echoed, before.lockRound, before.lockValue
		e.add(w)
	}
}

func (e *explorer) expand(w world) {
	final := e.final(&w)
	if final != 0 {
		e.finals++
	}
	if final&(final-1) != 0 {
		e.conflict = fmt.Sprintf("height %d: %+v", w.height, w.nodes[:e.honest])
		return
	}
	if w.height == 1 && final != 0 && e.heights > 1 {
		// Whoever is shown the final goes on; the others can still be shown it later. Values are
		// renamed at will, so the one that is final is the same for all.
		e.add(world{height: 2, finals: 1})
	}
	for k := range e.honest {
		if w.height == 2 && !w.nodes[k].at2 {
			e.arrive(w, k)
			continue
		}
		e.steps(w, k)
	}
}

// steps are all that voter k can do at the world's height.
func (e *explorer) steps(w world, k int) {
	for r := 1; r <= e.rounds; r++ {
		if e.fine {
			e.fineSteps(w, k, r)
			continue
		}
		for v := uint8(1); int(v) <= e.values; v++ {
			e.tryEcho(w, k, r, v)
			e.tryLock(w, k, r, v)
		}
	}
	if e.fine {
		e.fineVotes(w, k)
	}
}

// arrive shows a voter the final of height 1; what the rule remembers of height 1 must be gone.
func (e *explorer) arrive(w world, k int) {
	r := restarted(memory{height: 1, round: uint64(e.rounds), echoed: value(1, 1), lock: point{1, value(1, 1)}})
	r.finalise(1, value(1, 1), false)
	if r != restarted(memory{height: 2, final: value(1, 1)}) {
		e.conflict = "something of height 1 was kept"
		return
	}
	w.nodes[k].at2 = true
	e.add(w)
}

// tryEcho is coarse: for each certificate there is, and for none, the voter is shown it, moves to round
// r, gets a proposal of v that it has executed, and echoes if it may.
func (e *explorer) tryEcho(w world, k, r int, v uint8) {
	for cr := 0; cr <= e.rounds; cr++ {
		for cv := uint8(1); int(cv) <= e.values; cv++ {
			if cr > 0 && !(e.certificate(&w, false, cr, cv) || e.echoAfterLock && cv == v) {
				continue
			}
			voter := e.rule(&w, k)
			if cr > 0 {
				voter.show(point{uint64(cr), value(w.height, cv)})
			}
			if int(voter.round) > r {
				return
			}
			voter.enter(uint64(r))
			if voter.echo(value(w.height, v)) {
				next := w
				next.nodes[k].echo[r-1] |= 1 << v
				e.commit(next, k, voter)
			}
			if cr == 0 {
				break
			}
		}
	}
}

// tryLock is coarse: the voter is shown the quorum of round r while it is there, and locks if it may.
func (e *explorer) tryLock(w world, k, r int, v uint8) {
	if !e.certificate(&w, false, r, v) {
		return
	}
	voter := e.rule(&w, k)
	if int(voter.round) > r {
		if !e.lockInEarlierRound {
			return
		}
		voter.round = uint64(r)
	}
	voter.enter(uint64(r))
	voter.show(point{uint64(r), value(w.height, v)})
	if voter.signLock() {
		next := w
		next.nodes[k].lock[r-1] |= 1 << number(voter.lock.value)
		if e.lockInEarlierRound {
			voter.round = max(voter.round, uint64(w.nodes[k].round))
		}
		e.commit(next, k, voter)
	}
}

// fineSteps enters round r, shows a certificate of round r, or crashes, and nothing else.
func (e *explorer) fineSteps(w world, k, r int) {
	n := w.nodes[k]
	if int(n.volatile) < r {
		next := w
		next.nodes[k].volatile = uint8(r)
		e.add(next)
	}
	for v := uint8(1); int(v) <= e.values; v++ {
		if !e.certificate(&w, false, r, v) {
			continue
		}
		voter := e.rule(&w, k)
		voter.show(point{uint64(r), value(w.height, v)})
		next := w
		next.nodes[k].bestRound, next.nodes[k].bestValue = uint8(voter.best.round), number(voter.best.value)
		e.add(next)
	}
	crashed := w
	crashed.nodes[k].volatile = n.round
	crashed.nodes[k].bestRound, crashed.nodes[k].bestValue = n.lockRound, n.lockValue
	e.add(crashed)
}

// fineVotes lets the voter sign what it may with what it has in memory.
func (e *explorer) fineVotes(w world, k int) {
	for v := uint8(1); int(v) <= e.values; v++ {
		voter := e.rule(&w, k)
		if voter.echo(value(w.height, v)) {
			next := w
			next.nodes[k].echo[voter.round-1] |= 1 << v
			e.commit(next, k, voter)
		}
	}
	voter := e.rule(&w, k)
	if voter.signLock() {
		next := w
		next.nodes[k].lock[voter.round-1] |= 1 << number(voter.lock.value)
		e.commit(next, k, voter)
	}
}

// slice is what runs always: four voters, one cheat, three rounds, two heights, two values.
var slice = scope{honest: 3, cheats: 1, rounds: 3, values: 2, heights: 2}

func TestExploreFindsNoConflict(t *testing.T) {
	three, four, fine, seven := slice, slice, slice, slice
	three.values, four.rounds, fine.fine = 3, 4, true
	seven.honest, seven.cheats, seven.rounds = 5, 2, 2
	scopes := map[string]scope{
		"4 voters, 3 rounds, 2 values": slice, "4 voters, 3 rounds, 3 values": three, "7 voters, 2 rounds, 2 values": seven,
	}
	if *whole {
		scopes["4 voters, 3 rounds, 2 values, fine"], scopes["4 voters, 4 rounds, 2 values"] = fine, four
		five := slice
		five.honest = 4
		scopes["5 voters, 3 rounds, 2 values"] = five
	}
	for name, s := range scopes {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			e := explore(s)
			e.run()
			t.Logf("%d states, %d with a final, %.1f s", len(e.seen), e.finals, time.Since(began).Seconds())
			if e.conflict != "" {
				t.Fatalf("two finals: %s", e.conflict)
			}
			if e.finals == 0 {
				t.Fatal("nothing was ever final: the exploration does not reach far enough")
			}
		})
	}
}

// TestExploreFindsPlantedBugs shows that the exploration would have found a mistake.
func TestExploreFindsPlantedBugs(t *testing.T) {
	for name, plant := range map[string]func(*scope){
		"one voter's lock is forgotten":          func(s *scope) { s.forget = 1 },
		"the quorum is one too small":            func(s *scope) { s.quorum = 2 },
		"an echo after a lock, no certificate":   func(s *scope) { s.echoAfterLock = true },
		"a vote is sent before it is persisted":  func(s *scope) { s.sendBeforePersist = true },
		"the round is not persisted":             func(s *scope) { s.forgetRound = true },
		"a lock in a round that has been left":   func(s *scope) { s.lockInEarlierRound = true },
		"two cheats, where one is what is stood": func(s *scope) { s.honest, s.cheats = 2, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			s := slice
			plant(&s)
			e := explore(s)
			e.run()
			if e.conflict == "" {
				t.Fatalf("not found in %d states", len(e.seen))
			}
			t.Logf("found after %d states: %s", len(e.seen), e.conflict)
		})
	}
}

// TestModesAgree: what voters that keep their memory send, voters that crash after every step send too,
// and nothing else.
func TestModesAgree(t *testing.T) {
	s := slice
	s.rounds, s.heights = 2, 1
	fine := s
	fine.fine = true
	a, b := explore(s), explore(fine)
	a.soups, b.soups = map[[maxHonest]node]struct{}{}, map[[maxHonest]node]struct{}{}
	a.run()
	b.run()
	t.Logf("%d states coarse, %d fine, %d and %d soups", len(a.seen), len(b.seen), len(a.soups), len(b.soups))
	for soup := range b.soups {
		if _, ok := a.soups[soup]; !ok {
			t.Fatalf("only fine: %+v", soup)
		}
	}
	if len(a.soups) != len(b.soups) {
		t.Error("the modes reach different soups")
	}
}

// both is a state of two heights at once: a voter is at height 2 when it has arrived there.
type both struct{ one, two [maxHonest]node }

// canonical renames values at each height, and voters at both together.
func (b both) canonical(e *explorer) (best both) {
	first := true
	for _, r1 := range e.relabel {
		for _, r2 := range e.relabel {
			x := b
			for k := range e.honest {
				x.one[k], x.two[k] = x.one[k].renamed(r1), x.two[k].renamed(r2)
			}
			for k := 1; k < e.honest; k++ {
				for j := k; j > 0 && (less(&x.one[j], &x.one[j-1]) || x.one[j] == x.one[j-1] && less(&x.two[j], &x.two[j-1])); j-- {
					x.one[j], x.one[j-1], x.two[j], x.two[j-1] = x.one[j-1], x.one[j], x.two[j-1], x.two[j]
				}
			}
			a1, a2 := world{nodes: x.one}, world{nodes: best.one}
			b1, b2 := world{nodes: x.two}, world{nodes: best.two}
			if first || before(&a1, &a2, e.honest) || x.one == best.one && before(&b1, &b2, e.honest) {
				best, first = x, false
			}
		}
	}
	return best
}

// TestHeightsInAnyOrder walks two heights without doing one after the other: some voters still vote at
// height 1 while others do at height 2. At each height the soups are those that it has by itself.
func TestHeightsInAnyOrder(t *testing.T) {
	if !*whole {
		t.Skip("two million states: with -finality.whole")
	}
	s := slice
	s.rounds = 2
	e := explore(s)
	seen := map[both]struct{}{}
	queue := []both{{}}
	soups := map[[maxHonest]node]struct{}{}
	add := func(b both) {
		b = b.canonical(e)
		if _, ok := seen[b]; !ok {
			seen[b] = struct{}{}
			queue = append(queue, b)
		}
	}
	for len(queue) > 0 {
		b := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		one, two := world{nodes: b.one, height: 1}, world{nodes: b.two, height: 2}
		final, later := e.final(&one), e.final(&two)
		if final&(final-1) != 0 || later&(later-1) != 0 || later != 0 && final == 0 {
			t.Fatalf("conflict: %+v", b)
		}
		soups[e.soup(two)] = struct{}{}
		for k := range e.honest {
			if two.nodes[k].at2 {
				e.sink = func(w world) { add(both{b.one, w.nodes}) }
				e.steps(two, k)
				continue
			}
			e.sink = func(w world) { add(both{w.nodes, b.two}) }
			e.steps(one, k)
			if final != 0 {
				e.sink = func(w world) { add(both{b.one, w.nodes}) }
				e.arrive(two, k)
			}
		}
	}
	alone := s
	alone.heights = 1
	a := explore(alone)
	a.soups = map[[maxHonest]node]struct{}{}
	a.run()
	t.Logf("%d states, %d soups at height 2, %d at a height by itself", len(seen), len(soups), len(a.soups))
	if len(soups) != len(a.soups) {
		t.Error("height 2 by itself reaches other soups")
	}
}
