package nodetest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/telemetry"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// canaries are values that must stay where they are put, one of every kind of encoding.
var canaries = []hub.Value{
	{Type: "email", Raw: "Canary.One@Example.com"},
	{Type: "phone", Raw: "+1 212-555-0142"},
	{Type: "username", Raw: "examplechat:canary_sings_low"},
	{Type: "url", Raw: "https://canary.example/watch?room=4242424242"},
	{Type: "domain", Raw: "canary-cage.example"},
	{Type: "ip", Raw: "203.0.113.77"},
	{Type: "sha256", Raw: "c0ffee00c0ffee11c0ffee22c0ffee33c0ffee44c0ffee55c0ffee66c0ffee77"},
	{Type: "iban", Raw: "GB82 WEST 1234 5698 7654 32"},
}

const (
	canaryReference = "CANARY-REFERENCE-0001" // of a querier: it never leaves it
	canaryCase      = "CANARY-CASE-2026-0815"
)

// recorder keeps everything that nodes say and write, by where it was.
type recorder struct {
	mu  sync.Mutex
	got map[string]*bytes.Buffer
}

func newRecorder() *recorder { return &recorder{got: map[string]*bytes.Buffer{}} }

func (r *recorder) add(place string, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got[place] == nil {
		r.got[place] = new(bytes.Buffer)
	}
	r.got[place].Write(b)
}

// tap records what leaves the node of org, above Noise.
func (r *recorder) tap(org string) p2p.Tap {
	return func(peer, protocol string, outbound bool, b []byte) {
		if outbound {
			r.add(fmt.Sprintf("network: %s to %s, %q", org, peer, protocol), b)
		}
	}
}

type logOf struct {
	r   *recorder
	org string
}

func (w logOf) Write(b []byte) (int, error) {
	w.r.add("log of "+w.org, b)
	return len(b), nil
}

// leaks lists where a needle was found.
func (r *recorder) leaks(needles []needle) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for place, b := range r.got {
		for _, name := range hits(b.Bytes(), needles) {
			out = append(out, place+": "+name)
		}
	}
	return out
}

func (r *recorder) bytes() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.got {
		n += b.Len()
	}
	return n
}

// own says which files of a home are the owner's own store, where digests may be. What is watched is sealed:
// watch.db is none of them.
func own(name string) bool {
	return strings.HasPrefix(name, "store.db") || strings.HasPrefix(name, "activity.db")
}

