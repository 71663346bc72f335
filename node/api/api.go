// Package api serves a hub over HTTP: crosslight's local API, version 1, under /v1, described by
// OpenAPI 3.1 at /openapi.json. It is an adapter and holds no behaviour of its own.
//
//	caller                                 node
//	  | POST /v1/queries                     |
//	  | Authorization: Bearer <api.token>    |
//	  |------------------------------------->|  hub.Query
//	  |   200 {"asked":…,"matches":…}        |
//	  |<-------------------------------------|
//	  |   or a problem document (RFC 9457)   |
//
// Every request but /livez, /readyz, /metrics and /openapi.json needs the token. Each carries a
// request id, taken from X-Request-Id or made here, which stands in the log line, in the response
// header and in the problem document. Feeds stream through: no body is held in memory.
//
// What leaks: the log names the route, never the path or the query string, since a path may hold a
// digest. Problem documents never quote what a caller sent.
package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/crosslight/crosslight/node/hub"
)

// Config says how to serve. Token is required: an empty one admits nobody.
type Config struct {
	Token   string          // bearer token, from HOME/api.token
	Version string          // of the program, for the OpenAPI document
	Metrics http.Handler    // serves /metrics; nil for none
	Ready   func() []string // reasons why the node is not ready; nil or empty means it is
	Logger  *slog.Logger    // nil discards
	Closing context.Context // its end ends streams that have no other; nil for none
}

// server holds what the handlers need.
type server struct {
	hub hub.Hub
	cfg Config
	api huma.API
}

// New returns the handler of a node's API.
func New(h hub.Hub, cfg Config) http.Handler {
	if cfg.Closing == nil {
		cfg.Closing = context.Background()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	s := &server{hub: h, cfg: cfg, api: humago.New(mux, describe(cfg.Version))}
	s.routes()
	s.health(mux)
	mux.HandleFunc("/", notFound)
	return s.withRequestID(s.withLog(s.withToken(withTimeout(mux))))
}

func (s *server) routes() {
	s.nodeRoutes()
	s.indicatorRoutes()
	s.mirrorRoutes()
	s.queryRoutes()
	s.watchRoutes()
	s.alertRoutes()
	s.matchRoutes()
	s.transparencyRoutes()
	s.governanceRoutes()
	s.auditRoutes()
	s.budgetRoutes()
	s.reconcileRoutes()
	s.ledgerRoutes()
}

// describe is the head of the OpenAPI document. Schema links are left out: they would repeat the
// Host header of whoever asks.
func describe(version string) huma.Config {
	c := huma.DefaultConfig("Crosslight node", version)
	c.CreateHooks = nil
	c.DocsPath = ""
	c.SchemasPath = ""
	c.RejectUnknownQueryParameters = true
	c.Info.Description = "What a person can ask of a member's node. Serve it on loopback only."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "The content of HOME/api.token"},
	}
	c.Security = []map[string][]string{{"token": {}}}
	return c
}
