package nodetest

import (
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/offline"
)

// rotatedAway enters, through another node, a rotation of a stopped node's node key, signed by its root key: as
// where it crashed after its announcement had left.
func (c *Consortium) rotatedAway(name, through string) {
	c.t.Helper()
	t := c.t.(*testing.T)
	file, err := c.Hub(name).Draft(t.Context(), hub.DraftRequest{Act: "rotate", Role: "node"})
	c.must(err)
	c.Stop(name)
	root, err := keys.OpenRootFile(filepath.Join(home.Home(c.Home(name)).Keys(), "root.age"), passphrase)
	c.must(err)
	draft, err := offline.Parse(file)
	c.must(err)
	signed, err := draft.Sign(root, "")
	c.must(err)
	raw, err := signed.Bytes()
	c.must(err)
	_, err = c.Hub(through).SubmitSigned(t.Context(), hub.SubmitRequest{File: raw})
	c.must(err)
}

// TestAdoptAndDestroy: a node that stopped in the middle of the rotation of its node key is a stranger under the
// old one, says what to do, and is in again with the key adopted. The old one is destroyed a day later.
func TestAdoptAndDestroy(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	c := New(t, Trio(), Options{Config: func(_ string, cfg *node.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}})
	c.rotatedAway("police", "platform")
	old := peerOf(c, "police")
	var id string
	c.Start("police")
	c.Until("it says what to do", func() bool {
		s, err := c.Hub("police").Status(t.Context())
		c.must(err)
		for _, r := range s.Reasons {
			if _, after, ok := strings.Cut(r, "crosslight key adopt "); ok {
				id, _, _ = strings.Cut(after, "`")
			}
		}
		return id != ""
	})
	c.Stop("police")
	if k, err := node.AdoptKey(c.Home("police"), passphrase, id, true); err != nil || k.Role != "node" || !k.DryRun || k.Before == id {
		t.Fatalf("%+v, %v", k, err)
	}
	if _, err := node.AdoptKey(c.Home("police"), passphrase, strings.Repeat("0", 32), false); err == nil {
		t.Error("a key that is not here was adopted")
	}
	_, err := node.AdoptKey(c.Home("police"), passphrase, id, false)
	c.must(err)
	c.Start("police")
	c.Ready()
	if at := voters(c, "platform"); len(at) != 3 || slices.Contains(at, old) {
		t.Error("the old node key still votes")
	}

	c.Until("the rotation is final at its own node, and handed over", func() bool {
		done := false
		c.Node("police").Ledger().ViewFinal(func(s *state.State, _ replica.FinalPoint) {
			_, open := s.HandOver()
			done = !open && len(s.Voters()) == 3 && !slices.Contains(s.Voters(), old)
		})
		return done
	})
	destroy := func(dry bool) node.KeyFate {
		c.Stop("police")
		fates, err := node.DestroyKeys(c.Home("police"), passphrase, nil, workFactor, dry)
		c.must(err)
		c.Start("police")
		c.Ready()
		if len(fates) != 1 || fates[0].Role != "node" {
			t.Fatalf("%+v", fates)
		}
		return fates[0]
	}
	if f := destroy(false); f.Destroyed || f.Reason == nil || !strings.Contains(*f.Reason, "ledger time") {
		t.Errorf("within the day: %+v, because %q", f, reasonOf(f))
	}
	ahead.Store(int64(26 * time.Hour))
	c.Until("a day of ledger time is final", func() bool {
		passed := false
		c.Node("police").Ledger().ViewFinal(func(s *state.State, _ replica.FinalPoint) {
			passed = s.Time() >= s.CreatedAt()+25*3600
		})
		return passed
	})
	if f := destroy(true); !f.Destroyed || f.Reason != nil {
		t.Errorf("a dry run a day later: %+v", f)
	}
	if f := destroy(false); !f.Destroyed {
		t.Errorf("a day later: %+v", f)
	}
	c.Stop("police")
	if fates, err := node.DestroyKeys(c.Home("police"), passphrase, nil, workFactor, false); err != nil || len(fates) != 0 {
		t.Errorf("twice: %+v, %v", fates, err)
	}
}

func reasonOf(f node.KeyFate) string {
	if f.Reason == nil {
		return ""
	}
	return *f.Reason
}

func voters(c *Consortium, at string) (peers []string) {
	c.Node(at).Ledger().ViewFinal(func(s *state.State, _ replica.FinalPoint) { peers = s.Voters() })
	return peers
}

// peerOf is the peer ID that a member's card has.
func peerOf(c *Consortium, name string) string {
	card, err := node.ParseCard(c.read(home.Home(c.Home(name)).Card()))
	c.must(err)
	return card.Card.Keys.Node.PeerID()
}
