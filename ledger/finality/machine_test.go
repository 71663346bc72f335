package finality

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// step gives the node a message, and returns what it wants done.
func (b *bench) step(m Message) Ready {
	b.t.Helper()
	if err := b.m.Step("1", m.Bytes()); err != nil {
		b.t.Fatal(err)
	}
	return b.ready()
}

func (b *bench) ready() Ready {
	r, _ := b.m.Ready()
	if r.State != nil {
		b.node.state = r.State
	}
	return r
}

func (b *bench) round(term uint64, leader int) {
	b.t.Helper()
	if err := b.m.Round(term, b.sim.id(leader)); err != nil {
		b.t.Fatal(err)
	}
}

// restart loses all but what was persisted.
func (b *bench) restart() {
	b.t.Helper()
	m, err := New(Config{simLedger, 1, b.node.key, Fixed(b.sim.voters), b.node}, b.node.state)
	if err != nil {
		b.t.Fatal(err)
	}
	b.m = m
}

// said lists what own statements are sent: "echo 6 5" is kind, round and size.
func (b *bench) said(r Ready) (out []string) {
	for _, o := range r.Send {
		m, err := ParseMessage(o.Message)
		if err != nil {
			b.t.Fatal(err)
		}
		if s := m.Signed; s != nil && s.Signer == b.m.self {
			out = append(out, fmt.Sprintf("%s %d %x", s.Kind, s.Round, s.Value.Root[0]))
		}
		if c := m.Certificate; c != nil && m.Signed == nil {
			out = append(out, fmt.Sprintf("%ss %d %x", c.Kind, c.Round, c.Value.Root[0]))
		}
	}
	return out
}

func (b *bench) expect(what string, r Ready, want ...string) {
	b.t.Helper()
	if got := b.said(r); !slices.Equal(got, want) {
		b.t.Errorf("%s: %q, want %q", what, got, want)
	}
	if slices.ContainsFunc(want, func(s string) bool { return !strings.Contains(s, "s ") }) && r.State == nil {
		b.t.Errorf("%s: sent without state", what)
	}
}

func (b *bench) proposal(leader int, round uint64, v Value) Message {
	return Message{Signed: b.signed(leader, b.statement(Proposal, 2, round, v))}
}

func (b *bench) lock(i int, round uint64, v Value) Message {
	return Message{Signed: b.signed(i, b.statement(Lock, 2, round, v))}
}

// TestOneHeight is the way of one checkpoint through one follower.
func TestOneHeight(t *testing.T) {
	b := newBench(t)
	b.round(6, 1)
	b.expect("an unknown leader's proposal", b.step(b.proposal(2, 6, benchNext)))
	r := b.step(b.proposal(1, 6, benchNext))
	b.expect("the leader's proposal", r, "echo 6 a2")
	if !slices.Equal(r.Keep, []Value{benchNext}) {
		t.Errorf("keep %v", r.Keep)
	}
	b.expect("the same again", b.step(b.proposal(1, 6, benchNext)))
	b.expect("a second echo", b.step(b.echo(1, 1, 2, 6, benchNext)))
	b.expect("the third echo", b.step(b.echo(2, 1, 2, 6, benchNext)), "lock 6 a2")
	b.expect("a second lock", b.step(b.lock(2, 6, benchNext)))
	r = b.step(b.lock(3, 6, benchNext))
	b.expect("the third lock", r, "locks 6 a2")
	if len(r.Final) != 1 || r.Final[0].Value() != benchNext || r.Final[0].Height() != 2 || len(r.Cosign) != 1 || r.State == nil {
		t.Fatalf("%+v", r)
	}
	if b.m.Height() != 3 {
		t.Errorf("height %d", b.m.Height())
	}
	if f, ok := b.m.Final(); !ok || f.Verify(b.sim.voters) != nil {
		t.Error("the final certificate does not verify")
	}
}

