package replica

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// A leader that skips its own door orders everything that the ledger refuses: each entry is refused when it is
// executed, by its own name, leaves no leaf, and all nodes are in one state after it. One that is too large does not
// get that far: nobody takes the message (TestRefusedRequests), and the state refuses it like these (package state).
func TestRefusedAtApply(t *testing.T) {
	c := newConsortium(t, 4)
	c.start(c.orgs...)
	a, b, o, suspended := c.orgs[0], c.orgs[1], c.orgs[2], c.orgs[3]
	stands := c.nodeInfo(a, 1)
	c.must(stands)
	c.must(c.nodeInfo(a, 2))
	c.pass(3, entry.SetSector{Member: b.name, Sector: member.Tech})
	c.pass(3, entry.Suspend{Member: suspended.name})
	c.pass(3, entry.SetSeat{Member: suspended.name})
	c.pass(3, entry.SetSeat{Member: b.name})
	c.rotate(b, member.Operator)

	good := c.nodeInfo(o, 1)
	signed := func(s entry.Signer, seq uint64) []byte {
		raw, err := entry.NewNodeInfo(s, seq, []string{"/ip4/192.0.2.1/tcp/1"}, "v1")
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	proposed := func(p entry.Proposal) []byte {
		raw, err := entry.NewPropose(c.signer(a, member.Seat), c.next(a, member.Seat), p, "why")
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	_, strange, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	anchor, err := entry.NewManifestAnchor(c.signer(suspended, member.Operator), 1, []entry.Anchored{{Epoch: 1, Type: "email", Version: 1, Manifest: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	kindless := bytes.Clone(good)
	kindless[bytes.Index(good, []byte{3, 1, 4})+3] = 0 // after incarnation 1
	operator := c.signer(o, member.Operator)
	leader, size := c.node(c.leader()), c.node(c.leader()).Status().Size
	for name, bad := range map[string]struct {
		raw  []byte
		want *entry.Rejection
	}{
		"no entry":                    {[]byte("not an entry"), entry.ErrMalformed},
		"of an unknown version":       {bytes.Replace(good, []byte{0xa8, 1, 1}, []byte{0xa8, 1, 2}, 1), entry.ErrVersion},
		"of an unknown kind":          {kindless, entry.ErrKind},
		"for another ledger":          {signed(entry.Signer{Key: operator.Key, LedgerID: [32]byte{1}}, 1), entry.ErrWrongLedger},
		"for another incarnation":     {signed(entry.Signer{Key: operator.Key, LedgerID: operator.LedgerID, Incarnation: 2}, 1), entry.ErrWrongIncarnation},
		"by an unknown key":           {signed(entry.Signer{Key: strange, LedgerID: operator.LedgerID}, 1), entry.ErrUnknownKey},
		"by a key that was replaced":  {signed(c.signer(b, member.Operator), c.next(b, member.Operator)), entry.ErrRevokedKey},
		"by a suspended member":       {anchor, entry.ErrSuspended},
		"with a forged signature":     {flipped, entry.ErrBadSignature},
		"replayed":                    {stands, entry.ErrReplayed},
		"with a number that skips":    {signed(operator, 7), entry.ErrSequenceGap},
		"that takes the last seat":    {proposed(entry.SetSeat{Member: o.name}), entry.ErrLastSeat},
		"with too few voters":         {proposed(entry.SetVoter{Member: o.name}), entry.ErrTooFewVoters},
		"that gives a sector all":     {proposed(entry.SetSector{Member: suspended.name, Sector: member.Tech}), entry.ErrSectorMajority},
		"about a member that is none": {proposed(entry.Expel{Member: "Nobody"}), entry.ErrUnknownMember},
	} {
		f := leader.raft.Apply(bad.raw, 20*time.Second)
		if err := f.Error(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if out := f.Response().(applied); !errors.Is(out.err, bad.want) {
			t.Errorf("%s: applied with %v, want %v", name, out.err, bad.want)
		}
	}
	c.must(good)
	c.settle(size + 1)
}
