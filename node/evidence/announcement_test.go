package evidence

import (
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

func announced(t *testing.T, id [32]byte, version uint64, hash [32]byte) []byte {
	t.Helper()
	raw, err := session.Announcement{
		Ledger: id, Indexes: []session.IndexVersion{{Epoch: 1, Type: "email", Version: version, Manifest: hash}},
	}.Sign(holder)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestAnnouncements: what a holder announced to all convicts it of what it showed to one, and of what else it
// announced; what agrees, or is of another ledger or holder, convicts nobody.
func TestAnnouncements(t *testing.T) {
	m := manifestOf(t, ledger, 2, [32]byte{7}, [32]byte{1})
	record := func(kind string, request, response []byte) Record {
		return Record{Kind: kind, Accused: member.PublicOf(holder).PeerID(), Ledger: ledger[:], Request: request, Response: response}
	}
	const fork, words = "manifest-announcement", "announcement-fork"
	stranger := record(fork, announced(t, ledger, 2, [32]byte{1}), m.Raw)
	stranger.Accused = member.PublicOf(asker).PeerID()
	for name, c := range map[string]struct {
		r    Record
		want error
	}{
		"another of the version":   {record(fork, announced(t, ledger, 2, [32]byte{1}), m.Raw), nil},
		"another before":           {record(fork, announced(t, ledger, 1, [32]byte{1}), m.Raw), nil},
		"what was served":          {record(fork, announced(t, ledger, 2, m.Hash), m.Raw), ErrNothing},
		"the one before":           {record(fork, announced(t, ledger, 1, [32]byte{7}), m.Raw), ErrNothing},
		"a later one":              {record(fork, announced(t, ledger, 3, [32]byte{1}), m.Raw), ErrNothing},
		"on another ledger":        {record(fork, announced(t, [32]byte{8}, 2, [32]byte{1}), m.Raw), ErrNothing},
		"somebody else's":          {stranger, ErrNothing},
		"no announcement":          {record(fork, m.Raw, m.Raw), ErrNothing},
		"two of one version":       {record(words, announced(t, ledger, 2, [32]byte{1}), announced(t, ledger, 2, [32]byte{2})), nil},
		"one twice":                {record(words, announced(t, ledger, 2, [32]byte{1}), announced(t, ledger, 2, [32]byte{1})), ErrNothing},
		"of two versions":          {record(words, announced(t, ledger, 2, [32]byte{1}), announced(t, ledger, 3, [32]byte{2})), ErrNothing},
		"two on different ledgers": {record(words, announced(t, ledger, 2, [32]byte{1}), announced(t, [32]byte{8}, 2, [32]byte{2})), ErrNothing},
	} {
		if f, err := c.r.Examine(); !errors.Is(err, c.want) || (c.want == nil) != f.Proved {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
