package audit_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// proofOf proves the entry at index, cosigned by members.
func proofOf(t testing.TB, l *ledgertest.Ledger, index uint64, by ...ledgertest.Org) []byte {
	t.Helper()
	var tree tlog.Tree
	for _, leaf := range l.Leaves {
		tree.Append(tlog.LeafHash(leaf))
	}
	path, err := tree.Inclusion(index, l.S.Size())
	must(t, err)
	signed, err := tlog.SignCheckpoint(checkpointOf(l), bank.Private(member.Log))
	must(t, err)
	c, err := tlog.NewCosignedCheckpoint(signed, cosignatures(t, checkpointOf(l), by...)...)
	must(t, err)
	return tlog.Proof{Index: index, Path: path, Checkpoint: c}.Bytes()
}

func TestProve(t *testing.T) {
	l := four(t)
	founders, err := audit.TrustGenesis(l.Leaves[0])
	must(t, err)
	r, err := audit.Verify(write(t, exported(t, l)), audit.Options{})
	must(t, err)
	for _, trust := range []audit.Trust{founders, r.Trust()} {
		for index, kind := range []entry.Kind{entry.KindGenesis, entry.KindNodeInfo, entry.KindEpochCommit} {
			p, err := trust.Prove(proofOf(t, l, uint64(index), bank, second, police), l.Leaves[index])
			if err != nil || p.Index != uint64(index) || p.Kind != kind || p.Size != l.S.Size() || p.Summary == "" ||
				!slices.Equal(p.Cosigners, []string{bank.Name, second.Name, police.Name}) {
				t.Errorf("entry %d: %+v, %v", index, p, err)
			}
		}
	}
}

func TestProveRefuses(t *testing.T) {
	l := four(t)
	trust, err := audit.TrustGenesis(l.Leaves[0])
	must(t, err)
	others, err := audit.TrustGenesis(ledgertest.Three(t).Leaves[0])
	must(t, err)
	good := proofOf(t, l, 1, bank, second, police)
	for name, c := range map[string]struct {
		trust       audit.Trust
		proof, leaf []byte
	}{
		"too few cosigners":   {trust, proofOf(t, l, 1, bank, second), l.Leaves[1]},
		"another entry":       {trust, good, l.Leaves[2]},
		"another index":       {trust, proofOf(t, l, 2, bank, second, police), l.Leaves[1]},
		"another ledger":      {others, good, l.Leaves[1]},
		"a changed entry":     {trust, good, append(slices.Clone(l.Leaves[1]), 0)},
		"a changed signature": {trust, bytes.Replace(good, []byte("crosslight/cosigner/"), []byte("crosslight/cosigner-"), 1), l.Leaves[1]},
		"no proof":            {trust, nil, l.Leaves[1]},
		"nobody trusted":      {audit.Trust{LedgerID: trust.LedgerID}, good, l.Leaves[1]},
	} {
		if p, err := c.trust.Prove(c.proof, c.leaf); !errors.Is(err, audit.ErrProof) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if _, err := audit.TrustGenesis(l.Leaves[1]); err == nil {
		t.Error("an entry that is no genesis was trusted")
	}
}
