package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

func manifestOf(t *testing.T, id [32]byte, version uint64, previous, name [32]byte) *session.SignedManifest {
	t.Helper()
	return manifestBy(t, holder, id, version, previous, name)
}

func manifestBy(t *testing.T, holder ed25519.PrivateKey, id [32]byte, version uint64, previous, name [32]byte) *session.SignedManifest {
	t.Helper()
	m, err := session.Manifest{
		Ledger: id, Holder: member.PublicOf(holder).PeerID(), Epoch: 1, Type: "email", Version: version, Previous: previous,
		Segments: []session.SegmentInfo{{Kind: session.BaseSegment, Name: name, TagsSize: 128, Labels: sha256.Sum256(nil)}},
	}.Sign(holder)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifestFork(t *testing.T) {
	first, other := manifestOf(t, ledger, 1, [32]byte{}, [32]byte{1}), manifestOf(t, ledger, 1, [32]byte{}, [32]byte{2})
	next, strange := manifestOf(t, ledger, 2, first.Hash, [32]byte{3}), manifestOf(t, ledger, 2, [32]byte{9}, [32]byte{3})
	record := func(a, b *session.SignedManifest) Record {
		return Record{Kind: "manifest-fork", Accused: member.PublicOf(holder).PeerID(), Ledger: ledger[:], Request: a.Raw, Response: b.Raw}
	}
	for name, c := range map[string]struct {
		r    Record
		want error
	}{
		"two of one version":    {record(first, other), nil},
		"another one before it": {record(strange, first), nil},
		"the same":              {record(first, first), ErrNothing},
		"a chain":               {record(first, next), ErrNothing},
		"two ledgers":           {record(first, manifestOf(t, [32]byte{8}, 1, [32]byte{}, [32]byte{2})), ErrNothing},
	} {
		if f, err := c.r.Examine(); !errors.Is(err, c.want) || (c.want == nil) != f.Proved {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	r := record(first, other)
	r.Accused = member.PublicOf(asker).PeerID()
	if _, err := r.Examine(); !errors.Is(err, ErrNothing) {
		t.Errorf("somebody else is accused: %v", err)
	}
}

func TestManifestAnchor(t *testing.T) {
	l := ledgertest.Three(t)
	id := l.S.LedgerID()
	m := manifestOf(t, id, 2, [32]byte{7}, [32]byte{1})
	record := func(version uint64, hash [32]byte) Record {
		raw, err := entry.NewManifestAnchor(ledgertest.Bank.Signer(member.Operator, l.S), 1,
			[]entry.Anchored{{Epoch: 1, Type: "email", Version: version, Manifest: hash}})
		if err != nil {
			t.Fatal(err)
		}
		key := member.PublicOf(ledgertest.Bank.Private(member.Operator))
		return Record{Kind: "manifest-anchor", Accused: member.PublicOf(holder).PeerID(), Ledger: id[:], Key: key[:], Request: raw, Response: m.Raw}
	}
	for name, c := range map[string]struct {
		r    Record
		want error
	}{
		"another of the version": {record(2, [32]byte{1}), nil},
		"another before":         {record(1, [32]byte{1}), nil},
		"what was served":        {record(2, m.Hash), ErrNothing},
		"the one before":         {record(1, [32]byte{7}), ErrNothing},
		"one that says nothing":  {record(9, [32]byte{1}), ErrNothing},
		"a kind that is something": {func() Record {
			r := record(2, [32]byte{1})
			r.Request = l.NodeInfo(ledgertest.Bank, "/ip4/1.1.1.1/tcp/1")
			return r
		}(), ErrNothing},
	} {
		if f, err := c.r.Examine(); !errors.Is(err, c.want) || (c.want == nil) != f.Proved {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
