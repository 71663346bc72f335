package api

import (
	"encoding/json"
	"net/http"
)

// readiness is the answer of /readyz: 200 when ready, 503 with the reasons otherwise.
type readiness struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons"`
}

// health serves what a supervisor asks. Neither needs the token, and neither tells about data.
func (s *server) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", s.ready)
	if s.cfg.Metrics != nil {
		mux.Handle("GET /metrics", s.cfg.Metrics)
	}
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	out := readiness{Reasons: []string{}}
	if s.cfg.Ready != nil {
		out.Reasons = append(out.Reasons, s.cfg.Ready()...)
	}
	out.Ready = len(out.Reasons) == 0
	w.Header().Set("Content-Type", "application/json")
	if !out.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(out)
}
