package nodetest

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/invite"
)

func (c *Consortium) read(path string) []byte {
	c.t.Helper()
	raw, err := os.ReadFile(path)
	c.must(err)
	return raw
}

// otherRoot returns the invitation with a root that the ledger never had.
func otherRoot(t testing.TB, raw []byte) []byte {
	t.Helper()
	i, _, err := invite.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	i.Root[0] ^= 1
	out, err := i.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rootAtOne is the ledger's root over the genesis alone.
func rootAtOne(t testing.TB, c *Consortium) [32]byte {
	t.Helper()
	tree := tlog.NewFrontier()
	tree.Append(tlog.LeafHash(c.read(home.Home(c.Home("bank")).Genesis())))
	return tree.Root()
}

// brokenFeed is a feed whose connection breaks at its end.
type brokenFeed struct{ io.Reader }

func (b brokenFeed) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func feedOptions() hub.FeedOptions { return hub.FeedOptions{Format: "csv"} }

func indicatorFilter() hub.IndicatorFilter { return hub.IndicatorFilter{} }
