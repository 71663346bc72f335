package feed_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/indicator/feed"
	"github.com/google/go-cmp/cmp"
)

type vector struct {
	Comment, Format, Region string
	Now                     time.Time
	Query                   bool
	Feed                    string
	Base64                  string `json:"feed_base64"`
	Error                   string
	Rows                    []vectorRow
}

type vectorRow struct {
	Line       int64
	Type       string
	Digest     string
	Label      *vectorLabel
	Refused    string
	Suppressed string
	Derived    []struct{ Type, Digest string }
}

type vectorLabel struct {
	Category   string
	Severity   *int
	Reference  *string
	Contact    *string
	Confidence *string
	FirstSeen  *string `json:"first_seen"`
	Expires    *string
}

var vectorFiles = []string{"feed-csv.json", "feed-jsonl.json", "feed-threatexchange.json"}

var vectorErrors = map[string]error{"header": feed.ErrHeader, "format": feed.ErrFormat, "encoding": feed.ErrEncoding}

func readVectors(t testing.TB, name string) []vector {
	t.Helper()
	b, err := os.ReadFile("../../../specs/vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

func (v vector) text(t testing.TB) string {
	b, err := base64.StdEncoding.DecodeString(v.Base64)
	if err != nil {
		t.Fatal(err)
	}
	return v.Feed + string(b)
}

func (v vector) options() feed.Options {
	return feed.Options{Format: feed.Format(v.Format), Region: v.Region, Now: v.Now, Query: v.Query}
}

func TestVectors(t *testing.T) {
	for _, name := range vectorFiles {
		for _, v := range readVectors(t, name) {
			t.Run(name+"/"+v.Comment, func(t *testing.T) {
				v.check(t, strings.NewReader(v.text(t)))
				v.check(t, iotest.OneByteReader(strings.NewReader(v.text(t))))
			})
		}
	}
}

func (v vector) check(t *testing.T, in io.Reader) {
	rows, err := readAll(in, v.options())
	if v.Error != "" {
		if !errors.Is(err, vectorErrors[v.Error]) {
			t.Fatalf("got %v, want %v", err, vectorErrors[v.Error])
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []vectorRow
	for _, r := range rows {
		got = append(got, asVector(r))
	}
	if len(got)+len(v.Rows) > 0 && !cmp.Equal(v.Rows, got) {
		t.Error(cmp.Diff(v.Rows, got))
	}
}

func readAll(in io.Reader, o feed.Options) ([]feed.Row, error) {
	r, err := feed.NewReader(in, o)
	if err != nil {
		return nil, err
	}
	var rows []feed.Row
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

func asVector(r feed.Row) vectorRow {
	out := vectorRow{Line: r.Line, Type: string(r.Type), Refused: r.Refusal, Suppressed: r.Reason}
	if r.Refusal != "" || r.Suppressed {
		return out
	}
	out.Digest = r.Digest.Hex()
	out.Label = &vectorLabel{
		Category: string(r.Label.Category), Severity: r.Label.Severity, Reference: r.Label.Reference, Contact: r.Label.Contact,
		Confidence: (*string)(r.Label.Confidence), FirstSeen: (*string)(r.Label.FirstSeen), Expires: (*string)(r.Label.Expires),
	}
	for _, d := range r.Derived {
		out.Derived = append(out.Derived, struct{ Type, Digest string }{string(d.Type), d.Digest.Hex()})
	}
	return out
}

// TestDerivedLabel requires that what follows from a value carries its row's label and reference.
func TestDerivedLabel(t *testing.T) {
	rows, err := readAll(strings.NewReader("type,value,category,reference\ne-wallet,gcash:0917 123 4567,payment,R-9\n"), feed.Options{})
	if err != nil || len(rows) != 1 || len(rows[0].Derived) != 1 {
		t.Fatal(rows, err)
	}
	if !cmp.Equal(rows[0].Derived[0].Label, rows[0].Label) || rows[0].Derived[0].Type != indicator.Phone {
		t.Error("the derived phone has another label")
	}
}

// TestStreamError requires that an error of the stream comes through as itself, after the rows
// before it.
func TestStreamError(t *testing.T) {
	broken := errors.New("connection lost")
	in := io.MultiReader(strings.NewReader("type,value\nemail,a@example.com\nemail,b@exa"), iotest.ErrReader(broken))
	rows, err := readAll(in, feed.Options{Format: feed.CSV})
	if len(rows) != 1 || !errors.Is(err, broken) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if _, err := feed.NewReader(iotest.ErrReader(broken), feed.Options{}); !errors.Is(err, broken) {
		t.Errorf("NewReader: %v", err)
	}
}

func TestDetect(t *testing.T) {
	for _, x := range []struct {
		name, head string
		want       feed.Format
		err        error
	}{
		{"", "type,value\n", feed.CSV, nil},
		{"", "\xEF\xBB\xBF\"value\",\"Type\"\r\n", feed.CSV, nil},
		{"x.csv", "{\"type\":\"email\"}\n", feed.JSONL, nil}, // what is inside wins
		{"", "\n\n {\"type\"", feed.JSONL, nil},
		{"", "pdq f8f8\n", feed.ThreatExchange, nil},
		{"x.CSV", "a;b\n", feed.CSV, nil},
		{"dir/x.ndjson", "[]", feed.JSONL, nil},
		{"x.tx", "raw_text hello", feed.ThreatExchange, nil},
		{"", "", feed.CSV, nil},
		{"x.txt", "hello\n", "", feed.ErrFormat},
		{"x.xlsx", "PK\x03\x04", "", feed.ErrFormat},
		{"x.csv", "\xFF\xFEt\x00", "", feed.ErrEncoding},
	} {
		got, err := feed.Detect(x.name, []byte(x.head))
		if got != x.want || !errors.Is(err, x.err) {
			t.Errorf("%s %q: %s %v", x.name, x.head, got, err)
		}
	}
	if _, err := feed.NewReader(strings.NewReader("x"), feed.Options{Format: "xml"}); !errors.Is(err, feed.ErrFormat) {
		t.Error("xml opens")
	}
}
