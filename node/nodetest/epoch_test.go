package nodetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
)

// names of a trio.
var trio = []string{"platform", "bank", "police"}

// epochOf is the newest epoch of a member as one node has it.
func epochOf(c *Consortium, at, of string) (e state.Epoch) {
	c.Node(at).Ledger().View(func(s *state.State) { e, _ = s.Epoch(of) })
	return e
}

// opens waits until a member's epoch n is open, and final, at all nodes.
func opens(c *Consortium, of string, n uint64, at ...string) {
	c.t.Helper()
	c.Until(fmt.Sprintf("%s has opened epoch %d", of, n), func() bool {
		for _, name := range at {
			if epochOf(c, name, of).Commit.Epoch != n {
				return false
			}
		}
		return true
	})
}

// endEpoch has the board end a member's epoch.
func endEpoch(t *testing.T, c *Consortium, of string) {
	t.Helper()
	p := propose(t, c, "platform", hub.ProposeRequest{Kind: "epoch-end", Member: of})
	vote(t, c, "platform", p.ID, "yes")
	if p = vote(t, c, "police", p.ID, "yes"); p.State != "accepted" {
		t.Fatalf("%+v", p)
	}
}

// asker asks again and again, and keeps every answer that is not what it should be.
type asker struct {
	stop, done chan struct{}
	mu         sync.Mutex
	asked      int
	wrong      []string
}

func askOn(t *testing.T, c *Consortium, org string, values []hub.Value, want int) *asker {
	a := &asker{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		for {
			select {
			case <-a.stop:
				return
			default:
			}
			report, err := c.Hub(org).Query(context.Background(), hub.QueryRequest{
				Values: values, Purpose: "child-protection-investigation", Case: "case-1",
			}, nil)
			a.mu.Lock()
			a.asked++
			if err != nil || report.Partial || len(report.Matches) != want {
				a.wrong = append(a.wrong, fmt.Sprintf("%v, %d matches, asked %+v", err, len(report.Matches), report.Asked))
			}
			a.mu.Unlock()
		}
	}()
	t.Cleanup(func() { a.end(t) })
	return a
}

func (a *asker) end(t *testing.T) {
	t.Helper()
	select {
	case <-a.stop:
		return
	default:
	}
	close(a.stop)
	<-a.done
	if a.asked == 0 || len(a.wrong) > 0 {
		t.Errorf("%d of %d queries were not answered as they should be, among them:\n%s",
			len(a.wrong), a.asked, strings.Join(a.wrong[:min(3, len(a.wrong))], "\n"))
	}
}

// TestEpochTurns: the board ends an epoch; while it turns and its overlap ends every query is answered in
// full. After it nothing of the old epoch's master, file or outputs is left in the home, nor its index with
// those who mirrored it.
func TestEpochTurns(t *testing.T) {
	t.Parallel()
	var clock clock
	c := New(t, Trio(), clock.on(Options{}))
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\nphone,+12025550143,livestream,3,BANK-2,,\n")
	values := []hub.Value{{Type: "email", Raw: "shared@example.com"}, {Type: "phone", Raw: "+12025550143"}}
	c.Until("the import is found", func() bool { return len(ask(t, c, "platform", values...).Matches) == 2 })
	secrets := secretsOf(t, c, "bank", 1)
	if n := len(left(t, c.Home("bank"), secrets)); n != 2 { // the two parts of its file, and nothing in the clear
		t.Errorf("%d are found before", n)
	}
	old := filepath.Join(c.Home("bank"), "keys", "epochs", "000001.age")
	asker := askOn(t, c, "platform", values, 2)

	endEpoch(t, c, "bank")
	opens(c, "bank", 2, trio...)
	if _, err := os.Stat(old); err != nil {
		t.Errorf("the old key is gone before the overlap is over: %v", err)
	}
	clock.pass(t, c, state.EpochOverlap*time.Second+2*step, trio...)
	c.Until("the old key is erased", func() bool {
		_, err := os.Stat(old)
		return os.IsNotExist(err)
	})
	for _, name := range trio {
		c.Until(name+" has dropped the old index", func() bool { return len(epochFolders(t, c, name, "bank", 1)) == 0 })
	}
	importCSV(t, c, "bank", "email,later@example.com,livestream,3,BANK-3,,\n")
	later := hub.Value{Type: "email", Raw: "later@example.com"}
	c.Until("what came later is found", func() bool { return len(ask(t, c, "police", later).Matches) == 1 })
	asker.end(t)
	c.Stop("bank") // closes the databases: what is left is what a thief of the disk gets
	if found := left(t, c.Home("bank"), secrets); len(found) > 0 {
		t.Errorf("left of the old epoch: %q", found)
	}
}

