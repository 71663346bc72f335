package mirror

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// TestHeaderOfAnotherEpoch: the epoch in a segment's header is the manifest's, even where the context
// beside it is right.
func TestHeaderOfAnotherEpoch(t *testing.T) {
	m := &session.Manifest{Ledger: [32]byte{1}, Holder: "holder", Epoch: 3, Type: "email"}
	context := index.Context{Ledger: m.Ledger, Holder: m.Holder, Epoch: m.Epoch, Type: m.Type}.Hash()
	for epoch, want := range map[uint64]error{3: nil, 0: index.ErrContext, 4: index.ErrContext} {
		labels := sha256.Sum256(nil)
		tags := make([]byte, index.HeaderSize) // an empty base, as specs/index.md has it
		copy(tags, "clindex\x01\x01\x00\x01\x00")
		binary.BigEndian.PutUint64(tags[24:], epoch)
		copy(tags[32:], context[:])
		copy(tags[96:], labels[:])
		s := session.SegmentInfo{Kind: session.BaseSegment, Name: sha256.Sum256(tags), TagsSize: index.HeaderSize, Labels: labels}
		if err := verify(m, s, tags, nil); !errors.Is(err, want) {
			t.Errorf("epoch %d: %v, want %v", epoch, err, want)
		}
	}
}
