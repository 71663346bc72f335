package nodetest

import (
	"bytes"
	"crypto/ed25519"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/member"
)

// admitted has the founders admit an organisation, starts its node and waits until it takes part.
func (c *Consortium) admitted(o Org) {
	c.t.Helper()
	t := c.t.(*testing.T)
	card := c.Init(o)
	p := propose(t, c, "platform", admitOf(card))
	for _, name := range []string{"platform", "bank", "police"} {
		if p.State == "open" {
			p = vote(t, c, name, p.ID, "yes")
		}
	}
	invitation, err := c.Hub("platform").Invite(t.Context())
	c.must(err)
	c.must(node.Join(c.Home(o.Name), invitation))
	c.Start(o.Name)
	c.Ready()
}

// cosigner is the key under which a member's node cosigns.
func (c *Consortium) cosigner(at, name string) (key tlog.Key) {
	c.Node(at).Ledger().ViewFinal(func(s *state.State, _ replica.FinalPoint) {
		m, ok := s.Member(name)
		if !ok {
			c.t.Fatalf("%s is no member", name)
		}
		key = tlog.CosignerKey(m.Keys.Cosigner)
	})
	return key
}

// outside is a witness that nobody in the consortium runs: it asks for a founder's log key and a quorum of
// the founders. seen is the size that it holds.
func (c *Consortium) outside() (address string, key tlog.Key, seen func() uint64) {
	c.t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	c.must(err)
	key = witness.VerifierKey(member.PublicKey(public))
	store, err := witness.OpenFolder(c.t.TempDir())
	c.must(err)
	c.t.Cleanup(func() { _ = store.Close() })
	g, err := entry.ParseGenesis(c.read(home.Home(c.Home("bank")).Genesis()))
	c.must(err)
	founded, err := state.New(g)
	c.must(err)
	trust := tlog.Policy{Origin: tlog.Origin(g.ID()), Threshold: founded.FinalityVoters().Quorum()}
	for _, m := range founded.Members() {
		trust.LogKeys = append(trust.LogKeys, tlog.LogKey(trust.Origin, m.Keys.Log))
		trust.Cosigners = append(trust.Cosigners, tlog.CosignerKey(m.Keys.Cosigner))
	}
	w := witness.New(witness.Config{Key: private, Store: store, Now: time.Now, Trust: witness.Watching(trust)})
	server := httptest.NewServer(w.Handler())
	c.t.Cleanup(server.Close)
	return server.URL + "#" + key.String(), key, func() uint64 {
		n, _, err := store.Newest(trust.Origin)
		c.must(err)
		return n.Size
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// signedBy says whether a checkpoint bears a valid cosignature of the key.
func signedBy(c tlog.CosignedCheckpoint, key tlog.Key) bool {
	return slices.ContainsFunc(c.Cosignatures, func(s tlog.Cosignature) bool { return s.Verify(c.Checkpoint, key) == nil })
}

func (c *Consortium) checkpoint(at string) tlog.CosignedCheckpoint {
	c.t.Helper()
	note, err := c.Hub(at).LedgerCheckpoint(c.t.Context())
	c.must(err)
	cp, err := tlog.ParseCosignedCheckpoint(note)
	c.must(err)
	return cp
}

// TestMembersWithoutAVoteCosign: their nodes do it by themselves, any member's checkpoint shows it, and what a
// key has signed is known after a restart, with the ledger's folder lost.
func TestMembersWithoutAVoteCosign(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	c.admitted(Org{Name: "charity", Sector: "ngo"})
	key := c.cosigner("bank", "charity")
	for _, at := range []string{"bank", "police", "charity"} {
		c.Until(at+"'s checkpoint is cosigned by the member without a vote", func() bool {
			cp := c.checkpoint(at)
			return len(cp.Cosignatures) == 3 && signedBy(cp, key)
		})
	}
	c.Stop("charity")
	held, err := witness.OpenFolder(home.Home(c.Home("charity")).Cosigned())
	c.must(err)
	before, ok, err := held.Newest(c.checkpoint("bank").Origin)
	if err != nil || !ok || before.Size == 0 {
		t.Fatalf("what was cosigned is not kept: %+v, %v", before, err)
	}
	c.must(held.Close())
	if cp := c.checkpoint("bank"); signedBy(cp, key) || len(cp.Cosignatures) != 2 {
		t.Errorf("a node that does not run has cosigned: %+v", cp)
	}
	c.must(os.RemoveAll(home.Home(c.Home("charity")).Raft()))
	c.Start("charity")
	c.Until("it cosigns again, having fetched the ledger anew", func() bool { return signedBy(c.checkpoint("bank"), key) })
}

// TestAMemberContradictsNothing: a node whose folder says that it cosigned another history does not cosign this
// one, and keeps both.
func TestAMemberContradictsNothing(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	c.admitted(Org{Name: "charity", Sector: "ngo"})
	key := c.cosigner("bank", "charity")
	c.Until("it cosigns", func() bool { return signedBy(c.checkpoint("bank"), key) })
	c.Stop("charity")
	dir := home.Home(c.Home("charity")).Cosigned()
	held, err := witness.OpenFolder(dir)
	c.must(err)
	n, _, err := held.Newest(c.checkpoint("bank").Origin)
	c.must(err)
	n.Root[0] ^= 1
	c.must(held.Keep(n))
	c.must(held.Close())
	c.Start("charity")
	c.Until("both are kept, and it says so", func() bool {
		s, err := c.Hub("charity").Status(t.Context())
		c.must(err)
		said := slices.ContainsFunc(s.Reasons, func(r string) bool { return strings.Contains(r, "does not cosign") })
		return said && fileExists(filepath.Join(dir, "fork"))
	})
	if signedBy(c.checkpoint("bank"), key) || signedBy(c.checkpoint("charity"), key) {
		t.Error("it has cosigned two histories")
	}
}

// TestOutsideWitnessCosigns: a witness that the operator names is shown what is final by itself, and asked with each
// checkpoint.
func TestOutsideWitnessCosigns(t *testing.T) {
	t.Parallel()
	c := Found(t, Trio(), Options{})
	address, key, seen := c.outside()
	c.opts.Config = func(org string, cfg *node.Config) {
		if org == "bank" {
			cfg.Witnesses = []string{address}
		}
	}
	for _, o := range Trio() {
		c.Start(o.Name)
	}
	c.Ready()
	c.Until("the witness has seen the ledger, before anybody asks", func() bool { return seen() > 0 })
	first := c.checkpoint("bank")
	if !signedBy(first, key) || len(first.Cosignatures) != 3 {
		t.Errorf("the witness has not cosigned: %+v", first)
	}
	if signedBy(c.checkpoint("platform"), key) {
		t.Error("a node asks a witness that it was not told of")
	}
	propose(t, c, "bank", hub.ProposeRequest{Kind: "suspend", Member: "police"})
	c.Until("a longer ledger is cosigned too", func() bool {
		cp := c.checkpoint("bank")
		return cp.Size > first.Size && signedBy(cp, key)
	})
}

// TestLatecomerFetchesCosignatures: a node that was away while the voters changed has what proves it from the
// others, and its own export is final.
func TestLatecomerFetchesCosignatures(t *testing.T) {
	t.Parallel()
	c := New(t, append(Trio(), Org{"hotline", "hotline", "NL"}), Options{})
	c.admitted(Org{Name: "charity", Sector: "ngo"})
	c.Stop("charity")
	p := propose(t, c, "bank", hub.ProposeRequest{Kind: "voter", Member: "charity", Voter: true})
	for _, name := range []string{"bank", "platform", "police"} {
		if p.State == "open" {
			p = vote(t, c, name, p.ID, "yes")
		}
	}
	if p.State != "accepted" {
		t.Fatalf("proposal %+v", p)
	}
	c.Until("the voters have handed over", func() bool {
		closed := false
		c.Node("bank").Ledger().ViewFinal(func(s *state.State, _ replica.FinalPoint) {
			_, open := s.HandOver()
			m, _ := s.Member("charity")
			closed = m.Voter && !open
		})
		return closed
	})
	passed := c.Node("bank").Ledger().Final().Size
	c.Start("charity")
	c.Until("it has executed what is final as far as its own admission, whose key signs its export", func() (member bool) {
		c.Node("charity").Ledger().ViewFinal(func(s *state.State, _ replica.FinalPoint) { _, member = s.Member("charity") })
		return member
	})
	c.Until("its own export is final beyond the hand-over, and it lacks nothing", func() bool {
		var b bytes.Buffer
		c.must(c.Hub("charity").LedgerExport(t.Context(), &b))
		dir := filepath.Join(t.TempDir(), "export")
		c.must(audit.Unpack(&b, dir))
		r, err := audit.Verify(dir, audit.Options{})
		c.must(err)
		return r.Final && len(r.Members) == 5 && r.Size >= passed && len(c.Node("charity").Ledger().Uncosigned()) == 0
	})
}