// TestPersistedBeforeSent: at every point of a height, a voter that restarts from what it persisted
// signs nothing that contradicts what it sent.
func TestPersistedBeforeSent(t *testing.T) {
	b := newBench(t)
	b.round(6, 1)
	b.expect("proposal", b.step(b.proposal(1, 6, benchNext)), "echo 6 a2")
	b.restart()
	b.node.log[4] = benchOther.Root
	b.round(6, 1)
	b.expect("another proposal in the same round", b.step(b.proposal(1, 6, benchOther)))
	b.node.log[4] = benchNext.Root
	quorum := b.certificate(b.statement(Echo, 2, 6, benchNext), 1, 2, 3)
	b.expect("quorum", b.step(Message{Certificate: &quorum}), "lock 6 a2")
	b.restart()
	if c, ok := b.m.Locked(); !ok || c.Value != benchNext {
		t.Fatal("the lock is forgotten")
	}
	b.node.log[4] = benchOther.Root
	b.round(7, 2)
	b.ready()
	b.expect("another value in a later round", b.step(b.proposal(2, 7, benchOther)))
	b.restart()
	b.round(5, 1)
	b.expect("an earlier round", b.step(b.proposal(1, 5, benchOther)), "echos 6 a2")
	if err := b.m.Resend(); err != nil {
		t.Fatal(err)
	}
	want := []string{"locks 4 f1", "echos 6 a2", "echo 6 a2", "lock 6 a2"}
	if got := b.said(b.ready()); !slices.Equal(got, want) { // nothing new: no state
		t.Errorf("resent: %q, want %q", got, want)
	}
}

// TestReleased: a locked voter is shown a quorum of a later round for another root. It rebuilds to that
// first and echoes then.
func TestReleased(t *testing.T) {
	b := newBench(t)
	b.round(6, 1)
	lockOn := b.certificate(b.statement(Echo, 2, 6, benchNext), 1, 2, 3)
	b.expect("quorum", b.step(Message{Certificate: &lockOn}), "lock 6 a2")
	later := b.certificate(b.statement(Echo, 2, 7, benchOther), 1, 2, 3)
	b.round(8, 2)
	b.ready()
	r := b.step(Message{Signed: b.signed(2, b.statement(Proposal, 2, 8, benchOther)), Certificate: &later})
	b.expect("before the rebuild", r)
	if r.Rebuild == nil || !r.Rebuild.Fork || r.Rebuild.Certificate.Value != benchOther || len(r.Rebuild.From) != 3 {
		t.Fatalf("%+v", r.Rebuild)
	}
	b.node.log[4] = benchOther.Root
	if err := b.m.Executed(); err != nil {
		t.Fatal(err)
	}
	b.expect("after it", b.ready(), "echo 8 b2")
	earlier := b.certificate(b.statement(Echo, 2, 5, benchNext), 1, 2, 3)
	b.step(Message{Certificate: &earlier})
	if b.m.rule.best.value != benchOther {
		t.Error("a quorum of an earlier round took effect")
	}
}

func TestLeader(t *testing.T) {
	b := newBench(t)
	if err := b.m.Propose(5); !errors.Is(err, ErrPropose) {
		t.Errorf("proposes without leading: %v", err)
	}
	b.round(6, 0)
	if err := b.m.Propose(9); !errors.Is(err, ErrPropose) {
		t.Errorf("proposes what it has not executed: %v", err)
	}
	if err := b.m.Propose(2); !errors.Is(err, ErrPropose) {
		t.Errorf("proposes less than what is final: %v", err)
	}
	if err := b.m.Propose(4); err != nil {
		t.Fatal(err)
	}
	b.expect("proposal", b.ready(), "proposal 6 4", "echo 6 4")
	if err := b.m.Propose(5); !errors.Is(err, ErrPropose) {
		t.Errorf("proposes twice: %v", err)
	}
	quorum := b.certificate(b.statement(Echo, 2, 5, benchNext), 1, 2, 3)
	if r := b.step(Message{Certificate: &quorum}); !r.NewRound {
		t.Error("does not ask for a new round")
	}
	b.restart()
	b.round(6, 0)
	if err := b.m.Propose(5); !errors.Is(err, ErrPropose) {
		t.Errorf("proposes twice after a restart: %v", err)
	}
	b.round(7, 0)
	b.step(Message{Certificate: &quorum})
	if err := b.m.Propose(4); err != nil {
		t.Fatal(err)
	}
	r := b.ready()
	b.expect("what has been shown, not what was asked", r, "proposal 7 a2", "echo 7 a2")
	if m, err := ParseMessage(r.Send[0].Message); err != nil || m.Certificate == nil {
		t.Error("the proposal is not justified")
	}
}

