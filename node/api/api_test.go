package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/api"
	"github.com/crosslight/crosslight/node/api/client"
	"github.com/crosslight/crosslight/node/api/problem"
	"github.com/crosslight/crosslight/node/hub"
)

// raw sends one request with the right token and returns status and body.
func raw(t *testing.T, base, method, path, contentType, content string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

func TestToken(t *testing.T) {
	far := &fake{}
	_, server := serve(t, far)
	for _, wrong := range []string{"", "T0ken", "t0ken x", "t0ke", token + token} {
		_, err := client.New(server.URL, wrong).Status(t.Context())
		if !errors.Is(err, hub.ErrDenied) {
			t.Errorf("token %q: %v", wrong, err)
		}
	}
	if calls := far.take(); len(calls) != 0 {
		t.Errorf("the hub was reached: %v", calls)
	}
	resp, err := http.Get(server.URL + "/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("status %d, header %v", resp.StatusCode, resp.Header)
	}
}

func TestEmptyTokenAdmitsNobody(t *testing.T) {
	server := httptest.NewServer(api.New(&fake{}, api.Config{}))
	defer server.Close()
	if _, err := client.New(server.URL, "").Status(t.Context()); !errors.Is(err, hub.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestOpenAPI(t *testing.T) {
	_, server := serve(t, &fake{})
	resp, err := http.Get(server.URL + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("openapi is %q", doc.OpenAPI)
	}
	if bytes.Contains(b, []byte(`"$schema"`)) || bytes.Contains(b, []byte("127.0.0.1")) {
		t.Error("the document repeats the address or links schemas")
	}
	ids := map[any]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if ids[op["operationId"]] || op["summary"] == "" || !strings.HasPrefix(path, "/v1/") {
				t.Errorf("%s %s: %v", method, path, op["operationId"])
			}
			ids[op["operationId"]] = true
		}
	}
	for _, id := range []string{"import", "query", "query-feed", "vote", "ledger-export", "status"} {
		if !ids[id] {
			t.Errorf("operation %s is missing", id)
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	far := &fake{}
	_, server := serve(t, far)
	canary := "canary@example.com"
	tests := []struct {
		name, method, path, typ, body string
		status                        int
	}{
		{"unknown field", "POST", "/v1/queries", "application/json", `{"valuess":["` + canary + `"]}`, 422},
		{"wrong type", "POST", "/v1/queries", "application/json", `{"values":"` + canary + `"}`, 422},
		{"value without type", "POST", "/v1/queries", "application/json", `{"values":[{"value":"` + canary + `"}]}`, 422},
		{"not JSON", "POST", "/v1/queries", "application/json", canary, 400},
		{"no body", "POST", "/v1/withdrawals", "application/json", "", 400},
		{"other media type", "POST", "/v1/queries", "text/plain", canary, 415},
		{"oversized", "POST", "/v1/queries", "application/json", `{"case":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
		{"form is no form", "POST", "/v1/queries/feed", "multipart/form-data; boundary=b", canary, 422},
		{"no boundary", "POST", "/v1/queries/feed", "multipart/form-data", canary, 422},
		{"feed first", "POST", "/v1/queries/feed", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"feed\"\r\n\r\n" + canary + "\r\n--b--\r\n", 422},
		{"request is no query", "POST", "/v1/queries/feed", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{\"" + canary + "\":1}\r\n--b--\r\n", 422},
		{"unknown parameter", "GET", "/v1/indicators?typ=email", "", "", 422},
		{"unknown format", "POST", "/v1/imports?format=xml", "", "", 422},
		{"limit too large", "GET", "/v1/indicators?limit=100000", "", "", 422},
		{"vote is neither", "POST", "/v1/proposals/p/votes", "application/json", `{"vote":"maybe"}`, 422},
		{"negative index", "GET", "/v1/ledger/entries?from=-1", "", "", 422},
		{"no such route", "GET", "/v2/status", "", "", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, header, body := raw(t, server.URL, tt.method, tt.path, tt.typ, tt.body)
			if status != tt.status || header.Get("Content-Type") != problem.ContentType {
				t.Errorf("status %d %s: %s", status, header.Get("Content-Type"), body)
			}
			if strings.Contains(body, canary) {
				t.Errorf("the problem quotes the request: %s", body)
			}
			var p problem.Problem
			if err := json.Unmarshal([]byte(body), &p); err != nil || p.RequestID == "" || p.RequestID != header.Get(problem.RequestIDHeader) {
				t.Errorf("request id %q: %v", p.RequestID, err)
			}
		})
	}
	if calls := far.take(); len(calls) != 0 {
		t.Errorf("the hub was reached: %v", calls)
	}
}

// TestRequestID follows one id from the caller's header to log, response header and problem.
func TestRequestID(t *testing.T) {
	var log bytes.Buffer
	h := api.New(&fake{err: errors.New("boom")}, api.Config{Token: token, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	req := httptest.NewRequest(http.MethodGet, "/v1/indicators/00ff", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set(problem.RequestIDHeader, "trace-1")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if rec.Code != 500 || rec.Header().Get(problem.RequestIDHeader) != "trace-1" || !strings.Contains(rec.Body.String(), `"trace-1"`) {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	if n := strings.Count(log.String(), `"request_id":"trace-1"`); n != 2 || !strings.Contains(log.String(), "boom") {
		t.Errorf("log has the id %d times:\n%s", n, &log)
	}
	if strings.Contains(log.String(), "00ff") || !strings.Contains(log.String(), "/v1/indicators/{digest}") {
		t.Errorf("log has the path instead of the route:\n%s", &log)
	}
}

func TestMadeUpRequestIDIsReplaced(t *testing.T) {
	h := api.New(&fake{}, api.Config{Token: token})
	req := httptest.NewRequest(http.MethodGet, "/livez", nil)
	req.Header.Set(problem.RequestIDHeader, "evil id\n")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if id := rec.Header().Get(problem.RequestIDHeader); id == "" || strings.Contains(id, "evil") {
		t.Errorf("id %q", id)
	}
}

func TestHealth(t *testing.T) {
	reasons := []string{"no leader"}
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "crosslight_up 1\n") })
	h := api.New(&fake{}, api.Config{Metrics: metrics, Ready: func() []string { return reasons }})
	get := func(path string) (int, string) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec.Code, rec.Body.String()
	}
	if code, text := get("/livez"); code != 200 || text != "ok\n" {
		t.Errorf("livez %d %q", code, text)
	}
	if code, text := get("/readyz"); code != 503 || !strings.Contains(text, "no leader") {
		t.Errorf("readyz %d %q", code, text)
	}
	reasons = nil
	if code, text := get("/readyz"); code != 200 || !strings.Contains(text, `"reasons":[]`) {
		t.Errorf("readyz %d %q", code, text)
	}
	if code, text := get("/metrics"); code != 200 || text != "crosslight_up 1\n" {
		t.Errorf("metrics %d %q", code, text)
	}
}

// empty answers with nothing, as a hub may: its nil slices must not become null.
type empty struct{ *fake }

func (empty) Query(context.Context, hub.QueryRequest, io.Reader) (hub.QueryReport, error) {
	return hub.QueryReport{}, nil
}

func (empty) Members(context.Context) ([]hub.Member, error) { return nil, nil }

func (empty) Proposals(context.Context) ([]hub.Proposal, error) {
	index := uint64(7)
	return []hub.Proposal{{Expires: &word, Decided: &index, Failure: &word}}, nil
}

func TestArraysAreNeverNull(t *testing.T) {
	_, server := serve(t, empty{&fake{}})
	for path, body := range map[string]string{"/v1/queries": "{}", "/v1/members": "", "/v1/proposals": ""} {
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		status, _, got := raw(t, server.URL, method, path, "application/json", body)
		if status != 200 || strings.Contains(got, "null") {
			t.Errorf("%s: %d %s", path, status, got)
		}
	}
}

// TestPatience: the node answers within nine tenths of the caller's patience, so that its own words arrive.
func TestPatience(t *testing.T) {
	t.Parallel()
	remote, _ := serve(t, &fake{wait: true})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := remote.Status(ctx)
	if !errors.Is(err, hub.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("%v, context %v: the node should have answered first", err, ctx.Err())
	}
}
