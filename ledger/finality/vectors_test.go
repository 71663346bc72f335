package finality

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
	"github.com/crosslight/crosslight/specs"
)

var update = flag.Bool("update", false, "write specs/vectors/finality.json again")

const vectorFile = "vectors/finality.json"

type vectors struct {
	Description string        `json:"description"`
	Ledger      string        `json:"ledger"`
	Incarnation uint64        `json:"incarnation"`
	Voters      []vectorVoter `json:"voters"`
	Final       string        `json:"final"`
	Cases       []vectorCase  `json:"cases"`
}

type vectorVoter struct {
	Log      string `json:"log"`
	Cosigner string `json:"cosigner"`
}

// vectorCase is bytes of one type, and the name of the error; empty where they are accepted.
type vectorCase struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // message, evidence or certificate
	Bytes string `json:"bytes"`
	Error string `json:"error,omitempty"`
}

var errorNames = map[string]error{
	"malformed": wire.ErrMalformed, "not-canonical": wire.ErrNotCanonical, "too-large": wire.ErrTooLarge,
	"version": ErrVersion, "shape": ErrShape, "ledger": ErrLedger, "voter": ErrVoter, "signature": ErrSignature,
	"quorum": ErrQuorum, "ahead": ErrAhead, "behind": ErrBehind, "evidence": ErrEvidence, "cosignature": ErrCosignature,
	"fork": ErrFork,
}

// bench is a node of four voters to which height 1 is final, with the means to sign as any of them.
type bench struct {
	t      testing.TB
	sim    *sim
	m      *Machine
	node   *simNode
	finals Certificate
}

var (
	benchFinal = Value{3, [32]byte{0xf1}}
	benchNext  = Value{5, [32]byte{0xa2}}
	benchOther = Value{5, [32]byte{0xb2}}
)

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, sim: newSim(t, 1, 4, 0)}
	b.node = b.sim.nodes[0]
	b.m = b.node.m
	b.node.log = [][32]byte{{1}, {2}, benchFinal.Root, {4}, benchNext.Root}
	b.finals = b.certificate(b.statement(Lock, 1, 4, benchFinal), 0, 1, 2)
	if err := b.m.Step("1", Message{Certificate: &b.finals}.Bytes()); err != nil {
		t.Fatal(err)
	}
	b.m.Ready()
	return b
}

func (b *bench) statement(kind Kind, height, round uint64, v Value) Statement {
	return Statement{simLedger, 1, kind, height, round, v}
}

func (b *bench) signed(i int, s Statement) *Signed {
	out := b.sim.cheatSign(&simNode{key: simKey("log", i)}, s)
	return &out
}

func (b *bench) certificate(s Statement, signers ...int) Certificate {
	c := Certificate{Statement: s}
	for _, i := range signers {
		v := b.signed(i, s)
		c.Votes = append(c.Votes, Vote{v.Signer, v.Sig})
	}
	slices.SortFunc(c.Votes, func(a, b Vote) int { return compareIDs(a.Signer, b.Signer) })
	return c
}

// echo is voter i's echo of v proposed by leader.
func (b *bench) echo(i, leader int, height, round uint64, v Value) Message {
	return Message{
		Signed: b.signed(i, b.statement(Echo, height, round, v)), Proposal: b.signed(leader, b.statement(Proposal, height, round, v)),
	}
}

