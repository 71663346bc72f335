package nodetest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// The seven attacks of specs/ledger.md, by a real peer over libp2p against real nodes: first without
// the gates and guards, where each must work, or it would show nothing; then with them.
//
//	go test ./node/nodetest -run TestInsider -seeds 100 -voters 4
//	go test ./node/nodetest -run TestInsider -seeds 100 -voters 7
//
// The seed chooses victims, terms and lengths. Times and keys are not replayed.
var (
	seeds     = flag.Int("seeds", 3, "how often each insider attack is run")
	founders  = flag.Int("voters", 4, "founders of the insider attacks by a voter: 4 or 7")
	firstSeed = flag.Uint64("seed", 1, "the first seed of the insider attacks")
)

// attack is one consortium under one attack.
type attack struct {
	*Consortium
	t    *testing.T
	rng  *rand.Rand
	log  *lines
	seed uint64

	outsiders int
}

func admitOf(card []byte) hub.ProposeRequest {
	return hub.ProposeRequest{Kind: "admit", Card: card, Reason: "they asked"}
}

// lines is what the nodes logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) has(words string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), words)
}

// quartet is the smallest consortium that stands a cheat; with -voters 7 it stands two.
func quartet() []Org {
	orgs := append(Trio(), Org{"hotline", "hotline", "NL"})
	if *founders == 7 {
		orgs = append(orgs, Org{"charity", "ngo", "NL"}, Org{"authority", "regulator", "NL"}, Org{"lender", "finance", "US"})
	}
	return orgs
}

// insider runs an attack with each seed, without the guards and with them; a short run, which is for the race
// detector, does so once and with them.
func insider(t *testing.T, orgs []Org, off, on func(a *attack)) {
	runs := *seeds
	if testing.Short() {
		runs = min(runs, 1)
	}
	for i := range uint64(runs) {
		seed := *firstSeed + i
		for _, guarded := range []bool{false, true} {
			if testing.Short() && !guarded {
				continue
			}
			run, name := off, "guards off"
			if guarded {
				run, name = on, "guards on"
			}
			t.Run(fmt.Sprintf("seed %d/%s", seed, name), func(t *testing.T) {
				t.Parallel()
				run(newAttack(t, orgs, seed, guarded))
			})
		}
	}
}

// unhurried is how long a consortium under attack waits for its leader: an attack is a few messages, and an
// election between two of them, because this machine was busy, would make it another attack.
const unhurried = 1500 * time.Millisecond

// newAttack founds a consortium that is about to be attacked.
func newAttack(t *testing.T, orgs []Org, seed uint64, guarded bool) *attack {
	t.Helper()
	a := &attack{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), log: &lines{}}
	a.Consortium = New(t, orgs, Options{Unguarded: !guarded, Config: func(_ string, cfg *node.Config) {
		cfg.Timing.Heartbeat, cfg.Timing.LeaderLease = unhurried, unhurried
		cfg.Logger = slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}})
	a.Until("all clocks are attested, so that no entry comes between an attack and its target", func() bool {
		fresh := 0
		a.Node(orgs[0].Name).Ledger().View(func(s *state.State) { fresh, _ = s.Clocks() })
		return fresh == len(orgs)
	})
	a.settled()
	return a
}

func (a *attack) status(name string) replica.Status { return a.Node(name).Ledger().Status() }

// follower returns a member that runs and does not lead.
func (a *attack) follower() string {
	leader := a.leader()
	names := a.up()
	a.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if names[0] == leader {
		return names[1]
	}
	return names[0]
}

// later is a term after that of the consortium, and not far.
func (a *attack) later() uint64 { return a.status(a.leader()).Term + 2 + a.rng.Uint64N(1000) }

// works says that the consortium still takes entries.
func (a *attack) works() {
	a.t.Helper()
	size := a.status(a.leader()).Size
	a.outsiders++
	card := a.Init(Org{Name: fmt.Sprintf("candidate-%d", a.outsiders), Sector: "ngo"})
	propose(a.t, a.Consortium, a.leader(), admitOf(card))
	for _, name := range a.up() {
		a.must(a.Node(name).Ledger().WaitSize(a.t.Context(), size+1))
	}
	a.settled()
}

