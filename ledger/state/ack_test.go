package state_test

import (
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
)

func statusOf(l *ledgertest.Ledger, o ledgertest.Org) state.Status {
	m, _ := l.S.Member(o.Name)
	return m.Status
}

// TestAck: who is admitted takes part once its node has acknowledged the history that admitted it.
func TestAck(t *testing.T) {
	l := ledgertest.Three(t)
	if _, due := l.S.AckDue(bank.Name); due {
		t.Error("a founder has to acknowledge")
	}
	l.Pass(entry.Admit{Card: hotline.Card(t), Seat: true}, platform, bank)
	size, root := l.S.Size(), l.S.Root()
	if got := statusOf(l, hotline); got != state.Joining {
		t.Fatalf("status %q", got)
	}
	refuses(t, l, l.Epoch(hotline, 0, "email"), entry.ErrNotAcknowledged)
	refuses(t, l, l.Propose(bank, entry.SetVoter{Member: hotline.Name, Voter: true}), entry.ErrNotAcknowledged)
	refuses(t, l, l.Propose(bank, entry.Reinstate{Member: hotline.Name}), entry.ErrNotSuspended)
	l.Put(l.NodeInfo(hotline, "/ip4/192.0.2.7/tcp/1"))          // others have to reach it
	l.Put(l.Propose(hotline, entry.Suspend{Member: bank.Name})) // the seat is a person's, not the node's

	due, _ := l.S.AckDue(hotline.Name)
	if due.Size != size || due.Root != root {
		t.Fatalf("due %+v", due)
	}
	for name, b := range map[string]entry.Ack{
		"another root": {Size: size, Root: [32]byte{1}},
		"another size": {Size: size + 1, Root: root},
		"today's":      {Size: l.S.Size(), Root: l.S.Root()},
	} {
		t.Run(name, func(t *testing.T) { refuses(t, l, l.AckOf(hotline, b), entry.ErrAckRoot) })
	}
	refuses(t, l, l.Forge(hotline.Private("operator"), entry.KindAck, entry.Ack{Root: root}, nil), entry.ErrField)
	refuses(t, l, l.Forge(hotline.Private("seat"), entry.KindAck, due, nil), entry.ErrWrongRole)
	refuses(t, l, l.AckOf(bank, due), entry.ErrNoChange)
	has(t, l.Put(l.Ack(hotline)).Events, state.MemberJoined)
	refuses(t, l, l.AckOf(hotline, due), entry.ErrNoChange)
	if got := statusOf(l, hotline); got != state.Active {
		t.Errorf("status %q", got)
	}
	l.Put(l.Epoch(hotline, 0, "email"))
}

// TestAckAndSuspension: neither takes the other's place.
func TestAckAndSuspension(t *testing.T) {
	l := ledgertest.Three(t)
	l.Pass(entry.Admit{Card: hotline.Card(t)}, platform, bank)
	l.Pass(entry.Suspend{Member: hotline.Name}, platform, bank)
	l.Pass(entry.Reinstate{Member: hotline.Name}, platform, bank)
	if got := statusOf(l, hotline); got != state.Joining {
		t.Errorf("reinstated: %q", got)
	}
	l.Put(l.Emergency(platform, hotline.Name))
	l.Put(l.Emergency(bank, hotline.Name))
	l.Put(l.Ack(hotline))
	if got := statusOf(l, hotline); got != state.Suspended {
		t.Errorf("acknowledged while suspended: %q", got)
	}
	l.Advance(state.EmergencyLife, platform, bank, police)
	if got := statusOf(l, hotline); got != state.Active {
		t.Errorf("after the lapse: %q", got)
	}
}
