package nodetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// mirrored is how many items of a holder's index of e-mail addresses an organisation has, less those that
// are withdrawn.
func mirrored(c *Consortium, org, holder string) (items int) {
	list, err := c.Hub(org).Mirrors(context.Background(), hub.MirrorFilter{Holder: holder, Type: "email"})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range list {
		items += int(m.Items) - int(m.Withdrawn)
	}
	return items
}

func emails(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "email,person%d@example.com,csam,4,REF-%d,,\n", i, i)
	}
	return b.String()
}

// TestImportIsSeenByGossip: what one member imports the others have soon after, as an addition, and the
// ledger comes to anchor what they have.
func TestImportIsSeenByGossip(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", emails(0, 20))
	c.Until("the first import is mirrored", func() bool {
		return mirrored(c, "police", "bank") == 20 && mirrored(c, "platform", "bank") == 20
	})
	for n := 20; n < 40; n += 5 {
		start := time.Now()
		importCSV(t, c, "bank", emails(n, n+5))
		c.Until("an import is mirrored", func() bool {
			return mirrored(c, "police", "bank") == n+5 && mirrored(c, "platform", "bank") == n+5
		})
		t.Logf("seen after %v", time.Since(start))
	}
	c.Until("what is mirrored is anchored", func() bool {
		list, err := c.Hub("police").Mirrors(context.Background(), hub.MirrorFilter{Holder: "bank", Type: "email"})
		return err == nil && len(list) == 1 && list[0].Anchored != nil && *list[0].Anchored == list[0].Version
	})
	list, err := c.Hub("police").Mirrors(context.Background(), hub.MirrorFilter{Holder: "bank", Type: "email"})
	if err != nil || len(list) != 1 || len(list[0].Segments) < 3 {
		t.Fatalf("not grown by segments: %+v, %v", list, err)
	}
	report := ask(t, c, "platform", hub.Value{Type: "email", Raw: "person37@example.com"})
	if len(report.Matches) != 1 {
		t.Errorf("matches %+v", report.Matches)
	}
	verified, err := c.Hub("police").VerifyMirrors(context.Background(), hub.MirrorFilter{Holder: "bank"})
	if err != nil || len(verified) == 0 {
		t.Fatalf("%+v, %v", verified, err)
	}
	for _, v := range verified {
		if v.Status != "whole" {
			t.Errorf("%+v", v)
		}
	}
}

// sealedLabels are the labels of the largest segment that an organisation mirrors, as they lie on its disk.
func sealedLabels(t *testing.T, c *Consortium, org, holder string) (path string, all [][]byte) {
	t.Helper()
	m, ok := mirrorOf(c, org, holder, "email")
	if !ok || len(m.Segments) == 0 {
		t.Fatalf("%s has no mirror of %s", org, holder)
	}
	largest := slices.MaxFunc(m.Segments, func(a, b hub.MirrorSegment) int { return cmp.Compare(a.Items, b.Items) })
	for _, folder := range epochFolders(t, c, org, holder, m.Epoch) {
		path = filepath.Join(folder, "email", largest.Name+".labels")
	}
	return path, slices.Collect(slices.Chunk(c.read(path), 256))
}

// wantErased wants all labels in a file to be as they were, but for as many as were overwritten.
func wantErased(t *testing.T, c *Consortium, path string, before [][]byte, erased int) {
	t.Helper()
	n := 0
	for i, label := range slices.Collect(slices.Chunk(c.read(path), 256)) {
		if bytes.Equal(label, make([]byte, 256)) {
			n++
		} else if !bytes.Equal(label, before[i]) {
			t.Errorf("label %d is another", i)
		}
	}
	if n != erased {
		t.Errorf("%d labels are erased in %s, want %d", n, path, erased)
	}
}

// TestWithdrawalIsAcknowledged: what is withdrawn is gone from each mirror, also from its disk, which says so, and
// that stands after a restart.
func TestWithdrawalIsAcknowledged(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", emails(0, 10))
	c.Until("the import is mirrored", func() bool {
		return mirrored(c, "police", "bank") == 10 && mirrored(c, "platform", "bank") == 10
	})
	atPolice, before := sealedLabels(t, c, "police", "bank")
	report, err := c.Hub("bank").Withdraw(context.Background(), hub.WithdrawRequest{
		Values: []hub.Value{{Type: "email", Raw: "person3@example.com"}}, WaitSeconds: 60,
	})
	if err != nil || report.Withdrawn != 1 || report.Removal == nil {
		t.Fatalf("%+v, %v", report, err)
	}
	wantErased(t, c, atPolice, before, 1)
	check := func(r hub.Removal) {
		t.Helper()
		if !r.Complete || len(r.Mirrors) != 2 {
			t.Fatalf("%+v", r)
		}
		for _, m := range r.Mirrors {
			if m.Status != "acknowledged" || m.At == nil {
				t.Errorf("%+v", m)
			}
		}
	}
	check(*report.Removal)
	for _, org := range []string{"police", "platform"} {
		if n := mirrored(c, org, "bank"); n != 9 {
			t.Errorf("%d at %s, which has acknowledged", n, org)
		}
		if found := ask(t, c, org, hub.Value{Type: "email", Raw: "person3@example.com"}); len(found.Matches) != 0 {
			t.Errorf("%s still finds it: %+v", org, found.Matches)
		}
	}
	c.Stop("bank")
	c.Start("bank")
	c.Ready()
	page, err := c.Hub("bank").Removals(context.Background(), hub.PageRequest{})
	if err != nil || len(page.Removals) != 1 || page.Removals[0].ID != report.Removal.ID {
		t.Fatalf("%+v, %v", page, err)
	}
	check(page.Removals[0])
}

// TestNodeThatWasDownCatchesUp: a withdrawal while a mirror is down is waited for no longer than asked, is
// shown as not acknowledged, and reaches it when it comes back.
func TestNodeThatWasDownCatchesUp(t *testing.T) {
	t.Parallel()
	c := New(t, Trio(), Options{})
	importCSV(t, c, "bank", emails(0, 10))
	c.Until("the import is mirrored", func() bool { return mirrored(c, "police", "bank") == 10 })
	c.Stop("police")
	importCSV(t, c, "bank", emails(10, 15))
	report, err := c.Hub("bank").Withdraw(context.Background(), hub.WithdrawRequest{
		Values: []hub.Value{{Type: "email", Raw: "person3@example.com"}}, WaitSeconds: 1,
	})
	if err != nil || report.Removal == nil || report.Removal.Complete {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, m := range report.Removal.Mirrors {
		if m.Member == "police" && m.Status == "acknowledged" {
			t.Errorf("a node that is down: %+v", m)
		}
	}
	c.Start("police")
	c.Until("it catches up and says so", func() bool {
		r, err := c.Hub("bank").Removal(context.Background(), report.Removal.ID)
		return err == nil && r.Complete
	})
	if n := mirrored(c, "police", "bank"); n != 14 {
		t.Errorf("%d items", n)
	}
}