// TestLaggard: who is behind is shown the final certificate, jumps, rebuilds, and cosigns only then.
func TestLaggard(t *testing.T) {
	b := newBench(t)
	old := Message{Signed: b.signed(2, b.statement(Lock, 1, 4, benchFinal))}
	if err := b.m.Step("7", old.Bytes()); !errors.Is(err, ErrBehind) {
		t.Fatal(err)
	}
	if r := b.ready(); len(r.Send) != 1 || r.Send[0].To != "7" || r.State != nil {
		t.Errorf("%+v", r)
	}
	far := b.certificate(b.statement(Lock, 9, 12, Value{6, [32]byte{0xc6}}), 1, 2, 3)
	r := b.step(Message{Certificate: &far})
	if len(r.Final) != 1 || b.m.Height() != 10 || len(r.Cosign) != 0 || r.Rebuild != nil {
		t.Fatalf("%+v", r)
	}
	if err := b.m.Resend(); err != nil {
		t.Fatal(err)
	}
	if r = b.ready(); r.Rebuild == nil || r.Rebuild.Fork {
		t.Error("does not ask for what it lacks")
	}
	b.node.log = append(b.node.log, [32]byte{0xc6})
	if err := b.m.Executed(); err != nil {
		t.Fatal(err)
	}
	if r = b.ready(); len(r.Cosign) != 1 {
		t.Errorf("%+v", r)
	}
	b.restart()
	if r = b.ready(); len(r.Cosign) != 1 {
		t.Error("a cosignature lost in a crash is not asked for again")
	}
}

// TestEvidence: each kind, found in votes and in certificates, once, and never more than bounded memory.
func TestEvidence(t *testing.T) {
	b := newBench(t)
	for _, kind := range []Kind{Proposal, Echo, Lock} {
		say := func(v Value) Message {
			if kind == Echo {
				return b.echo(3, 3, 2, 9, v)
			}
			return Message{Signed: b.signed(3, b.statement(kind, 2, 9, v))}
		}
		b.step(say(benchNext))
		r := b.step(say(benchOther))
		if len(r.Evidence) == 0 || r.Evidence[len(r.Evidence)-1].A.Kind != kind && kind != Echo {
			t.Errorf("%s: %+v", kind, r.Evidence)
		}
		for _, e := range r.Evidence {
			if voter, ok := b.sim.voters.Find(e.Signer()); !ok || e.Verify(voter.Log) != nil {
				t.Errorf("%s: does not verify", kind)
			}
		}
		if r = b.step(say(Value{5, [32]byte{0xc2}})); len(r.Evidence) != 0 {
			t.Errorf("%s: reported again", kind)
		}
	}
	one := b.certificate(b.statement(Echo, 2, 20, benchNext), 0, 1, 2)
	two := b.certificate(b.statement(Echo, 2, 20, benchOther), 1, 2, 3)
	b.step(Message{Certificate: &one})
	if r := b.step(Message{Certificate: &two}); len(r.Evidence) != 2 {
		t.Errorf("two certificates against one another: %+v", r.Evidence)
	}
	for round := uint64(30); round < 30+2*maxSlots; round++ {
		b.step(b.lock(1, round, benchNext))
	}
	if n := len(b.m.tally[b.sim.id(1)]); n > maxSlots {
		t.Errorf("%d statements of one voter are kept", n)
	}
}

// handOver is a roster in which the voters change after height 1.
type handOver struct {
	old, new Voters
	known    uint64
	silent   bool // the keys do not show it
}

func (h *handOver) VotersAt(height uint64) (Voters, bool) {
	if height > h.known {
		return Voters{}, false
	}
	if height <= 1 {
		return h.old, true
	}
	return h.new, true
}

func (h *handOver) Turned(height uint64) bool { return height == 1 && h.silent }