// unharmed is works, and that nothing which stood before is gone or changed anywhere.
func (a *attack) unharmed(before replica.Status) {
	a.t.Helper()
	for _, name := range a.up() {
		root, ok := a.Node(name).Ledger().RootAt(before.Size)
		if !ok || root != before.Root {
			a.t.Errorf("%s does not have the history any more", name)
		}
	}
	a.works()
}

// evidence waits for a node's evidence of a kind, in its folder and in its counters.
func (a *attack) evidence(name, kind, words string) {
	a.t.Helper()
	a.Until(name+" has evidence: "+kind, func() bool { return a.accused(name, kind) })
	if a.refused(name, words) == 0 {
		a.t.Errorf("%s counted nothing like %q: %v", name, words, a.status(name).Refused)
	}
}

// P1: a stranger, who is in no configuration, becomes the only voter with one message.
func TestInsiderP1(t *testing.T) {
	t.Parallel()
	strike := func(a *attack, stranger *Rogue, victim string) error {
		term := a.later()
		_, err := stranger.say(a.t, a.Card(victim), raftSay{Append: &raftAppend{
			Term: term, Entries: []raftEntry{{Term: term, Kind: raftConfiguration, Servers: []raftServer{{stranger.Host.ID(), true}}}},
		}})
		return err
	}
	insider(t, Trio(), func(a *attack) {
		victim, stranger := a.follower(), a.stranger()
		before := a.status(victim)
		a.must(strike(a, stranger, victim))
		s := a.status(victim)
		if s.LogIndex >= before.LogIndex || len(s.Voters) != 1 || s.Voters[0] != stranger.Host.ID() {
			a.t.Errorf("nothing happened: log %d, was %d, voters %v", s.LogIndex, before.LogIndex, s.Voters)
		}
	}, func(a *attack) {
		victim, stranger := a.follower(), a.stranger()
		before := a.status(victim)
		if strike(a, stranger, victim) == nil {
			a.t.Error("a stranger was answered")
		}
		if _, err := stranger.say(a.t, a.Card(victim), raftSay{Timeout: &raftTimeout{true}}); err == nil {
			a.t.Error("a stranger was answered")
		}
		a.Until("the victim logs the stranger", func() bool { return a.log.has("connection refused: peer is not admitted") })
		if s := a.status(victim); s.Term != before.Term || s.LogIndex < before.LogIndex || len(s.Voters) != 3 {
			a.t.Errorf("before %+v, after %+v", before, s)
		}
		a.unharmed(before)
	})
}

// P2: a member without a vote deposes the leader with a transfer vote.
func TestInsiderP2(t *testing.T) {
	t.Parallel()
	admit := func(a *attack) *Rogue {
		card := a.Init(Org{Name: "hotline", Sector: "hotline"})
		leader := a.leader()
		p := propose(a.t, a.Consortium, leader, admitOf(card))
		for _, name := range []string{"platform", "bank"} {
			vote(a.t, a.Consortium, name, p.ID, "yes")
		}
		a.Until("the newcomer is among raft's replicas", func() bool { return len(a.status(a.leader()).NonVoters) == 1 })
		a.settled()
		return a.rogueAt("hotline")
	}
	strike := func(a *attack, r *Rogue, victim string) error {
		term := a.later()
		_, err := r.say(a.t, a.Card(victim), raftSay{Vote: &raftVote{Term: term, LastIndex: 1 << 30, LastTerm: term, Transfer: true}})
		return err
	}
	insider(t, Trio(), func(a *attack) {
		r, leader := admit(a), a.leader()
		term := a.status(leader).Term
		a.must(strike(a, r, leader))
		if s := a.status(leader); s.Term < term+2 {
			a.t.Errorf("the leader stands: %+v", s)
		}
	}, func(a *attack) {
		r, leader := admit(a), a.leader()
		before := a.status(leader)
		for range 3 {
			_ = strike(a, r, leader)
		}
		if s := a.status(leader); s.Term != before.Term || s.Role != "leader" {
			a.t.Errorf("the leader fell: %+v", s)
		}
		a.evidence(leader, replica.EvidenceSender, "not a voter")
		a.unharmed(before)
	})
}

