package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/node/api/client"
	"github.com/crosslight/crosslight/node/hub"
)

// pingpong is a hub that reads a feed line by line and tells how far it came. A sender that waits for
// it before it sends the next line can only finish if no body is held back on the way.
type pingpong struct {
	*fake
	seen chan struct{}
}

func (p *pingpong) read(feed io.Reader) (n int64, err error) {
	b := make([]byte, 64)
	for {
		m, err := feed.Read(b)
		if m > 0 {
			n++
			select {
			case p.seen <- struct{}{}:
			default:
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func (p *pingpong) Import(_ context.Context, feed io.Reader, _ hub.FeedOptions) (hub.ImportReport, error) {
	n, err := p.read(feed)
	return hub.ImportReport{Lines: n}, err
}

func (p *pingpong) Query(_ context.Context, _ hub.QueryRequest, feed io.Reader) (hub.QueryReport, error) {
	n, err := p.read(feed)
	return hub.QueryReport{Queried: n}, err
}

// turns hands out a line only after the one before has arrived.
type turns struct {
	p    *pingpong
	left int
}

func (r *turns) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if r.left < 10 {
		<-r.p.seen
	}
	r.left--
	return copy(b, "line\n"), nil
}

func TestFeedsStream(t *testing.T) {
	p := &pingpong{&fake{}, make(chan struct{}, 16)}
	remote, _ := serve(t, p)
	report, err := remote.Import(t.Context(), &turns{p, 10}, hub.FeedOptions{})
	if err != nil || report.Lines == 0 {
		t.Errorf("import: %+v %v", report, err)
	}
	// multipart holds back what may be the start of a boundary, so the turns are looser here: it is
	// enough that the whole does not wait for its end.
	query, err := remote.Query(t.Context(), hub.QueryRequest{}, strings.NewReader(strings.Repeat("line\n", 1000)))
	if err != nil || query.Queried == 0 {
		t.Errorf("query: %+v %v", query, err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the file went away") }

func TestFeedThatCannotBeRead(t *testing.T) {
	remote, _ := serve(t, &fake{})
	feed := io.MultiReader(strings.NewReader("type,value\n"), broken{})
	_, err := remote.Import(t.Context(), feed, hub.FeedOptions{})
	if !errors.Is(err, hub.ErrInvalid) || !strings.Contains(err.Error(), "the file went away") {
		t.Errorf("import: %v", err)
	}
	_, err = remote.Query(t.Context(), hub.QueryRequest{}, broken{})
	if !errors.Is(err, hub.ErrInvalid) || !strings.Contains(err.Error(), "the file went away") {
		t.Errorf("query: %v", err)
	}
}

// halfway exports some bytes and then fails.
type halfway struct{ *fake }

func (halfway) LedgerExport(_ context.Context, w io.Writer) error {
	_, _ = w.Write(make([]byte, 256<<10))
	return hub.ErrStorage
}

func TestExportCutOff(t *testing.T) {
	remote, _ := serve(t, halfway{&fake{}})
	if err := remote.LedgerExport(t.Context(), io.Discard); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("a cut export counts as whole: %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestExportToFullDisk(t *testing.T) {
	remote, _ := serve(t, &fake{})
	if err := remote.LedgerExport(t.Context(), full{}); !errors.Is(err, hub.ErrStorage) {
		t.Errorf("got %v", err)
	}
}

func TestNotANode(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "hello", http.StatusTeapot)
	}))
	defer other.Close()
	garbage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"name":`)
	}))
	defer garbage.Close()
	for _, base := range []string{closed.URL, other.URL, garbage.URL} {
		if _, err := client.New(base, token).Status(t.Context()); !errors.Is(err, hub.ErrUnavailable) {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestIDsThatNameAnotherRoute(t *testing.T) {
	far := &fake{}
	remote, _ := serve(t, far)
	for _, id := range []string{"", ".", ".."} {
		_, err := remote.Indicator(t.Context(), id)
		if !errors.Is(err, hub.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := remote.Vote(t.Context(), hub.VoteRequest{Proposal: id, Vote: "yes"}); !errors.Is(err, hub.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if calls := far.take(); len(calls) != 0 {
		t.Errorf("the hub was reached: %v", calls)
	}
}
