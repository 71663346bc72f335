package nodetest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
)

// TestLostMirrorFolder: a holder whose mirror folder is gone builds its index anew and goes on with the
// chain of manifests that others have seen; what it withdrew meanwhile is gone for them too.
func TestLostMirrorFolder(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	importCSV(t, c, "bank", "email,another@example.com,livestream,3,BANK-2,,\n")
	if got := ask(t, c, "platform", shared); len(got.Matches) != 1 {
		t.Fatalf("before: %+v", got)
	}
	c.Stop("bank")
	c.must(os.RemoveAll(home.Home(c.Home("bank")).Mirror()))
	c.Start("bank")
	c.Ready()
	for _, asker := range []string{"platform", "police"} { // one that has an older index, one that has none
		if got := ask(t, c, asker, shared); len(got.Matches) != 1 || got.Partial {
			t.Fatalf("%s after the loss: %+v", asker, got)
		}
	}
}

// TestLostEpochKey: a holder that lost the epoch's key opens the next epoch by itself, and is believed
// under its new key.
func TestLostEpochKey(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	if got := ask(t, c, "platform", shared); len(got.Matches) != 1 {
		t.Fatalf("before: %+v", got)
	}
	c.Stop("bank")
	files, err := filepath.Glob(filepath.Join(home.Home(c.Home("bank")).Keys(), "epochs", "*"))
	c.must(err)
	if len(files) != 1 {
		t.Fatalf("epoch files: %v", files)
	}
	c.must(os.Remove(files[0]))
	c.Start("bank")
	for _, at := range []string{"platform", "bank"} {
		c.Until(at+" sees the bank's second epoch", func() bool {
			members, err := c.Hub(at).Members(t.Context())
			return err == nil && slices.ContainsFunc(members, func(m hub.Member) bool { return m.Name == "bank" && m.Epoch == 2 })
		})
	}
	c.Ready()
	if got := ask(t, c, "platform", shared); len(got.Matches) != 1 || got.Partial || got.ProofsVerified != 2 {
		t.Fatalf("after the loss: %+v", got)
	}
}

// TestBrokenOffImport: a feed that ends in the middle leaves nothing.
func TestBrokenOffImport(t *testing.T) {
	repeats(t)
	t.Parallel()
	c := New(t, Trio(), Options{})
	feed := brokenFeed{strings.NewReader(header + "email,shared@example.com,livestream,3,BANK-1,,\n")}
	_, err := c.Hub("bank").Import(t.Context(), feed, feedOptions())
	if err == nil || !strings.Contains(err.Error(), "nothing of it was kept") {
		t.Fatalf("import of a broken feed: %v", err)
	}
	page, err := c.Hub("bank").Indicators(t.Context(), indicatorFilter())
	if err != nil || len(page.Indicators) != 0 {
		t.Fatalf("%d indicators are left of it, %v", len(page.Indicators), err)
	}
}