// P3: a voter that was never elected rewrites committed entries on a follower, and after a restart all
// nodes hold the rewritten history.
func TestInsiderP3(t *testing.T) {
	t.Parallel()
	// rewritten is the whole log again, of nothing, and longer than it was.
	strike := func(a *attack, r *Rogue, victim string, term uint64) (raftHear, error) {
		entries := []raftEntry{{Term: term, Kind: raftConfiguration, Servers: a.founders()}}
		for range a.status(victim).LogIndex + a.rng.Uint64N(8) {
			entries = append(entries, raftEntry{Term: term, Kind: raftNoop})
		}
		return r.say(a.t, a.Card(victim), raftSay{Append: &raftAppend{Term: term, Entries: entries[:min(64, len(entries))]}})
	}
	restart := func(a *attack) {
		names := a.up()
		for _, name := range names {
			a.Stop(name)
		}
		for _, name := range names {
			a.Start(name)
		}
		a.leader()
		a.settled()
	}
	insider(t, quartet(), func(a *attack) {
		r, victim := a.Rogue("hotline"), a.follower()
		before := a.status(victim)
		hear, err := strike(a, r, victim, a.later())
		if err != nil || !hear.OK {
			a.t.Fatalf("nothing happened: %+v, %v", hear, err)
		}
		restart(a)
		for _, name := range a.up() {
			if root, ok := a.Node(name).Ledger().RootAt(before.Size); ok && root == before.Root {
				a.t.Errorf("%s still holds the history", name)
			}
		}
	}, func(a *attack) {
		r, victim := a.Rogue("hotline"), a.follower()
		a.settled()
		before, term := a.status(victim), a.later()
		if hear, err := strike(a, r, victim, term); err == nil && hear.Error == "" {
			a.t.Errorf("it was taken: %+v", hear)
		}
		if s := a.status(victim); s.LogIndex < before.LogIndex || s.Term >= term { // an election may have been
			a.t.Errorf("before %+v, after %+v", before, s)
		}
		a.evidence(victim, replica.EvidenceRewrite, "rewrite what")
		restart(a)
		a.unharmed(before)
	})
}

// P4: a voter installs a snapshot of nothing in the place of the history, which is on disk before
// anybody looks at it.
func TestInsiderP4(t *testing.T) {
	t.Parallel()
	strike := func(a *attack, r *Rogue, victim string, leaves [][]byte) (raftHear, error) {
		var content bytes.Buffer
		tree := tlog.NewFrontier()
		for _, leaf := range leaves {
			tree.Append(tlog.LeafHash(leaf))
		}
		head, err := wire.Encode(snapshotHead{1, uint64(len(leaves)), tree.Root()})
		a.must(err)
		for _, b := range append([][]byte{head}, leaves...) {
			a.must(wire.WriteFrame(&content, b))
		}
		term := max(a.later(), a.status(victim).Term+1)
		return r.say(a.t, a.Card(victim), raftSay{Snapshot: &raftSnapshot{
			Term: term, LastIndex: a.status(victim).LogIndex + a.rng.Uint64N(100), LastTerm: term,
			Servers: a.founders(), ConfigIndex: 1, Size: uint64(content.Len()),
		}}, content.Bytes())
	}
	history := func(a *attack, victim string) [][]byte {
		leaves, err := a.Node(victim).Ledger().Leaves(0, a.status(victim).Size)
		a.must(err)
		return leaves
	}
	insider(t, quartet(), func(a *attack) {
		r, victim := a.Rogue("hotline"), a.follower()
		before := a.status(victim)
		_, err := strike(a, r, victim, history(a, victim)[:1])
		a.must(err)
		if s := a.status(victim); s.Size != 1 || a.cutting(victim, before.Size) != 1 {
			a.t.Errorf("nothing happened: %d leaves of %d, %d snapshots on disk that cut them", s.Size, before.Size, a.cutting(victim, before.Size))
		}
	}, func(a *attack) {
		r, victim := a.Rogue("hotline"), a.follower()
		a.settled()
		before := a.status(victim)
		leaves := history(a, victim)
		for _, forged := range [][][]byte{
			leaves[:1],
			leaves[:1+a.rng.IntN(len(leaves)-1)],
			append(leaves[:len(leaves)-1:len(leaves)-1], []byte("free admission")),
		} {
			if hear, err := strike(a, r, victim, forged); err == nil && (hear.OK || hear.Error == "") {
				a.t.Errorf("it was taken: %+v", hear)
			}
			if s := a.status(victim); s.Size < before.Size || a.cutting(victim, before.Size) != 0 {
				a.t.Errorf("%d leaves of %d, %d snapshots on disk that cut them", s.Size, before.Size, a.cutting(victim, before.Size))
			}
		}
		a.evidence(victim, replica.EvidenceSnapshot, "snapshot")
		a.Stop(victim)
		a.Start(victim)
		a.settled()
		a.unharmed(before)
	})
}