// TestHandOver: the old set's quorum ends its checkpoint; nothing counts until the new set is known;
// then it alone counts, and it signs larger sizes only.
func TestHandOver(t *testing.T) {
	b := newBench(t)
	var list []Voter
	for _, i := range []int{0, 1, 2, 4} {
		list = append(list, Voter{member.PublicOf(simKey("log", i)), member.PublicOf(simKey("cosigner", i))})
	}
	next, err := NewVoters(list)
	if err != nil {
		t.Fatal(err)
	}
	roster := &handOver{old: b.sim.voters, new: next, known: 1}
	if b.m, err = New(Config{simLedger, 1, b.node.key, roster, b.node}, nil); err != nil {
		t.Fatal(err)
	}
	newSet := b.certificate(b.statement(Lock, 1, 4, benchFinal), 1, 2, 4)
	if err := b.m.Step("1", Message{Certificate: &newSet}.Bytes()); !errors.Is(err, ErrVoter) {
		t.Errorf("the new set ends the old one's checkpoint: %v", err)
	}
	b.step(Message{Certificate: &b.finals})
	b.round(6, 1)
	if err := b.m.Step("1", b.proposal(1, 6, benchNext).Bytes()); !errors.Is(err, ErrAhead) {
		t.Errorf("voters are not known yet: %v", err)
	}
	roster.known = 9
	if err := b.m.Executed(); err != nil {
		t.Fatal(err)
	}
	if err := b.m.Step("1", b.lock(3, 6, benchNext).Bytes()); !errors.Is(err, ErrVoter) {
		t.Errorf("a voter of the old set: %v", err)
	}
	b.expect("the same size once more", b.step(b.proposal(1, 6, benchFinal)))
	b.round(7, 1)
	b.expect("a larger size", b.step(b.proposal(1, 7, benchNext)), "echo 7 a2")
	b.restart()
	if b.m, err = New(Config{simLedger, 1, b.node.key, roster, b.node}, b.node.state); err != nil || !b.m.rule.fresh {
		t.Errorf("a restart forgets that the voters are new: %v", err)
	}
}

// TestIdle: with the same voters, the same value may become final again.
func TestIdle(t *testing.T) {
	b := newBench(t)
	b.round(6, 1)
	b.expect("the final value again", b.step(b.proposal(1, 6, benchFinal)), "echo 6 f1")
	b = newBench(t)
	b.round(6, 1)
	b.expect("the same size with another root", b.step(b.proposal(1, 6, Value{3, [32]byte{9}})))
	b.expect("a smaller size", b.step(b.proposal(1, 6, Value{2, [32]byte{2}})))
}

