package witness_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/protocol/member"
)

func post(t *testing.T, url string, body []byte) (int, string, string) {
	t.Helper()
	resp, err := http.Post(url+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	must(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(answer)
}

// TestStatuses are those of C2SP tlog-witness.
func TestStatuses(t *testing.T) {
	h, fork := newHistory(t).grow("a", 20), newHistory(t).grow("b", 20)
	store := newMemory()
	server := httptest.NewServer(newWitness(store, "w").Handler())
	defer server.Close()
	elsewhere := h.note(9, "log")
	elsewhere.Origin = tlog.Origin([32]byte{8})
	crossed := fork.request(7, fork.note(9, "log"))
	crossed.Old = 8
	for _, c := range []struct {
		name   string
		body   []byte
		status int
		size   string
	}{
		{"first", h.request(0, h.note(8, "log")).Bytes(), 200, ""},
		{"malformed", []byte("old 8\n"), 400, ""},
		{"too long", bytes.Repeat([]byte("x"), witness.MaxRequest+1), 400, ""},
		{"unknown ledger", h.request(8, elsewhere).Bytes(), 404, ""},
		{"untrusted", h.request(8, h.note(9, "stranger")).Bytes(), 403, ""},
		{"another old size", h.request(7, h.note(9, "log")).Bytes(), 409, "8\n"},
		{"another root", fork.request(8, fork.note(8, "log")).Bytes(), 409, "8\n"},
		{"a false path", crossed.Bytes(), 422, ""},
		{"idle", h.request(8, h.note(8, "log")).Bytes(), 200, ""},
		{"grown", h.request(8, h.note(20, "log")).Bytes(), 200, ""},
	} {
		status, kind, answer := post(t, server.URL, c.body)
		if status != c.status || c.size != "" && (answer != c.size || kind != "text/x.tlog.size") {
			t.Errorf("%s: %d %s %q", c.name, status, kind, answer)
		}
	}
	store.fail = errors.New("path of a disk")
	grown := newHistory(t).grow("a", 21)
	if status, _, answer := post(t, server.URL, grown.request(20, grown.note(21, "log")).Bytes()); status != 500 || strings.Contains(answer, "path") {
		t.Errorf("a failing disk: %d %q", status, answer)
	}
	resp, err := http.Get(server.URL + "/add-checkpoint")
	must(t, err)
	if resp.Body.Close(); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", resp.StatusCode)
	}
}

func client(server *httptest.Server, name string) *witness.Client {
	return witness.NewClient(server.URL+"/", tlog.CosignerKey(member.PublicOf(key(name))), server.Client())
}

// TestClient: it finds out what the witness holds, keeps it in mind, and knows when it is itself behind,
// or on another history.
func TestClient(t *testing.T) {
	h := newHistory(t).grow("a", 30)
	asked := 0
	inner := newWitness(newMemory(), "w").Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++; inner.ServeHTTP(w, r) }))
	defer server.Close()
	ask := func(c *witness.Client, h *history, size uint64, want error, requests int) {
		t.Helper()
		asked = 0
		n := h.note(size, "log")
		s, err := c.Ask(context.Background(), n, h.prove(size))
		if !errors.Is(err, want) || (err == nil) != (want == nil) || asked != requests {
			t.Errorf("size %d: %v after %d requests", size, err, asked)
		}
		if err == nil && s.Verify(n.Checkpoint, c.Key()) != nil {
			t.Errorf("size %d: not cosigned", size)
		}
	}
	c := client(server, "w")
	ask(c, h, 5, nil, 1)
	ask(c, h, 9, nil, 1)
	ask(c, h, 9, nil, 1)
	ask(client(server, "w"), h, 20, nil, 2) // another node
	ask(c, h, 25, nil, 2)
	ask(c, h, 24, witness.ErrAhead, 1)
	ask(client(server, "w"), newHistory(t).grow("b", 25), 25, witness.ErrFork, 2)
	ask(client(server, "w"), newHistory(t).grow("b", 30), 30, witness.ErrPath, 2)
	ask(client(server, "other"), h, 30, witness.ErrAnswer, 2)
	broken := func(uint64) ([]tlog.Hash, error) { return nil, errBroken }
	if _, err := client(server, "w").Ask(context.Background(), newHistory(t).grow("a", 31).note(31, "log"), broken); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

var errBroken = errors.New("no path")