// P5: a voter that plays the leader has two nodes execute different entries, both validly signed, at
// one index. With the guards one of the two becomes final at all honest nodes, without a person, and
// what the cheat signed twice is kept.
func TestInsiderP5(t *testing.T) {
	t.Parallel()
	fork := func(a *attack) (names [2]string, size uint64, r *Rogue) {
		r = a.Rogue("hotline")
		a.settled()
		one := a.follower()
		names = [2]string{a.leader(), one}
		before := a.status(one)
		signer := entry.Signer{Key: r.Ring.Private(member.Operator), LedgerID: r.LedgerID}
		var seq uint64
		a.Node(one).Ledger().View(func(s *state.State) { seq = s.NextSeq(r.Card.Keys.Operator.ID()) })
		term := a.later()
		var together sync.WaitGroup // as soon as one of them has heard of the term, an election may come
		for i, name := range names {
			raw, err := entry.NewNodeInfo(signer, seq, r.Card.Addresses, fmt.Sprintf("v9.9.%d", i))
			a.must(err)
			together.Go(func() {
				hear, err := r.say(a.t, a.Card(name), raftSay{Append: &raftAppend{
					Term: term, PrevIndex: before.LogIndex, PrevTerm: before.Term, Commit: before.LogIndex + 1,
					Entries: []raftEntry{{Term: term, Kind: raftCommand, Data: raw}},
				}})
				if err != nil || !hear.OK {
					a.t.Errorf("%s did not take its history: %+v, %v", name, hear, err)
				}
			})
		}
		together.Wait()
		if a.t.Failed() {
			a.t.FailNow()
		}
		size = before.Size + 1
		for _, name := range names {
			a.must(a.Node(name).Ledger().WaitSize(a.t.Context(), size))
		}
		return names, size, r
	}
	insider(t, quartet(), func(a *attack) {
		names, size, _ := fork(a)
		one, _ := a.Node(names[0]).Ledger().RootAt(size)
		other, _ := a.Node(names[1]).Ledger().RootAt(size)
		if one == other {
			a.t.Error("the histories are the same")
		}
		if a.accused(names[0], replica.EvidenceFork) || a.accused(names[1], replica.EvidenceFork) {
			a.t.Error("it was noticed without the guards")
		}
	}, func(a *attack) {
		names, size, r := fork(a)
		a.final(size)
		a.oneHistory()
		a.Until("a node keeps what was signed twice", func() bool {
			return a.accused(names[0], replica.EvidenceEntries) || a.accused(names[1], replica.EvidenceEntries)
		})
		for _, name := range names {
			for _, record := range a.records(name, replica.EvidenceEntries) {
				a.signedTwice(record, r.Card.Keys.Operator)
			}
		}
		a.works()
		a.oneHistory()
	})
}

