package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/api/problem"
)

// maxTimeout bounds what the timeout header may ask for.
const maxTimeout = 24 * time.Hour

var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

type requestIDKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// withRequestID takes over the caller's request id if it is one, and makes one otherwise.
func (s *server) withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(problem.RequestIDHeader)
		if !requestIDPattern.MatchString(id) {
			id = rand.Text()
		}
		w.Header().Set(problem.RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// withLog writes a line a request. It names the route and not the path, which may hold a digest.
func (s *server) withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, route: "none", status: http.StatusOK}
		defer func() {
			s.cfg.Logger.InfoContext(r.Context(), "request",
				"request_id", requestID(r.Context()), "method", r.Method, "route", rec.route,
				"status", rec.status, "ms", time.Since(start).Milliseconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder remembers what the log line needs. Unwrap keeps http.ResponseController working.
type recorder struct {
	http.ResponseWriter
	route  string
	status int
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// withToken admits whoever holds the token. Both sides are hashed first, so that the comparison
// takes the same time whatever the length.
func (s *server) withToken(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(s.cfg.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(token))
		ok := subtle.ConstantTimeCompare(got[:], want[:]) == 1 && strings.EqualFold(scheme, "bearer")
		if !open(r.URL.Path) && (!ok || s.cfg.Token == "") {
			w.Header().Set("WWW-Authenticate", "Bearer")
			write(w, problem.New(problem.Unauthenticated,
				"send the content of the node's api.token as a bearer token", requestID(r.Context())))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// open says which paths need no token.
func open(path string) bool {
	switch path {
	case "/livez", "/readyz", "/metrics", "/openapi.json", "/openapi.yaml":
		return true
	}
	return false
}

// withTimeout gives the hub nine tenths of the caller's patience; the rest is for the answer's way
// back. It also notes the route for the log, which only the mux inside knows.
func withTimeout(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d := patience(r); d > 0 {
			ctx, cancel := context.WithTimeout(r.Context(), d*9/10)
			defer cancel()
			r = r.WithContext(ctx)
		}
		defer func() {
			if rec, ok := w.(*recorder); ok && r.Pattern != "" {
				rec.route = r.Pattern
			}
		}()
		mux.ServeHTTP(w, r)
	})
}

func patience(r *http.Request) time.Duration {
	seconds, err := strconv.ParseFloat(r.Header.Get(problem.TimeoutHeader), 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, maxTimeout.Seconds()) * float64(time.Second))
}

func notFound(w http.ResponseWriter, r *http.Request) {
	p := problem.New(problem.OfStatus(http.StatusNotFound), "no such route; /openapi.json lists them", requestID(r.Context()))
	write(w, p)
}

func write(w http.ResponseWriter, p *problem.Problem) {
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a caller that is gone cannot be told
}