// TestNonVoter: who does not vote follows, and signs nothing.
func TestNonVoter(t *testing.T) {
	b := newBench(t)
	var err error
	if b.m, err = New(Config{simLedger, 1, simKey("log", 9), Fixed(b.sim.voters), b.node}, nil); err != nil {
		t.Fatal(err)
	}
	b.step(Message{Certificate: &b.finals})
	b.round(6, 1)
	b.expect("proposal", b.step(b.proposal(1, 6, benchNext)))
	for i := 1; i < 4; i++ {
		b.step(b.echo(i, 1, 2, 6, benchNext))
	}
	var r Ready
	for i := 1; i < 4; i++ {
		r = b.step(b.lock(i, 6, benchNext))
	}
	if len(r.Final) != 1 || len(r.Cosign) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestStateRefused(t *testing.T) {
	b := newBench(t)
	b.round(6, 1)
	b.step(b.proposal(1, 6, benchNext))
	quorum := b.certificate(b.statement(Echo, 2, 6, benchNext), 1, 2, 3)
	b.step(Message{Certificate: &quorum})
	good := b.node.state
	k, err := parseState(good, simLedger, 1, b.m.self)
	if err != nil || !bytes.Equal(k.bytes(simLedger, 1, b.m.self), good) {
		t.Fatal(err)
	}
	change := func(f func(*kept)) []byte {
		x := k
		f(&x)
		return x.bytes(simLedger, 1, b.m.self)
	}
	for name, state := range map[string][]byte{
		"empty":               {},
		"cut short":           good[:len(good)-1],
		"without the final":   change(func(k *kept) { k.final = nil }),
		"of an earlier round": change(func(k *kept) { k.round = 5 }),
		"a final of echoes":   change(func(k *kept) { k.final = k.lock }),
		"a lock of locks":     change(func(k *kept) { k.lock = k.final }),
		"another ledger's":    k.bytes([32]byte{9}, 1, b.m.self),
		"another incarnation": k.bytes(simLedger, 2, b.m.self),
		"another voter's":     k.bytes(simLedger, 1, b.sim.id(1)),
	} {
		if _, err := New(Config{simLedger, 1, b.node.key, Fixed(b.sim.voters), b.node}, state); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(good) > MaxState {
		t.Errorf("%d bytes of state", len(good))
	}
}

func TestVoterSets(t *testing.T) {
	for n, want := range map[int][2]int{1: {0, 1}, 3: {0, 2}, 4: {1, 3}, 5: {1, 4}, 7: {2, 5}, 10: {3, 7}, 64: {21, 43}} {
		v := simVoters(t, n)
		if v.Cheats() != want[0] || v.Quorum() != want[1] {
			t.Errorf("n=%d: b=%d q=%d", n, v.Cheats(), v.Quorum())
		}
		if 2*v.Quorum()-n <= v.Cheats() || v.Quorum() > n-v.Cheats() {
			t.Errorf("n=%d: quorums do not meet in an honest voter, or the honest are none", n)
		}
	}
	one := Voter{member.PublicOf(simKey("log", 1)), member.PublicOf(simKey("cosigner", 1))}
	for name, list := range map[string][]Voter{
		"none": nil, "too many": make([]Voter, MaxVoters+1), "zero keys": {{}}, "twice": {one, one},
		"one key in two roles": {{one.Log, one.Log}},
	} {
		if _, err := NewVoters(list); !errors.Is(err, ErrVoters) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLargestMessageFits: at 64 voters every message and state is within its limit.
func TestLargestMessageFits(t *testing.T) {
	v := simVoters(t, MaxVoters)
	big := Statement{[32]byte{255}, MaxNumber, Lock, MaxNumber, MaxNumber, Value{MaxNumber, [32]byte{255}}}
	c := Certificate{Statement: big}
	for range v.Quorum() {
		c.Votes = append(c.Votes, Vote{})
	}
	p := big
	p.Kind = Proposal
	signed := Signed{Statement: p}
	k := kept{MaxNumber, &signed, &signed, &c, &c}
	if s, m := len(big.Bytes()), len(c.Bytes()); s > maxStatement || m > MaxCertificate {
		t.Errorf("statement %d, certificate %d", s, m)
	}
	if m := len(Message{Signed: &signed, Certificate: &c}.Bytes()); m > MaxMessage {
		t.Errorf("message %d", m)
	}
	if n := len(k.bytes([32]byte{255}, MaxNumber, member.KeyID{})); n > MaxState {
		t.Errorf("state %d", n)
	}
	if n := len(Evidence{signed, signed}.Bytes()); n > MaxEvidence {
		t.Errorf("evidence %d", n)
	}
}

// TestCosignatureIsANoteSignature: what a voter cosigns is a C2SP cosignature of the checkpoint.
func TestCosignatureIsANoteSignature(t *testing.T) {
	b := newBench(t)
	f, err := OpenFinal(b.finals, b.sim.voters)
	if err != nil {
		t.Fatal(err)
	}
	cosigner := member.PublicOf(simKey("cosigner", 0))
	c := Cosign(f, b.sim.id(0), simKey("cosigner", 0), 1760000000)
	if err := c.Note(cosigner).Verify(f.Checkpoint(), tlog.CosignerKey(cosigner)); err != nil {
		t.Error(err)
	}
	echoes := b.certificate(b.statement(Echo, 2, 6, benchNext), 1, 2, 3)
	if _, err := OpenFinal(echoes, b.sim.voters); !errors.Is(err, ErrShape) {
		t.Errorf("echoes pass for final: %v", err)
	}
}

// TestQuorumNote: a quorum of the newest, one a voter, and none that does not verify or is of another
// value.
func TestQuorumNote(t *testing.T) {
	b := newBench(t)
	f, err := OpenFinal(b.finals, b.sim.voters)
	if err != nil {
		t.Fatal(err)
	}
	var all []Cosignature
	for i := range 4 {
		all = append(all, Cosign(f, b.sim.id(i), simKey("cosigner", i), uint64(100+i)))
	}
	all = append(all, Cosign(f, b.sim.id(1), simKey("cosigner", 1), 50))
	note := func(list []Cosignature) []uint64 {
		t.Helper()
		out, err := QuorumNote(simLedger, benchFinal, b.sim.voters, list)
		if err != nil && !errors.Is(err, ErrQuorum) {
			t.Fatal(err)
		}
		var times []uint64
		for _, c := range out {
			times = append(times, c.Time)
		}
		return times
	}
	if got := note(all); !slices.Equal(got, []uint64{103, 102, 101}) {
		t.Errorf("times %d", got)
	}
	slices.Reverse(all)
	if got := note(all); !slices.Equal(got, []uint64{103, 102, 101}) {
		t.Errorf("in another order: times %d", got)
	}
	forged, other := all[0], all[0]
	forged.Sig[1] ^= 1
	other.Value = benchOther
	for name, list := range map[string][]Cosignature{
		"one short":       all[:3][1:],
		"one voter twice": {all[0], all[0], all[3]},
		"a forged one":    {forged, all[1], all[2]},
		"another value":   {other, all[1], all[2]},
	} {
		if got := note(list); got != nil {
			t.Errorf("%s: %d", name, got)
		}
	}
}