// A voter that leads signs two proposals. Each node keeps them as evidence that convinces anyone who
// knows its log key, drops its streams of raft, and the others go on.
func TestInsiderTwoProposals(t *testing.T) {
	t.Parallel()
	a := newAttack(t, quartet(), *firstSeed, true)
	r := a.Rogue("hotline")
	a.leader()
	a.works() // the three that are left
	a.final(a.status(a.leader()).Size)
	a.Until("all stand at one height", func() bool {
		height := a.Node(a.up()[0]).Ledger().Final().Height
		for _, name := range a.up() {
			p, s := a.Node(name).Ledger().Final(), a.status(name)
			if p.Height != height || p.Size != s.Size {
				return false
			}
		}
		return true
	})
	var term uint64
	strike := func(name string) { // it leads now, says raft; an election, or a newer final, may come between
		stands := a.Node(name).Ledger().Final()
		term = a.later()
		if _, err := r.say(t, a.Card(name), raftSay{Append: &raftAppend{Term: term}}); err != nil {
			return
		}
		a.say(r, name, finality.Value{Size: stands.Size, Root: stands.Root}, stands.Height+1, term)
		a.say(r, name, finality.Value{Size: stands.Size + 1, Root: [32]byte{1}}, stands.Height+1, term)
	}
	for _, name := range a.up() {
		a.Until(name+" has the proof", func() bool {
			strike(name)
			for range 50 {
				if a.accused(name, replica.EvidenceEquivocation) {
					return true
				}
				time.Sleep(10 * time.Millisecond)
			}
			return false
		})
		for _, record := range a.records(name, replica.EvidenceEquivocation) {
			e, err := finality.ParseEvidence(record.Response)
			a.must(err)
			a.must(e.Verify(r.Card.Keys.Log))
		}
		if _, err := r.say(t, a.Card(name), raftSay{Append: &raftAppend{Term: term + 1}}); err == nil && a.refused(name, "two proposals") == 0 {
			t.Errorf("%s still listens to it", name)
		}
	}
	a.works()
	a.final(a.status(a.leader()).Size)
	a.oneHistory()
}

// say sends a proposal for a round that the rogue claims to lead.
func (a *attack) say(r *Rogue, to string, v finality.Value, height, round uint64) {
	a.t.Helper()
	s := finality.Statement{Ledger: r.LedgerID, Incarnation: 1, Kind: finality.Proposal, Height: height, Round: round, Value: v}
	signed := finality.Signed{Statement: s, Signer: r.Card.Keys.Log.ID()}
	copy(signed.Sig[:], member.Sign(r.Ring.Private(member.Log), finality.Domain, s.Bytes()))
	stream := r.open(a.t, a.Card(to), finality.Domain)
	a.must(wire.WriteFrame(stream, finality.Message{Signed: &signed}.Bytes()))
	a.must(stream.Close()) // what was written still arrives
}

// final waits until size entries are final at all nodes that run.
func (a *attack) final(size uint64) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), readyWithin)
	defer cancel()
	for _, name := range a.up() {
		if err := a.Node(name).Ledger().WaitFinal(ctx, size); err != nil {
			a.t.Fatalf("%s: %v", name, err)
		}
	}
}

// oneHistory says that what is final at any node is what every other has.
func (a *attack) oneHistory() {
	a.t.Helper()
	for _, name := range a.up() {
		p := a.Node(name).Ledger().Final()
		for _, other := range a.up() {
			q := a.Node(other).Ledger().Final()
			if p.Size <= q.Size {
				if root, ok := a.Node(other).Ledger().RootAt(p.Size); !ok || root != p.Root {
					a.t.Errorf("%s and %s differ in what is final at %d", name, other, p.Size)
				}
			}
		}
	}
}