// disk adds every file of every home but the owner's own store.
func (r *recorder) disk(t *testing.T, c *Consortium, orgs []Org, except func(string) bool) {
	t.Helper()
	for _, o := range orgs {
		err := filepath.WalkDir(c.Home(o.Name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || except(d.Name()) {
				return err
			}
			b, err := os.ReadFile(path)
			r.add("disk of "+o.Name+": "+d.Name(), b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func canaryNeedles(t *testing.T) []needle {
	t.Helper()
	var out []needle
	for _, v := range canaries {
		c, err := indicator.Canonicalise(indicator.Type(v.Type), v.Raw, indicator.Options{})
		if err != nil {
			t.Fatalf("canary %s: %v", v.Type, err)
		}
		d := c.Digest()
		out = append(out, needlesOf(v.Type+" canary as written", []byte(v.Raw))...)
		out = append(out, needlesOf(v.Type+" canary in canonical form", []byte(c.Form()))...)
		out = append(out, needlesOf(v.Type+" canary's digest", d[:])...)
	}
	out = append(out, needlesOf("querier's reference", []byte(canaryReference))...)
	return append(out, needlesOf("case reference", []byte(canaryCase))...)
}

// watched founds a consortium under observation. version is what the bank says it runs.
func watched(t *testing.T, r *recorder, version string) *Consortium {
	return New(t, Trio(), Options{Tap: r.tap, Config: func(org string, cfg *node.Config) {
		cfg.Logger = telemetry.NewLogger(logOf{r, org}, slog.LevelDebug)
		if org == "bank" && version != "" {
			cfg.Version = version
		}
	}})
}

// exercise has the bank hold the canaries and the platform ask about them, in every way there is,
// and about values that are refused.
func exercise(t *testing.T, c *Consortium) {
	t.Helper()
	var rows, feed strings.Builder
	feed.WriteString(header)
	for _, v := range canaries {
		fmt.Fprintf(&rows, "%s,%s,livestream,3,BANK-1,,\n", v.Type, v.Raw)
		fmt.Fprintf(&feed, "%s,%s,,,%s,,\n", v.Type, v.Raw, canaryReference)
	}
	importCSV(t, c, "bank", rows.String()+"email,Canary.One@Example.com@twice,livestream,3,BANK-2,,\n")
	for _, asker := range []string{"platform", "police"} {
		report := ask(t, c, asker, canaries...)
		if len(report.Matches) != len(canaries) {
			t.Fatalf("%s found %d of %d canaries: %+v", asker, len(report.Matches), len(canaries), report.Asked)
		}
	}
	report, err := c.Hub("platform").Query(context.Background(),
		hub.QueryRequest{Purpose: "child-protection-investigation", Case: canaryCase}, strings.NewReader(feed.String()))
	if err != nil || len(report.Matches) != len(canaries) {
		t.Fatalf("feed: %d matches, %v", len(report.Matches), err)
	}
	tellAll(t, c, report.ID)
	w, err := c.Hub("platform").AddWatch(context.Background(),
		hub.WatchRequest{Purpose: "child-protection-investigation", Case: caseOne}, strings.NewReader(feed.String()))
	if err != nil {
		t.Fatal(err)
	}
	awaitEnrolled(t, c, "platform", w.ID)
	awaitAlerts(t, c, "platform", len(canaries))
	_, err = c.Hub("bank").Withdraw(context.Background(), hub.WithdrawRequest{Values: canaries[:1]})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, "platform", canaries...); len(got.Matches) != len(canaries)-1 {
		t.Fatalf("after a withdrawal %d matches", len(got.Matches))
	}
}

// TestNothingLeaks runs three members with canaries and searches every byte that left a node, every
// log at debug level, the ledger, and every file beyond the owner's own store.
func TestNothingLeaks(t *testing.T) {
	repeats(t)
	t.Parallel()
	r := newRecorder()
	c := watched(t, r, "")
	exercise(t, c)
	for _, o := range Trio() {
		c.Stop(o.Name)
	}
	r.disk(t, c, Trio(), own)
	if r.bytes() < 50_000 {
		t.Fatalf("only %d bytes were recorded: the taps do not see the nodes", r.bytes())
	}
	for _, leak := range r.leaks(canaryNeedles(t)) {
		t.Error(leak)
	}
}

// TestAPlantedLeakIsCaught plants a digest where a node speaks in the clear to its peers, in the
// version that it reports, and finds it on the network, on the ledger and on other members' disks.
func TestAPlantedLeakIsCaught(t *testing.T) {
	repeats(t)
	t.Parallel()
	c, err := indicator.Canonicalise("email", canaries[0].Raw, indicator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	consortium := watched(t, r, c.Digest().Hex())
	for _, o := range Trio() {
		consortium.Stop(o.Name)
	}
	r.disk(t, consortium, Trio(), own)
	found := strings.Join(r.leaks(canaryNeedles(t)), "\n")
	for _, place := range []string{"network: ", "disk of platform: raft.db", "disk of police: raft.db"} {
		if !strings.Contains(found, place) {
			t.Errorf("the planted digest was not found in %s", place)
		}
	}
}

// TestOwnStoreHoldsDigestsOnly searches the one place where digests may be, for raw values.
func TestOwnStoreHoldsDigestsOnly(t *testing.T) {
	repeats(t)
	t.Parallel()
	r := newRecorder()
	c := watched(t, r, "")
	exercise(t, c)
	for _, o := range Trio() {
		c.Stop(o.Name)
	}
	r.disk(t, c, Trio(), func(name string) bool { return !own(name) })
	for _, v := range canaries {
		if v.Type == "sha256" {
			continue // a hash that is a value of its own
		}
		form, err := indicator.Canonicalise(indicator.Type(v.Type), v.Raw, indicator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, leak := range r.leaks(append(needlesOf("raw "+v.Type, []byte(v.Raw)), needlesOf("canonical "+v.Type, []byte(form.Form()))...)) {
			t.Error(leak)
		}
	}
}

// TestHitsDoNotShow: a question about a value that the holder has sends exactly as much as one about a
// value that it has not; the querier looks up when nothing is sent any more.
func TestHitsDoNotShow(t *testing.T) {
	repeats(t)
	t.Parallel()
	r := newRecorder()
	c := New(t, Trio(), Options{Tap: r.tap})
	importCSV(t, c, "bank", "email,shared@example.com,livestream,3,BANK-1,,\n")
	ask(t, c, "platform", shared)
	sent := func(value string) int {
		before := r.outbound("platform", session.QueryProtocol)
		ask(t, c, "platform", hub.Value{Type: "email", Raw: value})
		return r.outbound("platform", session.QueryProtocol) - before
	}
	hit, miss := sent("shared@example.com"), sent("nobody@example.com")
	if hit != miss || hit == 0 {
		t.Fatalf("a hit sends %d bytes, a miss %d", hit, miss)
	}
}

// outbound counts what org has sent in one protocol.
func (r *recorder) outbound(org, protocol string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for place, b := range r.got {
		if strings.HasPrefix(place, "network: "+org+" ") && strings.HasSuffix(place, fmt.Sprintf("%q", protocol)) {
			n += b.Len()
		}
	}
	return n
}
