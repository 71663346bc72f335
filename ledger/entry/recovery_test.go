package entry_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

func recovery(t *testing.T, voters ...string) entry.RecoveryDraft {
	t.Helper()
	base := tlog.NewFrontier()
	base.Append(tlog.LeafHash([]byte("genesis")))
	d, err := entry.NewRecovery([32]byte{1}, 2, base, []entry.Hash{{1}, {2}}, voters)
	must(t, err)
	return d
}

// TestRecoveryDraft: each seat signs its own copy; in whatever order they come together, one body results.
func TestRecoveryDraft(t *testing.T) {
	d := recovery(t, "B", "A")
	var copies []entry.RecoveryDraft
	for _, o := range []ledgertest.Org{police, bank, platform} {
		file, err := d.Sign(o.Private(member.Seat)).Sign(o.Private(member.Seat)).Bytes()
		must(t, err)
		read, err := entry.ParseRecoveryDraft(file)
		must(t, err)
		copies = append(copies, read)
	}
	forward, err := entry.MergeRecoveries(copies[0], copies[1:]...)
	must(t, err)
	slices.Reverse(copies)
	backward, err := entry.MergeRecoveries(copies[0], copies[1:]...)
	must(t, err)
	a, err := forward.Bytes()
	must(t, err)
	b, err := backward.Bytes()
	must(t, err)
	if !bytes.Equal(a, b) || len(forward.Signers()) != 3 || len(copies[0].Signers()) != 1 || len(d.Signers()) != 0 {
		t.Error("merging depends on the order, or wrote to another copy")
	}
	if forward.Digest() != d.Digest() || !slices.Equal(d.Statement().Voters, []string{"A", "B"}) {
		t.Errorf("%+v", d.Statement())
	}
	if size, root, err := d.Statement().Tip(); err != nil || size != 3 || root == d.Statement().Root {
		t.Errorf("tip %d, %v", size, err)
	}
	if _, err := entry.MergeRecoveries(d, recovery(t, "A")); !errors.Is(err, entry.ErrOtherRecovery) {
		t.Errorf("merged with another: %v", err)
	}
	a[len(a)-1] ^= 1
	if _, err := entry.ParseRecoveryDraft(a); !errors.Is(err, entry.ErrRecoverySignature) {
		t.Errorf("a flipped signature: %v", err)
	}
}

// TestTwice: a seat that signs two recoveries into one incarnation has proved its own fault.
func TestTwice(t *testing.T) {
	seat, other := bank.Private(member.Seat), police.Private(member.Seat)
	a, b := recovery(t, "A").Sign(seat).Sign(other).Body(), recovery(t, "B").Sign(seat).Body()
	keys, err := entry.Twice(a, b)
	if err != nil || !slices.Equal(keys, []member.PublicKey{member.PublicOf(seat)}) {
		t.Errorf("%v, %v", keys, err)
	}
	if keys, err := entry.Twice(a, a); err != nil || len(keys) != 0 {
		t.Errorf("one statement: %v, %v", keys, err)
	}
	b.Signatures[0].Sig[0] ^= 1
	if keys, err := entry.Twice(a, b); err != nil || len(keys) != 0 {
		t.Errorf("a forged signature: %v, %v", keys, err)
	}
}

// TestVersionOf: the version stands at the beginning of envelopes of whatever version, in one encoding.
func TestVersionOf(t *testing.T) {
	l := ledgertest.Three(t)
	if v, ok := entry.VersionOf(l.NodeInfo(bank, "/a")); !ok || v != entry.Version {
		t.Errorf("%d, %v", v, ok)
	}
	for _, c := range []struct {
		raw []byte
		v   uint64
		ok  bool
	}{
		{[]byte{0xa1, 1, 23}, 23, true},
		{[]byte{0xb7, 1, 24, 24}, 24, true},
		{[]byte{0xa8, 1, 25, 1, 0}, 256, true},
		{[]byte{0xa8, 1, 26, 0, 1, 0, 0}, 1 << 16, true},
		{[]byte{0xa8, 1, 27, 0, 0, 0, 1, 0, 0, 0, 0}, 1 << 32, true},
		{[]byte{0xa8, 1, 24, 23}, 23, false},
		{[]byte{0xa8, 1, 25, 0, 255}, 255, false},
		{[]byte{0xa8, 1, 26, 0, 0, 255, 255}, 65535, false},
		{[]byte{0xa8, 1, 25, 1}, 0, false},
		{[]byte{0xa8, 1, 28}, 0, false},
		{[]byte{0xa8, 1, 0x41, 2}, 0, false},
		{[]byte{0xa8, 2, 2}, 0, false},
		{[]byte{0xa0, 1, 2}, 0, false},
		{[]byte{0xb8, 1, 2}, 0, false},
		{nil, 0, false},
	} {
		if v, ok := entry.VersionOf(c.raw); ok != c.ok || v != c.v {
			t.Errorf("%x: %d, %v", c.raw, v, ok)
		}
	}
}
