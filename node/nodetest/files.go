package nodetest

import (
	"os"
	"testing"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/node/home"
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