// TestEpochStoppedBetween: a node that stops at any step of a turn goes on from there.
func TestEpochStoppedBetween(t *testing.T) {
	repeats(t)
	t.Parallel()
	var clock clock
	c := New(t, Trio(), clock.on(Options{}))
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	value := hub.Value{Type: "email", Raw: "shared@example.com"}
	found := func() bool { got := ask(t, c, "platform", value); return len(got.Matches) == 1 && !got.Partial }
	c.Until("the import is found", found)

	// After the master was drawn: it is the one that is committed, and no other is drawn.
	c.Stop("bank")
	endEpoch(t, c, "bank")
	ring, err := keys.Open(home.Home(c.Home("bank")).Keys(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.NewEpoch(2); err != nil {
		t.Fatal(err)
	}
	var id [32]byte
	c.Node("police").Ledger().View(func(s *state.State) { id = s.LedgerID() })
	want, err := ring.OPRFKey(id, "bank", 2, "email")
	if err != nil {
		t.Fatal(err)
	}
	c.Start("bank")
	opens(c, "bank", 2, trio...)
	if got, ok := epochOf(c, "police", "bank").Commit.Key("email"); !ok || got.Public != want.Public() {
		t.Error("another master was drawn")
	}
	c.Until("the next epoch is answered under", found)

	// Anywhere on the way to the next: stopped again and again, it comes to an end, and is one epoch further.
	endEpoch(t, c, "bank")
	for pause := time.Duration(0); epochOf(c, "police", "bank").Commit.Epoch < 3; pause += 300 * time.Millisecond {
		c.Stop("bank")
		c.Start("bank")
		time.Sleep(pause)
	}
	c.Until("the third epoch is answered under", found)
	if got := epochOf(c, "police", "bank").Commit.Epoch; got != 3 {
		t.Errorf("epoch %d is open", got)
	}

	// After the key was erased, before anything else of its epoch was.
	c.Stop("bank")
	for _, n := range []uint64{1, 2} {
		if err := ring.EraseEpoch(n); err != nil {
			t.Fatal(err)
		}
	}
	c.Start("bank")
	c.Until("the third epoch is answered under again", found)
	clock.pass(t, c, state.EpochOverlap*time.Second+2*step, trio...)
	c.Until("the rest is gone", func() bool {
		return len(epochFolders(t, c, "bank", "bank", 1))+len(epochFolders(t, c, "bank", "bank", 2)) == 0
	})
	c.Until("the third epoch is answered under still", found)
}

// secretsOf collects what must not be left of an epoch: its master, the bytes of its file, the seal of its
// outputs and an output.
func secretsOf(t *testing.T, c *Consortium, org string, epoch uint64) map[string][]byte {
	t.Helper()
	ring, err := keys.Open(home.Home(c.Home(org)).Keys(), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	master, err := ring.Epoch(epoch)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := ring.CacheKey(epoch)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(c.Home(org), "keys", "epochs", fmt.Sprintf("%06d.age", epoch)))
	if err != nil {
		t.Fatal(err)
	}
	own, err := c.Hub(org).Indicators(t.Context(), hub.IndicatorFilter{Type: "email"})
	if err != nil || len(own.Indicators) == 0 {
		t.Fatalf("%v, %+v", err, own)
	}
	digest, err := hex.DecodeString(own.Indicators[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	var id [32]byte
	c.Node(org).Ledger().View(func(s *state.State) { id = s.LedgerID() })
	key, err := ring.OPRFKey(id, org, epoch, "email")
	if err != nil {
		t.Fatal(err)
	}
	output, err := key.FullEvaluate(digest)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"the master": master[:], "an output": output[:], "the key of its outputs": cache[:],
		"the beginning of its file's secret": file[len(file)-48:], "the middle of its file": file[len(file)/2 : len(file)/2+48],
	}
}

// left says in which files of a folder which of the secrets are.
func left(t *testing.T, dir string, secrets map[string][]byte) (found []string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for what, secret := range secrets {
			if slices.ContainsFunc(needlesOf(what, secret), func(n needle) bool { return bytes.Contains(data, n.form) }) {
				found = append(found, what+" in "+strings.TrimPrefix(path, dir))
			}
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Fatalf("%d files read: %v", files, err)
	}
	return found
}

// epochFolders are the folders of an epoch of a holder in a member's mirror.
func epochFolders(t *testing.T, c *Consortium, at, of string, epoch uint64) []string {
	t.Helper()
	members, err := c.Hub(at).Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if m.Name == of {
			hash := sha256.Sum256([]byte(m.PeerID))
			found, err := filepath.Glob(filepath.Join(c.Home(at), "mirror", hex.EncodeToString(hash[:16]), fmt.Sprint(epoch)))
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
	}
	t.Fatalf("%s is no member", of)
	return nil
}
