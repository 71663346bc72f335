package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crosslight/crosslight/node/hub"
)

type alertsInput struct {
	Cursor string `query:"cursor" doc:"The page before's next"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"Items a page; 0 for the default of 100"`
	Watch  string `query:"watch" doc:"Only of this watch"`
	Holder string `query:"holder" doc:"Only about this member"`
	Type   string `query:"type" doc:"Only this indicator type"`
	Open   bool   `query:"open" doc:"Only what nobody has acknowledged"`
}

func (in *alertsInput) filter() hub.AlertFilter {
	page := hub.PageRequest{Cursor: in.Cursor, Limit: in.Limit}
	return hub.AlertFilter{PageRequest: page, Watch: in.Watch, Holder: in.Holder, Type: in.Type, Open: in.Open}
}

type followInput struct {
	After     string `query:"after" doc:"Begin after the alert with this id; absent, with the first there is"`
	LastEvent string `header:"Last-Event-ID" doc:"The same, as event sources send it when they come back; it wins"`
}

type quarantinesInput struct {
	All bool `query:"all" doc:"Also those that were settled"`
}

type settleInput struct {
	ID   string `path:"id"`
	Body struct {
		Act    string `json:"act" enum:"release,drop"`
		DryRun bool   `json:"dry_run" required:"false"`
	}
}

type quarantineList struct {
	Quarantines []hub.Quarantine `json:"quarantines"`
}

func (s *server) alertRoutes() {
	add(s, operation{"list-alerts", http.MethodGet, "/v1/alerts", "alerts", "List alerts, newest first"},
		func(ctx context.Context, in *alertsInput) (hub.AlertPage, error) {
			return s.hub.Alerts(ctx, in.filter())
		})
	add(s, operation{"get-alert", http.MethodGet, "/v1/alerts/{id}", "alerts", "Show an alert"},
		func(ctx context.Context, in *idInput) (hub.Alert, error) { return s.hub.Alert(ctx, in.ID) })
	add(s, operation{"ack-alerts", http.MethodPost, "/v1/alerts/acks", "alerts", "Acknowledge alerts"},
		func(ctx context.Context, in *body[hub.AckRequest]) (hub.AckReport, error) {
			return s.hub.AckAlerts(ctx, in.Body)
		})
	add(s, operation{"list-quarantines", http.MethodGet, "/v1/quarantines", "alerts", "List floods of hits that wait for an operator"},
		func(ctx context.Context, in *quarantinesInput) (quarantineList, error) {
			list, err := s.hub.Quarantines(ctx, in.All)
			return quarantineList{list}, err
		})
	add(s, operation{"settle-quarantine", http.MethodPost, "/v1/quarantines/{id}", "alerts", "Release a flood as alerts, or drop it"},
		func(ctx context.Context, in *settleInput) (hub.Quarantine, error) {
			return s.hub.SettleQuarantine(ctx, hub.SettleRequest{ID: in.ID, Act: in.Body.Act, DryRun: in.Body.DryRun})
		})
	follow := operation{"follow-alerts", http.MethodGet, "/v1/alerts/stream", "alerts", "Follow alerts as they are raised, as server-sent events"}
	register(s, follow, s.follow, func(o *huma.Operation) {
		o.Responses = map[string]*huma.Response{"200": {
			Description: "Events `alert`, with the alert's id and the alert as JSON; `problem` with a problem document, after which the stream ends; `end`. A comment every 15 seconds.",
			Content:     map[string]*huma.MediaType{eventStream: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
	})
}

const (
	eventStream = "text/event-stream"
	// beatEvery is how often a stream says that it lives; a client may take three times as much as its end.
	beatEvery = 15 * time.Second
)

// follow streams alerts until the caller goes, the node closes, or the hub fails.
func (s *server) follow(_ context.Context, in *followInput) (*huma.StreamResponse, error) {
	after := in.After
	if in.LastEvent != "" {
		after = in.LastEvent
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", eventStream)
		c.SetHeader("Cache-Control", "no-store")
		c.SetStatus(http.StatusOK)
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		defer context.AfterFunc(s.cfg.Closing, cancel)()
		e := &events{w: c.BodyWriter(), failed: cancel}
		defer e.beat(ctx)()
		err := s.hub.FollowAlerts(ctx, after, func(a hub.Alert) error { return e.send("alert", a.ID, a) })
		switch {
		case ctx.Err() != nil: // whoever follows comes back with the last id
		case err != nil:
			_ = e.send("problem", "", s.fail(ctx, err))
		default:
			_ = e.send("end", "", struct{}{})
		}
	}}, nil
}

// events writes server-sent events (HTML Living Standard, 9.2).
type events struct {
	failed func() // ends the stream

	mu sync.Mutex // held while writing
	w  io.Writer
}

// write sends text and flushes it: an event that lies in a buffer is none.
func (e *events) write(text string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, err := io.WriteString(e.w, text)
	if w, ok := e.w.(http.ResponseWriter); ok && err == nil {
		err = http.NewResponseController(w).Flush()
	}
	if err != nil {
		e.failed()
	}
	return err
}

// send writes one event. JSON has no line break of its own.
func (e *events) send(name, id string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("event: %s\ndata: %s\n\n", name, b)
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	return e.write(text)
}

// beat writes a comment at once, so that the caller knows that it is heard, and then every now and then.
// The function that it returns ends that.
func (e *events) beat(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for e.write(":\n\n") == nil {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() { cancel(); done.Wait() }
}
