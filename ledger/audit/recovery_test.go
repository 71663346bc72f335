package audit_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestRecovery: the voters of a recovery sign it and what follows; those before it do not, and owe no
// hand-over. One that they had left open may be there, and then it must hold.
func TestRecovery(t *testing.T) {
	l, open := grown(t)
	three := []string{bank.Name, hotline.Name, platform.Name}
	l.Put(l.Recover(platform, l.Recovery(int(l.S.Size()), three, platform, bank, hotline)))
	check := func(what string, want error, handOvers []audit.HandOver, by ...ledgertest.Org) {
		t.Helper()
		src := source(l)
		src.Final = &audit.Final{Cosignatures: cosignatures(t, checkpointOf(l), by...), HandOvers: handOvers}
		if err := verify(write(t, exportOf(t, src))); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v", what, err)
		}
	}
	old := []audit.HandOver{{open.Size, open.Root, cosignatures(t, open, platform, bank, hotline)}}
	forged := []audit.HandOver{{open.Size, open.Root, cosignatures(t, open, platform, bank, ngo)}}
	for port := range 2 {
		check("by the new voters", nil, nil, bank, hotline)
		check("with the open hand-over", nil, old, bank, hotline)
		check("with one of others", audit.ErrCosignature, forged, bank, hotline)
		check("by the old voters", audit.ErrCosignature, nil, platform, police, ngo, bank)
		l.Put(l.NodeInfo(bank, fmt.Sprintf("/ip4/192.0.2.1/tcp/%d", port+1)))
	}
	recovered := l.S.Size() - 2
	check("a hand-over of the recovery", audit.ErrLayout,
		[]audit.HandOver{{recovered, rootAt(t, l, int(recovered)), old[0].Cosignatures}}, bank, hotline)
}

func rootAt(t *testing.T, l *ledgertest.Ledger, size int) [32]byte {
	t.Helper()
	files := recomputed(t, l, l.Leaves[:size], bank.Private(member.Log))
	return parsed(t, files["checkpoint"]).Root
}

// TestRecoveryOwesWhatWasClosed: a hand-over that stood on the ledger before a recovery is still owed.
func TestRecoveryOwesWhatWasClosed(t *testing.T) {
	l, change := grown(t)
	l.Closed(platform, bank, police)
	three := []string{bank.Name, hotline.Name, platform.Name}
	l.Put(l.Recover(platform, l.Recovery(int(l.S.Size()), three, platform, bank, hotline)))
	src := source(l)
	src.Final = &audit.Final{Cosignatures: cosignatures(t, checkpointOf(l), bank, platform)}
	if err := verify(write(t, exportOf(t, src))); !errors.Is(err, audit.ErrLayout) {
		t.Errorf("left out: %v", err)
	}
	src.Final.HandOvers = []audit.HandOver{{change.Size, change.Root, cosignatures(t, change, platform, bank, police)}}
	if err := verify(write(t, exportOf(t, src))); err != nil {
		t.Error(err)
	}
}
