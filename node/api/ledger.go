package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crosslight/crosslight/node/hub"
)

func (s *server) nodeRoutes() {
	add(s, operation{"status", http.MethodGet, "/v1/status", "node", "The node's account of itself"},
		func(ctx context.Context, _ *none) (hub.Status, error) { return s.hub.Status(ctx) })
	add(s, operation{"keys", http.MethodGet, "/v1/keys", "node", "This member's public keys and epochs"},
		func(ctx context.Context, _ *none) (hub.Keys, error) { return s.hub.Keys(ctx) })
	add(s, operation{"rotate-key", http.MethodPost, "/v1/keys/rotations", "node", "Put another of this member's keys in a role, after 24 hours"},
		func(ctx context.Context, in *body[hub.RotateRequest]) (hub.KeyChange, error) {
			return s.hub.RotateKey(ctx, in.Body)
		})
	add(s, operation{"revoke-key", http.MethodPost, "/v1/keys/revocations", "node", "Stop a rotation that waits"},
		func(ctx context.Context, in *body[hub.RevokeRequest]) (hub.KeyChange, error) {
			return s.hub.RevokeKey(ctx, in.Body)
		})
}

type entriesInput struct {
	From  uint64 `query:"from" doc:"First ledger index"`
	Limit int    `query:"limit" minimum:"0" maximum:"1000" doc:"Entries a page; 0 for the default of 100"`
}

type checkpoint struct {
	Checkpoint string `json:"checkpoint" doc:"C2SP signed note"`
}

func (s *server) ledgerRoutes() {
	add(s, operation{"ledger-status", http.MethodGet, "/v1/ledger", "ledger", "Where this node's ledger stands"},
		func(ctx context.Context, _ *none) (hub.LedgerStatus, error) { return s.hub.LedgerStatus(ctx) })
	add(s, operation{"ledger-log", http.MethodGet, "/v1/ledger/entries", "ledger", "List ledger entries"},
		func(ctx context.Context, in *entriesInput) (hub.LedgerPage, error) {
			return s.hub.LedgerLog(ctx, in.From, in.Limit)
		})
	add(s, operation{"ledger-entry", http.MethodGet, "/v1/ledger/entries/{id}", "ledger", "Show one entry in full, by its index or its leaf hash"},
		func(ctx context.Context, in *idInput) (hub.LedgerDetail, error) { return s.hub.LedgerEntry(ctx, in.ID) })
	add(s, operation{"ledger-proof", http.MethodGet, "/v1/ledger/entries/{id}/proof", "ledger", "Prove that an entry stands on the ledger and is final"},
		func(ctx context.Context, in *idInput) (hub.LedgerProof, error) { return s.hub.LedgerProof(ctx, in.ID) })
	add(s, operation{"ledger-checkpoint", http.MethodGet, "/v1/ledger/checkpoint", "ledger", "The newest final checkpoint with its cosignatures"},
		func(ctx context.Context, _ *none) (checkpoint, error) {
			note, err := s.hub.LedgerCheckpoint(ctx)
			return checkpoint{string(note)}, err
		})
	export := operation{"ledger-export", http.MethodGet, "/v1/ledger/export", "ledger", "The whole ledger as a tar stream"}
	register(s, export, s.export, func(o *huma.Operation) {
		o.Responses = map[string]*huma.Response{"200": {
			Description: "The export",
			Content:     map[string]*huma.MediaType{"application/x-tar": {Schema: feedSchema()}},
		}}
	})
}

// export streams the ledger. Its first bytes are awaited before the status goes out, so that a
// ledger that cannot be read is a problem document; one that fails later cuts the connection, which
// no reader can take for the end.
func (s *server) export(ctx context.Context, _ *none) (*huma.StreamResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	go func() { w.CloseWithError(s.hub.LedgerExport(ctx, w)) }()
	first := make([]byte, 32<<10)
	n, err := io.ReadAtLeast(r, first, 1)
	if err != nil && err != io.EOF {
		cancel()
		return nil, s.fail(ctx, err)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer cancel()
		defer r.Close()
		c.SetHeader("Content-Type", "application/x-tar")
		s.stream(c, first[:n], r)
	}}, nil
}

func (s *server) stream(c huma.Context, first []byte, rest io.Reader) {
	_, err := c.BodyWriter().Write(first)
	if err == nil {
		_, err = io.Copy(c.BodyWriter(), rest)
	}
	if err != nil {
		s.cfg.Logger.WarnContext(c.Context(), "export cut off", "request_id", requestID(c.Context()), "error", err.Error())
		panic(http.ErrAbortHandler)
	}
}
