package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

func anchors(t *testing.T, l *ledgertest.Ledger, o ledgertest.Org, list ...entry.Anchored) entry.Raw {
	t.Helper()
	raw, err := entry.NewManifestAnchor(o.Signer(member.Operator, l.S), o.Seq(member.Operator, l.S), list)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func anchorOf(epoch uint64, typ string, version uint64, hash byte) entry.Anchored {
	return entry.Anchored{Epoch: epoch, Type: typ, Version: version, Manifest: [32]byte{hash}}
}

// TestManifestAnchors: the newest manifest of each index stands, nothing goes back, and nothing that
// contradicts what stands is taken.
func TestManifestAnchors(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 1, "email", "phone"))
	first := l.Put(anchors(t, l, bank, anchorOf(1, "email", 1, 1), anchorOf(1, "phone", 1, 2)))
	second := l.Put(anchors(t, l, bank, anchorOf(1, "email", 4, 3), anchorOf(1, "phone", 1, 2)))
	if len(second.Events) != 1 || second.Events[0].Kind != state.ManifestsAnchored || second.Events[0].Member != bank.Name {
		t.Errorf("events %+v", second.Events)
	}
	want := []state.ManifestAnchor{
		{Epoch: 1, Type: "email", Version: 4, Manifest: [32]byte{3}, Index: second.Index},
		{Epoch: 1, Type: "phone", Version: 1, Manifest: [32]byte{2}, Index: first.Index},
	}
	got := l.S.ManifestAnchors(bank.Name)
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
	if one, ok := l.S.ManifestAnchor(bank.Name, 1, "phone"); !ok || one != want[1] {
		t.Errorf("%+v, %v", one, ok)
	}
	hash := l.S.Hash()
	for _, c := range []struct {
		name string
		list []entry.Anchored
		want *entry.Rejection
	}{
		{"the same again", []entry.Anchored{anchorOf(1, "email", 4, 3)}, entry.ErrNoChange},
		{"an older one", []entry.Anchored{anchorOf(1, "email", 3, 1)}, entry.ErrAnchorBack},
		{"another of the version", []entry.Anchored{anchorOf(1, "email", 4, 9)}, entry.ErrAnchorFork},
		{"an older one beside a newer", []entry.Anchored{anchorOf(1, "email", 1, 1), anchorOf(1, "phone", 2, 5)}, entry.ErrAnchorBack},
		{"an epoch to come", []entry.Anchored{anchorOf(2, "email", 1, 1)}, entry.ErrEpoch},
		{"a type without a key", []entry.Anchored{anchorOf(1, "iban", 1, 1)}, entry.ErrEpoch},
	} {
		t.Run(c.name, func(t *testing.T) { refuses(t, l, anchors(t, l, bank, c.list...), c.want) })
	}
	if l.S.Hash() != hash {
		t.Error("a refusal changed the state")
	}
}

// TestManifestAnchorsOfEpochs: those of the epoch before stay, older ones go, so that they do not pile up.
func TestManifestAnchorsOfEpochs(t *testing.T) {
	l := ledgertest.Three(t)
	for epoch := 1; epoch <= 3; epoch++ {
		l.Put(l.Epoch(bank, epoch, "email"))
		l.Put(anchors(t, l, bank, anchorOf(uint64(epoch), "email", 1, byte(epoch))))
	}
	got := l.S.ManifestAnchors(bank.Name)
	if len(got) != 2 || got[0].Epoch != 2 || got[1].Epoch != 3 {
		t.Errorf("%+v", got)
	}
	refuses(t, l, anchors(t, l, bank, anchorOf(1, "email", 2, 9)), entry.ErrEpoch)
}

// TestManifestAnchorsOfTheSuspended: nobody may ask a suspended member, whose index nobody takes.
func TestManifestAnchorsOfTheSuspended(t *testing.T) {
	l := ledgertest.Three(t)
	l.Put(l.Epoch(bank, 1, "email"))
	l.Pass(entry.Suspend{Member: bank.Name}, police, platform)
	refuses(t, l, anchors(t, l, bank, anchorOf(1, "email", 1, 1)), entry.ErrSuspended)
}

// TestManifestAnchorFields: shapes that no state could make valid.
func TestManifestAnchorFields(t *testing.T) {
	many := make([]entry.Anchored, entry.MaxAnchors+1)
	for i := range many {
		many[i] = anchorOf(uint64(i+1), "email", 1, 1)
	}
	s := entry.Signer{Key: bank.Private(member.Operator)}
	for name, list := range map[string][]entry.Anchored{
		"none": nil, "too many": many, "out of order": {anchorOf(1, "phone", 1, 1), anchorOf(1, "email", 1, 1)},
		"one twice": {anchorOf(1, "email", 1, 1), anchorOf(1, "email", 2, 1)}, "version 0": {anchorOf(1, "email", 0, 1)},
		"epoch 0": {anchorOf(0, "email", 1, 1)}, "of nothing": {anchorOf(1, "email", 1, 0)}, "no type": {anchorOf(1, "", 1, 1)},
	} {
		if _, err := entry.NewManifestAnchor(s, 1, list); entry.RejectionOf(err) != entry.ErrField {
			t.Errorf("%s: %v", name, err)
		}
	}
}
