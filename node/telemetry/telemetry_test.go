package telemetry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crosslight/crosslight/protocol/indicator"
)

type valuer struct{ v any }

func (v valuer) LogValue() slog.Value { return slog.AnyValue(v.v) }

type broken struct{}

func (*broken) String() string { panic("nil") }

func (*broken) Error() string { panic("nil") }

// forms lists ways in which a digest shows in bytes.
func forms(d indicator.Digest) []string {
	return []string{
		hex.EncodeToString(d[:]), strings.ToUpper(hex.EncodeToString(d[:])), string(d[:]),
		strings.Trim(fmt.Sprint(d[:]), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint(d[:]), "[]"), " ", ","),
		strings.Trim(fmt.Sprintf("%#v", [32]byte(d)), "[32]uint8{}"),
	}
}

func TestGuardRedacts(t *testing.T) {
	canonical, err := indicator.Canonicalise("email", "canary@example.org", indicator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := canonical.Digest()
	hexed := hex.EncodeToString(d[:])
	type holder struct {
		D [32]byte
		C indicator.Canonical
	}
	for name, v := range map[string]any{
		"digest": d, "pointer": &d, "array": [32]byte(d), "slice": d[:], "canonical": canonical, "pointer to canonical": &canonical,
		"struct": holder{d, canonical}, "slice of digests": []indicator.Digest{d}, "map": map[string]any{"d": d},
		"hex": hexed, "upper case": strings.ToUpper(hexed), "inside text": "digest:" + hexed + "!", "with prefix": "00" + hexed,
		"error": fmt.Errorf("refused %s", hexed), "printed array": fmt.Sprint([32]byte(d)), "go-printed": fmt.Sprintf("%#v", [32]byte(d)),
		"error with array": fmt.Errorf("refused %v", [32]byte(d)), "valuer": valuer{d}, "valuer of valuer": valuer{valuer{hexed}},
		"strings": []string{"a", hexed}, "group": slog.GroupValue(slog.Any("x", d), slog.String("y", hexed)),
		"any slice": []any{d, hexed}, "named string": indicator.Type(hexed), "attr": slog.Any("z", [32]byte(d)),
	} {
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			var next slog.Handler = slog.NewTextHandler(&out, nil)
			if format == "json" {
				next = slog.NewJSONHandler(&out, nil)
			}
			log := slog.New(Guard(next))
			log.Info("a", "v", v)
			log.With("v", v).WithGroup("g").Info("b", slog.Group("h", "v", v))
			log.Info(fmt.Sprint("c ", v), fmt.Sprint(v), 1)
			for _, form := range append(forms(d), "canary") {
				if strings.Contains(out.String(), form) {
					t.Errorf("%s, %s: leaked %q in %s", name, format, form, out.String())
				}
			}
			if strings.Count(out.String(), "\n") != 3 {
				t.Errorf("%s, %s: lines are missing: %s", name, format, out.String())
			}
		}
	}
}

func TestGuardLetsThrough(t *testing.T) {
	id := strings.Repeat("0f", 32)
	var nilBroken *broken
	var out bytes.Buffer
	log := slog.New(Guard(slog.NewTextHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		},
	})))
	log.Info("m", "ledger", Public(id), "key", id[:32], "n", 5, "u", uint8(200), "d", time.Second, "ok", true,
		"err", errors.New("no such peer"), "list", []string{"a", "b"}, "type", indicator.Type("email"), "nil", nil,
		"peer", "12D3KooWGRUFNdGJqGxLp4zcWDYLLxYcnQSVZm1nSjSVPz1hBPrT", "broken", nilBroken, "name", slog.LevelWarn)
	want := "level=INFO msg=m ledger=" + id + " key=" + id[:32] + ` n=5 u=200 d=1s ok=true err="no such peer" list="[a b]" ` +
		"type=email nil=<nil> peer=12D3KooWGRUFNdGJqGxLp4zcWDYLLxYcnQSVZm1nSjSVPz1hBPrT broken=[redacted] name=WARN\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// What is planted without the guard is found by the same search: the test above can fail.
func TestPlantedLeakIsSeen(t *testing.T) {
	d := indicator.Digest(sha256.Sum256([]byte("x")))
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", hex.EncodeToString(d[:]))
	if !strings.Contains(out.String(), forms(d)[0]) {
		t.Error("the search finds nothing")
	}
}

func TestNewLogger(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log := NewLogger(f, slog.LevelWarn)
	log.Info("quiet")
	log.Warn("loud", "h", strings.Repeat("ab", 32))
	b, err := os.ReadFile(f.Name())
	if err != nil || !bytes.Contains(b, []byte(`"msg":"loud","h":"[redacted]"`)) || bytes.Contains(b, []byte("quiet")) {
		t.Errorf("%s %v", b, err)
	}
}

func TestMetrics(t *testing.T) {
	m, second := NewMetrics(), NewMetrics() // two nodes in one process
	m.QueriesAsked.WithLabelValues("Bank B", "ok").Inc()
	m.Imports.WithLabelValues("imported").Add(3)
	m.ProofsVerified.Add(2)
	m.QuerySeconds.Observe(0.2)
	second.LedgerSize.Set(9)
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`crosslight_queries_asked_total{holder="Bank B",status="ok"} 1`, `crosslight_import_rows_total{outcome="imported"} 3`,
		"crosslight_proofs_verified_total 2", "crosslight_query_seconds_count 1", "crosslight_ledger_size 0", "go_goroutines",
	} {
		if !strings.Contains(rec.Body.String(), line) {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestHealth(t *testing.T) {
	h := NewHealth()
	set, check := Failing()
	h.Register("store", check)
	h.Register("ledger", func() string { return "no leader " + strings.Repeat("00", 32) })
	set(errors.New("disk full"))
	if diff := cmp.Diff([]string{"ledger: no leader [redacted]", "store: disk full"}, h.Reasons()); diff != "" {
		t.Error(diff)
	}
	set(nil)
	h.Register("ledger", func() string { return "" })
	if diff := cmp.Diff([]string{}, h.Reasons()); diff != "" {
		t.Error(diff)
	}
}
