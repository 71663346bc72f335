package finality

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

var simSeeds = flag.Int("finality.seeds", 12, "seeds of each randomised run")

// simNode is one voter of a simulated consortium. It is its own History.
type simNode struct {
	id     int
	key    ed25519.PrivateKey
	cosign ed25519.PrivateKey
	m      *Machine // nil: down
	state  []byte   // on its disk
	log    [][32]byte
	aside  map[Value][][32]byte // Ready.Keep
	cheat  bool
}

func (n *simNode) RootAt(size uint64) ([32]byte, bool) {
	if size == 0 || size > uint64(len(n.log)) {
		return [32]byte{}, false
	}
	return n.log[size-1], true
}

type packet struct {
	from, to int
	b        []byte
}

// sim is a consortium on a network that a seed drives. Everybody may be told anything that was ever
// sent; cheats sign whatever they have seen proposed, for every value, to whom they like.
type sim struct {
	t        testing.TB
	r        *rand.Rand
	voters   Voters
	nodes    []*simNode
	net      []packet
	seen     []Statement // by anybody honest: what cheats build on
	term     uint64
	leader   int
	chaos    bool
	amnesia  bool // planted: voter 0 loses its disk in each crash
	hasty    bool // planted: voter 0 sends before it persists
	fault    string
	final    map[uint64]Value         // height -> value
	cosigned map[uint64][32]byte      // size -> root
	evidence map[member.KeyID]int     // signers caught
	done     map[int]map[uint64]Value // node -> height -> value
	counts   struct{ crashes, rebuilds, evidence, cosignatures int }
}

func simKey(role string, i int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Appendf(nil, "%s key of voter %d", role, i))
	return ed25519.NewKeyFromSeed(seed[:])
}