// TestClientDistrustsWitnesses: answers that are none.
func TestClientDistrustsWitnesses(t *testing.T) {
	h := newHistory(t).grow("a", 8)
	n := h.note(8, "log")
	other := h.note(7, "log")
	of := func(c tlog.Checkpoint, name string) string {
		s, err := tlog.Cosign(c, key(name), 5)
		must(t, err)
		return string(s.Line().Bytes())
	}
	for name, c := range map[string]struct {
		status int
		kind   string
		body   string
		want   error
	}{
		"nothing":                    {200, "", "", witness.ErrAnswer},
		"another key's":              {200, "", of(n.Checkpoint, "x"), witness.ErrAnswer},
		"of another checkpoint":      {200, "", of(other.Checkpoint, "w"), witness.ErrAnswer},
		"loose":                      {200, "", of(n.Checkpoint, "w") + "\n", witness.ErrAnswer},
		"too long":                   {200, "", strings.Repeat(of(n.Checkpoint, "w"), 1000), witness.ErrAnswer},
		"among others":               {200, "", of(n.Checkpoint, "x") + of(n.Checkpoint, "w"), nil},
		"a size that is none":        {409, "text/x.tlog.size", "08\n", witness.ErrAnswer},
		"a size without line feed":   {409, "text/x.tlog.size", "8", witness.ErrAnswer},
		"a larger size":              {409, "text/x.tlog.size; charset=utf-8", "9\n", witness.ErrAhead},
		"the same size all the time": {409, "text/x.tlog.size", "8\n", witness.ErrFork},
		"a conflict without size":    {409, "text/plain", "no", witness.ErrFork},
		"a size that changes":        {409, "text/x.tlog.size", "", witness.ErrAnswer},
		"unknown":                    {404, "", "", witness.ErrUnknown},
		"untrusted":                  {403, "", "", witness.ErrUntrusted},
		"no path":                    {422, "", "", witness.ErrPath},
		"bad request":                {400, "", "", witness.ErrRequest},
		"broken":                     {503, "", "", witness.ErrAnswer},
	} {
		turn := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			body := c.body
			if c.kind != "" && body == "" {
				turn++
				body = fmt.Sprintf("%d\n", turn)
			}
			w.Header().Set("Content-Type", c.kind)
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, body)
		}))
		_, err := client(server, "w").Ask(context.Background(), n, h.prove(8))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

// TestCollect: cosignatures of those who can, errors of the others, in order; together with the log's
// signature they satisfy a policy of two witnesses.
func TestCollect(t *testing.T) {
	h := newHistory(t).grow("a", 12)
	var clients []*witness.Client
	var keys []tlog.Key
	for _, name := range []string{"w1", "w2", "w3"} {
		server := httptest.NewServer(newWitness(newMemory(), name).Handler())
		defer server.Close()
		if name == "w2" {
			server.Close()
		}
		clients = append(clients, client(server, name))
		keys = append(keys, clients[len(clients)-1].Key())
	}
	n := h.note(12, "log")
	answers := witness.Collect(context.Background(), clients, n, h.prove(12))
	for i, a := range answers {
		if (a.Err == nil) == (i == 1) || a.Witness != keys[i] {
			t.Errorf("witness %d: %+v", i, a)
		}
		if a.Err == nil {
			n.Lines = append(n.Lines, a.Cosignature.Line())
		}
	}
	policy, _ := trusting(origin)
	policy.Cosigners, policy.Threshold = keys, 2
	if _, err := policy.Check(n); err != nil {
		t.Error(err)
	}
}

// standard is a witness as C2SP tlog-witness describes it, of x/mod's parts and nothing of ours: what it
// cosigns, any witness would.
type standard struct {
	t    *testing.T
	log  note.Verifier
	key  ed25519.PrivateKey
	size int64
	root xtlog.Hash
}

func (s *standard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	head, rest, _ := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	n, err := note.Open([]byte(rest), note.VerifierList(s.log))
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	text := strings.Split(n.Text, "\n")
	size, _ := strconv.ParseInt(text[1], 10, 64)
	root, err := xtlog.ParseHash(text[2])
	if err != nil {
		s.t.Error(err)
	}
	if lines[0] != fmt.Sprintf("old %d", s.size) {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprintf(w, "%d\n", s.size)
		return
	}
	var path xtlog.TreeProof
	for _, l := range lines[1:] {
		h, err := xtlog.ParseHash(l)
		if err != nil {
			s.t.Error(err)
		}
		path = append(path, h)
	}
	if s.size > 0 && xtlog.CheckTree(path, size, root, s.size, s.root) != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	s.size, s.root = size, root
	sig := ed25519.Sign(s.key, []byte("cosignature/v1\ntime 1700000000\n"+n.Text))
	k := tlog.CosignerKey(member.PublicOf(s.key))
	blob := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, k.ID()), 1700000000)
	_, _ = fmt.Fprintf(w, "— %s %s\n", k.Name, base64.StdEncoding.EncodeToString(append(blob, sig...)))
}

// TestStandardWitness: a witness that knows nothing of Crosslight cosigns our checkpoints as they grow.
func TestStandardWitness(t *testing.T) {
	log, err := note.NewVerifier(tlog.LogKey(origin, member.PublicOf(key("log"))).String())
	must(t, err)
	server := httptest.NewServer(&standard{t: t, log: log, key: key("w")})
	defer server.Close()
	h := newHistory(t).grow("a", 40)
	for _, size := range []uint64{1, 2, 13, 40} {
		// Voters' cosignatures beside the log's are none of its business.
		n := h.note(size, "log", "v1", "v2", "v3")
		s, err := client(server, "w").Ask(context.Background(), n, h.prove(size))
		must(t, err)
		must(t, s.Verify(n.Checkpoint, tlog.CosignerKey(member.PublicOf(key("w")))))
	}
}