func (b *bench) judge(c vectorCase) error {
	raw, err := hex.DecodeString(c.Bytes)
	if err != nil {
		b.t.Fatal(err)
	}
	switch c.Type {
	case "message":
		return b.m.Step("1", raw)
	case "evidence":
		e, err := ParseEvidence(raw)
		if err != nil {
			return err
		}
		voter, ok := b.sim.voters.Find(e.Signer())
		if !ok {
			return ErrVoter
		}
		return e.Verify(voter.Log)
	case "certificate":
		cert, err := ParseCertificate(raw)
		if err != nil {
			return err
		}
		return cert.Verify(b.sim.voters)
	}
	b.t.Fatalf("type %q", c.Type)
	return nil
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	raw, err := specs.Vectors.ReadFile(vectorFile)
	if *update {
		raw, err = os.ReadFile("../../specs/" + vectorFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file vectors
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	failures := 0
	for _, c := range file.Cases {
		want, ok := errorNames[c.Error]
		if !ok && c.Error != "" {
			t.Fatalf("%s: unknown error %q", c.Name, c.Error)
		}
		if want != nil {
			failures++
		}
		if err := newBench(t).judge(c); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v, want %q", c.Name, err, c.Error)
		}
	}
	if 2*failures < len(file.Cases) {
		t.Errorf("only %d of %d vectors are failures", failures, len(file.Cases))
	}
}

func writeVectors(t *testing.T) {
	t.Helper()
	b := newBench(t)
	file := vectors{
		Description: "crosslight/finality/v1: what a node takes or refuses to which `final` has been shown and height 2 is being decided. Each case begins anew.",
		Ledger:      hex.EncodeToString(simLedger[:]), Incarnation: 1, Final: hex.EncodeToString(b.finals.Bytes()), Cases: b.cases(),
	}
	for _, v := range b.sim.voters.list {
		file.Voters = append(file.Voters, vectorVoter{hex.EncodeToString(v.Log[:]), hex.EncodeToString(v.Cosigner[:])})
	}
	raw, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../specs/"+vectorFile, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) cases() (out []vectorCase) {
	add := func(typ, name, err string, raw []byte) {
		out = append(out, vectorCase{name, typ, hex.EncodeToString(raw), err})
	}
	msg := func(name, err string, m Message) { add("message", name, err, m.Bytes()) }
	b.goodMessages(msg)
	b.badMessages(msg)
	b.badBytes(func(name, err string, raw []byte) { add("message", name, err, raw) })
	b.certificates(func(name, err string, c Certificate) {
		add("certificate", name, err, c.Bytes())
		if c.Height == 2 {
			add("message", name+", as a message", err, Message{Certificate: &c}.Bytes())
		}
	})
	b.evidences(func(name, err string, e Evidence) { add("evidence", name, err, e.Bytes()) })
	return out
}

func (b *bench) goodMessages(add func(string, string, Message)) {
	justified := b.certificate(b.statement(Echo, 2, 5, benchNext), 1, 2, 3)
	cosignature := Cosign(Final{b.finals}, b.sim.id(1), simKey("cosigner", 1), 1760000000)
	add("a proposal", "", Message{Signed: b.signed(1, b.statement(Proposal, 2, 6, benchNext))})
	add("a justified proposal", "", Message{Signed: b.signed(1, b.statement(Proposal, 2, 6, benchNext)), Certificate: &justified})
	add("an echo with its proposal", "", b.echo(2, 1, 2, 6, benchNext))
	add("a lock", "", Message{Signed: b.signed(2, b.statement(Lock, 2, 6, benchNext))})
	add("the final height's value once more", "", Message{Signed: b.signed(1, b.statement(Proposal, 2, 6, benchFinal))})
	add("a cosignature", "", Message{Cosignature: &cosignature})
}

func (b *bench) badMessages(add func(string, string, Message)) {
	lock := b.statement(Lock, 2, 6, benchNext)
	change := func(f func(*Statement)) Message {
		s := lock
		f(&s)
		return Message{Signed: b.signed(2, s)}
	}
	add("another ledger", "ledger", change(func(s *Statement) { s.Ledger[0]++ }))
	add("another incarnation", "ledger", change(func(s *Statement) { s.Incarnation = 2 }))
	add("a height that is final", "behind", change(func(s *Statement) { s.Height = 1 }))
	add("a height whose turn has not come", "ahead", change(func(s *Statement) { s.Height = 3 }))
	add("height 0", "shape", change(func(s *Statement) { s.Height = 0 }))
	add("round 0", "shape", change(func(s *Statement) { s.Round = 0 }))
	add("size 0", "shape", change(func(s *Statement) { s.Value.Size = 0 }))
	add("incarnation 0", "shape", change(func(s *Statement) { s.Incarnation = 0 }))
	add("a round above 2^48", "shape", change(func(s *Statement) { s.Round = MaxNumber + 1 }))
	add("a height above 2^48", "shape", change(func(s *Statement) { s.Height = 1 << 63 }))
	add("kind 0", "shape", change(func(s *Statement) { s.Kind = 0 }))
	add("kind 4", "shape", change(func(s *Statement) { s.Kind = 4 }))
	add("signed by no voter", "voter", Message{Signed: b.signed(9, lock)})
	other := *b.signed(2, lock)
	other.Signer = b.sim.id(1)
	add("in another voter's name", "signature", Message{Signed: &other})
	flipped := *b.signed(2, lock)
	flipped.Sig[63] ^= 0x10
	add("a changed signature", "signature", Message{Signed: &flipped})
	moved := *b.signed(2, lock)
	moved.Round++
	add("a signature of another round", "signature", Message{Signed: &moved})
	wrongKey := Signed{lock, b.sim.id(2), [64]byte(member.Sign(simKey("cosigner", 2), Domain, lock.Bytes()))}
	add("signed with the cosigner key", "signature", Message{Signed: &wrongKey})
	undomained := Signed{lock, b.sim.id(2), [64]byte(member.Sign(simKey("log", 2), "crosslight/entry/v1", lock.Bytes()))}
	add("signed under another domain", "signature", Message{Signed: &undomained})
	b.badCombinations(add)
}

func (b *bench) badCombinations(add func(string, string, Message)) {
	proposal := b.signed(1, b.statement(Proposal, 2, 6, benchNext))
	lock := b.signed(2, b.statement(Lock, 2, 6, benchNext))
	echo := b.echo(2, 1, 2, 6, benchNext)
	early := b.certificate(b.statement(Echo, 2, 5, benchNext), 1, 2, 3)
	same := b.certificate(b.statement(Echo, 2, 6, benchNext), 1, 2, 3)
	elsewhere := b.certificate(b.statement(Echo, 2, 5, benchOther), 1, 2, 3)
	locks := b.certificate(b.statement(Lock, 2, 5, benchNext), 1, 2, 3)
	cosignature := Cosign(Final{b.finals}, b.sim.id(1), simKey("cosigner", 1), 1760000000)
	add("nothing", "shape", Message{})
	add("an echo without its proposal", "shape", Message{Signed: echo.Signed})
	add("an echo of another proposal", "shape", Message{Signed: echo.Signed, Proposal: b.signed(1, b.statement(Proposal, 2, 6, benchOther))})
	add("an echo beside an echo", "shape", Message{Signed: echo.Signed, Proposal: echo.Signed})
	add("an echo with a certificate", "shape", Message{Signed: echo.Signed, Proposal: echo.Proposal, Certificate: &early})
	add("a lock with a proposal", "shape", Message{Signed: lock, Proposal: proposal})
	add("a lock with a certificate", "shape", Message{Signed: lock, Certificate: &early})
	add("a proposal justified by its own round", "shape", Message{Signed: proposal, Certificate: &same})
	add("a proposal justified by echoes of another value", "shape", Message{Signed: proposal, Certificate: &elsewhere})
	add("a proposal justified by locks", "shape", Message{Signed: proposal, Certificate: &locks})
	add("a proposal beside a certificate only", "shape", Message{Proposal: proposal, Certificate: &early})
	add("a cosignature with a certificate", "shape", Message{Cosignature: &cosignature, Certificate: &early})
	forged := echo
	p := *echo.Proposal
	p.Sig[0] ^= 1
	forged.Proposal = &p
	add("an echo of a proposal that nobody signed", "signature", forged)
	b.badCosignatures(cosignature, add)
}

func (b *bench) badCosignatures(c Cosignature, add func(string, string, Message)) {
	change := func(f func(*Cosignature)) Message {
		x := c
		f(&x)
		return Message{Cosignature: &x}
	}
	add("a cosignature at another time", "signature", change(func(c *Cosignature) { c.Time++ }))
	add("a cosignature without time", "shape", change(func(c *Cosignature) { c.Time = 0 }))
	add("a cosignature of a later height", "ahead", change(func(c *Cosignature) { c.Height = 2 }))
	add("a cosignature by no voter", "voter", change(func(c *Cosignature) { c.Signer[0]++ }))
	other := b.finals
	other.Value = benchOther
	bad := Cosign(Final{other}, b.sim.id(1), simKey("cosigner", 1), 1760000000)
	add("a cosignature of what is not final", "cosignature", Message{Cosignature: &bad})
	byLog := Cosign(Final{b.finals}, b.sim.id(1), simKey("log", 1), 1760000000)
	add("a cosignature with the log key", "signature", Message{Cosignature: &byLog})
}

func (b *bench) badBytes(add func(string, string, []byte)) {
	good := Message{Signed: b.signed(2, b.statement(Lock, 2, 6, benchNext))}.Bytes()
	add("no bytes", "malformed", nil)
	add("text", "malformed", []byte("lock"))
	add("cut short", "malformed", good[:len(good)-1])
	add("a byte too many", "malformed", append(slices.Clone(good), 0))
	add("an unknown field", "malformed", append([]byte{good[0] + 1}, append(slices.Clone(good[1:]), 0x09, 0x00)...))
	add("the version in two bytes", "not-canonical", append([]byte{good[0], 0x01, 0x18}, good[2:]...))
	next := slices.Clone(good)
	next[2] = 2
	add("version 2", "version", next)
	add("longer than any message", "too-large", make([]byte, MaxMessage+1))
	inner := slices.Clone(good)
	at := bytes.Index(inner, b.statement(Lock, 2, 6, benchNext).Bytes())
	inner[at+2] = 2
	add("a statement of version 2", "version", inner)
}

func (b *bench) certificates(add func(string, string, Certificate)) {
	echoes, locks := b.statement(Echo, 2, 6, benchNext), b.statement(Lock, 2, 6, benchNext)
	add("a quorum of echoes", "", b.certificate(echoes, 1, 2, 3))
	add("a quorum of locks", "", b.certificate(locks, 0, 2, 3))
	add("one short of a quorum", "quorum", b.certificate(locks, 1, 2))
	add("one more than a quorum", "quorum", b.certificate(locks, 0, 1, 2, 3))
	add("no votes", "quorum", Certificate{Statement: locks})
	add("one voter twice", "quorum", b.certificate(locks, 1, 2, 2))
	add("a signer who is no voter", "voter", b.certificate(locks, 1, 2, 9))
	add("proposals", "shape", b.certificate(b.statement(Proposal, 2, 6, benchNext), 1, 2, 3))
	swapped := b.certificate(locks, 1, 2, 3)
	swapped.Votes[0], swapped.Votes[1] = swapped.Votes[1], swapped.Votes[0]
	add("votes out of order", "quorum", swapped)
	mixed := b.certificate(locks, 1, 2, 3)
	mixed.Votes[1].Sig = b.certificate(echoes, 1, 2, 3).Votes[1].Sig
	add("an echo among locks", "signature", mixed)
	moved := b.certificate(locks, 1, 2, 3)
	moved.Value = benchOther
	add("signatures of another value", "signature", moved)
}

func (b *bench) evidences(add func(string, string, Evidence)) {
	for _, kind := range []Kind{Proposal, Echo, Lock} {
		one, two := b.signed(1, b.statement(kind, 2, 6, benchNext)), b.signed(1, b.statement(kind, 2, 6, benchOther))
		good := newEvidence(*one, *two)
		add("two of kind "+kind.String(), "", good)
		add("in the wrong order, "+kind.String(), "evidence", Evidence{good.B, good.A})
		add("one twice, "+kind.String(), "evidence", Evidence{*one, *one})
		forged := good
		forged.B.Sig[5] ^= 1
		add("one of them forged, "+kind.String(), "signature", forged)
		add("of two rounds, "+kind.String(), "evidence", newEvidence(*one, *b.signed(1, b.statement(kind, 2, 7, benchOther))))
		add("of two heights, "+kind.String(), "evidence", newEvidence(*one, *b.signed(1, b.statement(kind, 3, 6, benchOther))))
		add("of two voters, "+kind.String(), "evidence", newEvidence(*one, *b.signed(2, two.Statement)))
		add("by no voter, "+kind.String(), "voter", newEvidence(*b.signed(9, one.Statement), *b.signed(9, two.Statement)))
	}
	foreign := b.statement(Lock, 2, 6, benchOther)
	foreign.Incarnation = 2
	lock := b.signed(1, b.statement(Lock, 2, 6, benchNext))
	add("of two incarnations", "evidence", newEvidence(*lock, *b.signed(1, foreign)))
	add("of two kinds", "evidence", newEvidence(*lock, *b.signed(1, b.statement(Echo, 2, 6, benchOther))))
}