func simVoters(t testing.TB, n int) Voters {
	t.Helper()
	var list []Voter
	for i := range n {
		list = append(list, Voter{member.PublicOf(simKey("log", i)), member.PublicOf(simKey("cosigner", i))})
	}
	v, err := NewVoters(list)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newSim(t testing.TB, seed uint64, n, cheats int) *sim {
	s := &sim{
		t: t, r: rand.New(rand.NewPCG(seed, 1)), voters: simVoters(t, n), final: map[uint64]Value{},
		cosigned: map[uint64][32]byte{}, evidence: map[member.KeyID]int{}, done: map[int]map[uint64]Value{},
	}
	for i := range n {
		s.nodes = append(s.nodes, &simNode{id: i, aside: map[Value][][32]byte{}, key: simKey("log", i), cosign: simKey("cosigner", i), cheat: i >= n-cheats})
		s.done[i] = map[uint64]Value{}
		s.start(s.nodes[i])
	}
	return s
}

var simLedger = [32]byte{1, 2, 3}

func (s *sim) start(n *simNode) {
	if n.cheat {
		return
	}
	m, err := New(Config{simLedger, 1, n.key, Fixed(s.voters), n}, n.state)
	if err != nil {
		s.t.Fatal(err)
	}
	n.m = m
	s.drain(n)
	if s.term > 0 {
		s.tell(n)
	}
}

func (s *sim) crash(n *simNode) {
	n.m = nil
	s.counts.crashes++
	if s.amnesia && n.id == 0 {
		n.state = nil
	}
}

func (s *sim) id(i int) member.KeyID { return member.PublicOf(s.nodes[i].key).ID() }

func (s *sim) tell(n *simNode) {
	if n.m != nil {
		s.must(n.m.Round(s.term, s.id(s.leader)))
		s.drain(n)
	}
}

func (s *sim) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// drain does what a node's machine wants, and in a chaotic run may crash it on the way.
func (s *sim) drain(n *simNode) {
	for n.m != nil {
		r, ok := n.m.Ready()
		if !ok {
			return
		}
		if s.chaos && (s.r.IntN(200) == 0 || s.hasty && n.id == 0 && s.r.IntN(3) == 0) {
			if s.hasty && n.id == 0 {
				for _, o := range r.Send {
					s.send(n.id, o)
				}
			}
			s.crash(n) // before anything was persisted
			return
		}
		for _, v := range r.Keep {
			n.aside[v] = slices.Clone(n.log[:v.Size])
		}
		if r.State != nil {
			n.state = r.State
		}
		if s.chaos && s.r.IntN(200) == 0 {
			s.crash(n) // persisted, nothing sent
			return
		}
		for _, o := range r.Send {
			s.send(n.id, o)
		}
		s.check(n, r)
		if r.Rebuild != nil {
			s.rebuild(n, *r.Rebuild)
		}
	}
}

func (s *sim) send(from int, o Out) {
	for to := range s.nodes {
		if to != from && (o.To == "" || o.To == fmt.Sprint(to)) {
			s.net = append(s.net, packet{from, to, o.Message})
		}
	}
	msg, err := ParseMessage(o.Message)
	s.must(err)
	if msg.Signed != nil {
		s.seen = append(s.seen, msg.Signed.Statement)
		s.cheatsAnswer(msg.Signed.Statement)
	}
}

// cheatsAnswer signs whatever is going round, whether or not it contradicts what was signed before.
func (s *sim) cheatsAnswer(st Statement) {
	for _, n := range s.nodes {
		if n.cheat && s.r.IntN(3) > 0 {
			for _, kind := range []Kind{Echo, Lock} {
				st.Kind = kind
				s.cheatSays(n, st, s.r.IntN(len(s.nodes)))
			}
		}
	}
}

func (s *sim) cheatSign(n *simNode, st Statement) Signed {
	return Signed{st, member.PublicOf(n.key).ID(), [64]byte(member.Sign(n.key, Domain, st.Bytes()))}
}

func (s *sim) cheatSays(n *simNode, st Statement, to int) {
	signed := s.cheatSign(n, st)
	msg := Message{Signed: &signed}
	if st.Kind == Echo {
		p := st
		p.Kind = Proposal
		own := s.cheatSign(n, p)
		msg.Proposal = &own
	}
	s.net = append(s.net, packet{n.id, to, msg.Bytes()})
}

// broken notes the first promise that was broken.
func (s *sim) broken(format string, args ...any) {
	if s.fault == "" {
		s.fault = fmt.Sprintf(format, args...)
	}
}

// check holds the promises.
func (s *sim) check(n *simNode, r Ready) {
	s.t.Helper()
	if len(r.Final) > 0 {
		clear(n.aside)
	}
	for _, f := range r.Final {
		if v, ok := s.final[f.Height()]; ok && v != f.Value() {
			s.broken("height %d is final as %d and as %d", f.Height(), v.Size, f.Value().Size)
		}
		s.final[f.Height()] = f.Value()
		s.done[n.id][f.Height()] = f.Value()
		if _, err := OpenFinal(f.Certificate(), s.voters); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, f := range r.Cosign {
		v := f.Value()
		if root, ok := s.cosigned[v.Size]; ok && root != v.Root {
			s.broken("size %d is cosigned with two roots", v.Size)
		}
		s.cosigned[v.Size] = v.Root
		for size, root := range s.cosigned {
			if have, ok := n.RootAt(size); size <= v.Size && ok && have != root {
				s.broken("voter %d cosigned size %d over another root at %d", n.id, v.Size, size)
			}
		}
		c := Cosign(f, s.id(n.id), n.cosign, 1)
		s.must(c.Verify(simLedger, s.voters))
		s.send(n.id, Out{Message: Message{Cosignature: &c}.Bytes()})
	}
	s.counts.cosignatures += len(r.Cosignatures)
	for _, e := range r.Evidence {
		back, err := ParseEvidence(e.Bytes())
		s.must(err)
		voter, ok := s.voters.Find(back.Signer())
		if !ok || back.Verify(voter.Log) != nil {
			s.t.Fatal("evidence does not verify")
		}
		i := slices.IndexFunc(s.nodes, func(n *simNode) bool { return member.PublicOf(n.key) == voter.Log })
		if !s.nodes[i].cheat {
			s.broken("evidence against the honest voter %d, two of kind %s", i, e.A.Kind)
		}
		s.evidence[e.Signer()]++
		s.counts.evidence++
	}
	if r.Fork != nil {
		s.broken("a fork")
	}
}

// rebuild fetches the history from whom the certificate names, if one of them answers.
func (s *sim) rebuild(n *simNode, r Rebuild) {
	for _, id := range r.From {
		i := slices.IndexFunc(s.nodes, func(n *simNode) bool { return member.PublicOf(n.key).ID() == id })
		peer := s.nodes[i]
		v := r.Certificate.Value
		log := peer.log
		if root, ok := peer.RootAt(v.Size); !ok || root != v.Root {
			log = peer.aside[v]
		}
		if peer.cheat || peer.m == nil || uint64(len(log)) < v.Size {
			continue
		}
		n.log = slices.Clone(log[:v.Size])
		s.counts.rebuilds++
		s.must(n.m.Executed())
		return
	}
}

// append is raft's AppendEntries at n behind the log guard: neither what is final nor what is locked
// is rewritten.
func (s *sim) append(n *simNode, log [][32]byte) {
	if n.m == nil {
		return
	}
	keep := Value{}
	if f, ok := n.m.Final(); ok {
		keep = f.Value
	}
	for _, v := range []Value{keep, lockedValue(n.m)} {
		if root, ok := n.RootAt(v.Size); !ok || root != v.Root {
			continue
		}
		if uint64(len(log)) < v.Size || log[v.Size-1] != v.Root {
			return
		}
	}
	n.log = slices.Clone(log)
	s.must(n.m.Executed())
	s.drain(n)
}

func lockedValue(m *Machine) Value {
	c, _ := m.Locked()
	return c.Value
}

func (s *sim) grow(log [][32]byte) [][32]byte {
	out := slices.Clone(log)
	for range 1 + s.r.IntN(3) {
		var last [32]byte
		if len(out) > 0 {
			last = out[len(out)-1]
		}
		out = append(out, sha256.Sum256(append(last[:], byte(s.r.IntN(256)))))
	}
	return out
}

// elect begins a new term.
func (s *sim) elect(leader int) {
	s.term++
	s.leader = leader
	for _, n := range s.nodes {
		if !s.chaos || s.r.IntN(4) > 0 {
			s.tell(n)
		}
	}
}

// lead replicates the leader's log and proposes it; a cheat replicates and proposes two of them.
func (s *sim) lead() {
	l := s.nodes[s.leader]
	if l.cheat {
		s.leadTwice(l)
		return
	}
	if l.m == nil {
		return
	}
	l.log = s.grow(l.log)
	s.must(l.m.Executed())
	for _, n := range s.nodes {
		if n != l && (!s.chaos || s.r.IntN(3) > 0) {
			s.append(n, l.log)
		}
	}
	if l.m != nil {
		if err := l.m.Propose(uint64(len(l.log))); err != nil && !errors.Is(err, ErrPropose) {
			s.t.Fatal(err)
		}
		s.drain(l)
	}
}

func (s *sim) leadTwice(l *simNode) {
	victim := s.nodes[s.r.IntN(len(s.nodes))]
	height := uint64(1)
	if victim.m != nil {
		height = victim.m.Height()
	}
	one, two := s.grow(victim.log), s.grow(victim.log)
	for _, n := range s.nodes {
		log := one
		if s.r.IntN(2) == 0 {
			log = two
		}
		s.append(n, log)
		st := Statement{simLedger, 1, Proposal, height, s.term, Value{uint64(len(log)), log[len(log)-1]}}
		signed := s.cheatSign(l, st)
		s.net = append(s.net, packet{l.id, n.id, Message{Signed: &signed}.Bytes()})
		s.cheatsAnswer(st)
	}
}

func (s *sim) deliver(p packet) {
	n := s.nodes[p.to]
	if n.m == nil {
		return
	}
	if err := n.m.Step(fmt.Sprint(p.from), p.b); err != nil && !errors.Is(err, ErrAhead) && !errors.Is(err, ErrBehind) {
		s.t.Fatalf("%d to %d: %v", p.from, p.to, err)
	}
	s.drain(n)
}

// take removes a random message.
func (s *sim) take() packet {
	i := s.r.IntN(len(s.net))
	p := s.net[i]
	last := len(s.net) - 1
	s.net[i] = s.net[last]
	s.net = s.net[:last]
	return p
}

// storm runs chaotic steps: messages lost, late, doubled and out of order, terms and leaders at random,
// crashes, cheats.
func (s *sim) storm(steps int) {
	s.chaos = true
	for range steps {
		if s.fault != "" {
			break
		}
		n := s.nodes[s.r.IntN(len(s.nodes))]
		switch k := s.r.IntN(100); {
		case k < 86 && len(s.net) > 0:
			p := s.take()
			if d := s.r.IntN(10); d == 0 {
				continue // lost
			} else if d < 3 {
				s.net = append(s.net, p) // and once more, later
			}
			s.deliver(p)
		case k < 87:
			s.elect(s.r.IntN(len(s.nodes)))
		case k < 90:
			s.lead()
		case k < 92 && n.m != nil:
			s.must(n.m.Resend())
			s.drain(n)
		case k < 96 && n.m == nil:
			s.start(n)
		case k < 97 && n.m != nil && s.r.IntN(4) == 0:
			s.crash(n)
		case n.cheat && len(s.seen) > 0:
			st := s.seen[s.r.IntN(len(s.seen))]
			st.Kind, st.Round = Kind(1+s.r.IntN(3)), max(1, s.term-uint64(s.r.IntN(3)))
			s.cheatSays(n, st, s.r.IntN(len(s.nodes)))
		}
		if len(s.net) > 400 {
			s.net = s.net[200:]
		}
	}
	s.chaos = false
	s.net = nil
}

func (s *sim) settle() {
	for len(s.net) > 0 {
		p := s.net[0]
		s.net = s.net[1:]
		s.deliver(p)
	}
}

// calm runs terms under honest leaders with every message delivered, until all that are up have made
// the given number of heights; it returns how many terms that took.
func (s *sim) calm(heights uint64, down map[int]bool) int {
	goal := uint64(0)
	for _, n := range s.nodes {
		if n.m == nil && !down[n.id] {
			s.start(n)
		}
		if n.m != nil {
			goal = max(goal, n.m.Height()+heights)
		}
	}
	for terms := range 40 {
		reached := true
		for _, n := range s.nodes {
			if n.m != nil && n.m.Height() < goal {
				reached = false
			}
		}
		if reached {
			return terms
		}
		leader := s.leader
		for leader = (leader + 1) % len(s.nodes); s.nodes[leader].m == nil; {
			leader = (leader + 1) % len(s.nodes)
		}
		s.elect(leader)
		for range 2 {
			for _, n := range s.nodes {
				if n.m != nil {
					s.must(n.m.Resend())
					s.drain(n)
				}
			}
			s.settle()
		}
		s.lead()
		s.settle()
	}
	s.t.Fatalf("no finality in 40 calm terms: %s", s.describe())
	return 0
}

func (s *sim) describe() (out string) {
	for _, n := range s.nodes {
		if n.m != nil {
			out += fmt.Sprintf("\n%d: height %d, log %d, lock %d, best %d", n.id, n.m.Height(), len(n.log), n.m.rule.lock.round, n.m.rule.best.round)
		}
	}
	return out
}

// TestRandomRuns: whatever b cheats, crashes and the network do, nothing conflicting is final, nobody
// honest is accused, and finality returns when the network does.
func TestRandomRuns(t *testing.T) {
	for _, c := range []struct{ n, cheats, steps int }{{4, 0, 1500}, {4, 1, 1500}, {7, 2, 3000}, {5, 1, 800}, {3, 0, 800}} {
		t.Run(fmt.Sprintf("n=%d cheats=%d", c.n, c.cheats), func(t *testing.T) {
			worst, caught, heights, rebuilds, crashes := 0, 0, 0, 0, 0
			for seed := range uint64(*simSeeds) {
				s := newSim(t, seed, c.n, c.cheats)
				for range 2 {
					s.storm(c.steps)
					worst = max(worst, s.calm(2, nil))
				}
				if s.fault != "" {
					t.Fatalf("seed %d: %s", seed, s.fault)
				}
				caught += len(s.evidence)
				heights += len(s.final)
				rebuilds += s.counts.rebuilds
				crashes += s.counts.crashes
			}
			t.Logf("%d seeds: %d heights final, %d crashes, %d rebuilds, %d of %d cheats caught; at most %d calm terms for 2 heights",
				*simSeeds, heights, crashes, rebuilds, caught, c.cheats**simSeeds, worst)
			if c.cheats > 0 && caught == 0 {
				t.Error("cheats left no evidence")
			}
		})
	}
}

// TestRandomRunsFindPlantedBugs shows that these runs would have found a mistake in what is persisted.
func TestRandomRunsFindPlantedBugs(t *testing.T) {
	for name, plant := range map[string]func(*sim){
		"a voter that forgets everything":       func(s *sim) { s.amnesia = true },
		"a voter that sends before it persists": func(s *sim) { s.hasty = true },
	} {
		found := ""
		seed := uint64(0)
		for ; seed < 100 && found == ""; seed++ {
			s := newSim(t, seed, 4, 1)
			plant(s)
			s.storm(1500)
			found = s.fault
		}
		if found == "" {
			t.Errorf("%s: not found in %d seeds", name, seed)
		}
		t.Logf("%s: seed %d: %s", name, seed-1, found)
	}
}

// TestCrashFaults: finality goes on while 1 of 4, or 2 of 7, are gone for good, and not beyond that.
func TestCrashFaults(t *testing.T) {
	for _, c := range []struct{ n, down int }{{4, 1}, {5, 1}, {7, 2}} {
		s := newSim(t, 7, c.n, 0)
		s.calm(1, nil)
		gone := map[int]bool{}
		for i := range c.down {
			s.crash(s.nodes[i])
			gone[i] = true
		}
		if terms := s.calm(3, gone); terms > 4 {
			t.Errorf("%d of %d gone: %d terms for three heights", c.down, c.n, terms)
		}
		s.crash(s.nodes[c.down])
		before := len(s.final)
		for i := range 5 {
			s.elect(c.n - 1 - i%(c.n-c.down-1))
			s.lead()
			s.settle()
		}
		if len(s.final) != before {
			t.Errorf("%d of %d gone, and something became final", c.down+1, c.n)
		}
		for i := range c.down + 1 {
			s.start(s.nodes[i])
		}
		s.calm(2, nil)
		if s.fault != "" {
			t.Error(s.fault)
		}
	}
}

// TestSameSeedSameRun: the machine adds no nondeterminism of its own.
func TestSameSeedSameRun(t *testing.T) {
	run := func() []byte {
		s := newSim(t, 3, 4, 1)
		s.storm(1000)
		var out []byte
		for _, n := range s.nodes {
			out = append(out, n.state...)
		}
		return out
	}
	if !bytes.Equal(run(), run()) {
		t.Error("two runs of one seed differ")
	}
}

// TestForkIsShown: q cheats can make two finals; whoever sees both stops, with proof.
func TestForkIsShown(t *testing.T) {
	s := newSim(t, 1, 4, 0)
	n := s.nodes[0]
	certificate := func(root byte) Certificate {
		c := Certificate{Statement: Statement{simLedger, 1, Lock, 1, 1, Value{1, [32]byte{root}}}}
		for _, i := range []int{1, 2, 3} {
			signed := s.cheatSign(s.nodes[i], c.Statement)
			c.Votes = append(c.Votes, Vote{signed.Signer, signed.Sig})
		}
		slices.SortFunc(c.Votes, func(a, b Vote) int { return compareIDs(a.Signer, b.Signer) })
		return c
	}
	one, two := certificate(1), certificate(2)
	s.must(n.m.Step("1", Message{Certificate: &one}.Bytes()))
	n.m.Ready()
	if err := n.m.Step("1", Message{Certificate: &one}.Bytes()); !errors.Is(err, ErrBehind) {
		t.Errorf("the same again: %v", err)
	}
	if err := n.m.Step("1", Message{Certificate: &two}.Bytes()); !errors.Is(err, ErrFork) {
		t.Fatal(err)
	}
	r, _ := n.m.Ready()
	if r.Fork == nil || len(r.Evidence) != 3 {
		t.Fatalf("%+v", r)
	}
	for _, c := range []Certificate{r.Fork.A, r.Fork.B} {
		back, err := ParseCertificate(c.Bytes())
		if err != nil || back.Verify(s.voters) != nil {
			t.Error("a certificate of the fork does not verify")
		}
	}
	for _, err := range []error{n.m.Step("1", nil), n.m.Resend(), n.m.Propose(1), n.m.Executed(), n.m.Round(9, s.id(0))} {
		if !errors.Is(err, ErrFork) {
			t.Errorf("the machine goes on: %v", err)
		}
	}
}

// BenchmarkHeight is what one checkpoint costs all voters together, signatures included.
func BenchmarkHeight(b *testing.B) {
	for _, n := range []int{4, 7} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			s := newSim(b, 1, n, 0)
			s.elect(0)
			s.settle()
			for b.Loop() {
				s.lead()
				s.settle()
			}
			if len(s.final) < b.N {
				b.Fatalf("%d heights are final, %d were led", len(s.final), b.N)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/voter")
		})
	}
}
