package state_test

import (
	"fmt"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/protocol/member"
)

// BenchmarkApply is what one entry costs a node beside raft: decoding, one signature, the tree.
func BenchmarkApply(b *testing.B) {
	l := ledgertest.Three(b)
	signer := bank.Signer(member.Operator, l.S)
	var entries [][]byte
	for i := range b.N {
		raw, err := entry.NewNodeInfo(signer, uint64(i+1), []string{fmt.Sprintf("/ip4/192.0.2.1/tcp/%d", i%2+1)}, "1.0.0")
		if err != nil {
			b.Fatal(err)
		}
		entries = append(entries, raw)
	}
	b.ResetTimer()
	for _, raw := range entries {
		if _, err := l.S.Apply(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHash is the state hash after a short history.
func BenchmarkHash(b *testing.B) {
	l := golden(b)
	for b.Loop() {
		l.S.Hash()
	}
}