// records reads a node's evidence of a kind.
func (a *attack) records(name, kind string) (out []evidence.Record) {
	a.t.Helper()
	files, err := filepath.Glob(filepath.Join(home.Home(a.Home(name)).Evidence(), "*"+kind+"*"))
	a.must(err)
	for _, file := range files {
		var r evidence.Record
		a.must(wire.Decode(a.read(file), &r, 1<<20))
		out = append(out, r)
	}
	return out
}

// signedTwice checks that a record proves that key signed two entries with one number.
func (a *attack) signedTwice(r evidence.Record, key member.PublicKey) {
	a.t.Helper()
	var seqs []uint64
	for _, raw := range [][]byte{r.Request, r.Response} {
		e, err := entry.Parse(raw)
		a.must(err)
		_, err = e.Verify(key)
		a.must(err)
		seqs = append(seqs, e.Envelope().Seq)
	}
	if seqs[0] != seqs[1] || bytes.Equal(r.Request, r.Response) {
		a.t.Errorf("it proves nothing: %v", seqs)
	}
}

// P6: whoever leads adds a voter that no entry of the ledger calls for, and all nodes accept it.
func TestInsiderP6(t *testing.T) {
	t.Parallel()
	// An election between the look at the victim and the strike makes it miss; then it is tried again.
	strike := func(a *attack, r *Rogue, victim, friend string) bool {
		term, before := a.later(), a.status(victim)
		hear, err := r.say(a.t, a.Card(victim), raftSay{Append: &raftAppend{
			Term: term, PrevIndex: before.LogIndex, PrevTerm: before.Term,
			Entries: []raftEntry{{Term: term, Kind: raftConfiguration, Servers: a.founders(friend)}},
		}})
		return err == nil && hear.OK
	}
	insider(t, quartet(), func(a *attack) {
		r, friend := a.Rogue("hotline"), a.stranger().Host.ID()
		a.settled()
		for _, name := range a.up() {
			a.Until(name+" takes it", func() bool {
				_ = strike(a, r, name, friend)
				return len(a.status(name).Voters) == *founders+1
			})
		}
	}, func(a *attack) {
		r, friend := a.Rogue("hotline"), a.stranger().Host.ID()
		a.settled()
		before := a.status(a.leader())
		for _, name := range a.up() {
			a.Until(name+" has evidence", func() bool {
				if strike(a, r, name, friend) {
					a.t.Errorf("%s took it", name)
				}
				return a.accused(name, replica.EvidenceConfiguration)
			})
			if s := a.status(name); len(s.Voters) != *founders || s.LogIndex < before.LogIndex {
				a.t.Errorf("%s: %+v", name, s)
			}
			a.evidence(name, replica.EvidenceConfiguration, "configuration")
		}
		a.unharmed(before)
	})
}

// P7: a voter claims a term at the end of all terms, or so far on that few are left.
func TestInsiderP7(t *testing.T) {
	t.Parallel()
	strike := func(a *attack, r *Rogue, victim string, term uint64) error {
		_, err := r.say(a.t, a.Card(victim), raftSay{Append: &raftAppend{Term: term}})
		return err
	}
	insider(t, quartet(), func(a *attack) {
		r, victim := a.Rogue("hotline"), a.follower()
		a.must(strike(a, r, victim, 1<<64-1))
		if s := a.status(victim); s.Term < 1<<63 {
			a.t.Errorf("term %d", s.Term)
		}
	}, func(a *attack) {
		r, victim := a.Rogue("hotline"), a.follower()
		a.settled()
		before := a.status(victim)
		for _, term := range []uint64{1<<64 - 1, 1<<48 + 1, 1 << 48, 1<<21 + a.rng.Uint64N(1<<40)} {
			_ = strike(a, r, victim, term)
		}
		if s := a.status(victim); s.Term != before.Term {
			a.t.Errorf("term %d, was %d", s.Term, before.Term)
		}
		a.evidence(victim, replica.EvidenceTerm, "above 2^48")
		if n := a.refused(victim, "few voters"); n != 2 {
			a.t.Errorf("%d jumps counted: %v", n, a.status(victim).Refused)
		}
		a.unharmed(before)
	})
}
