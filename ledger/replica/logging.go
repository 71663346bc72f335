package replica

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// quiet is how long a repeated warning of raft about one peer stays unsaid.
const quiet = 30 * time.Second

// raftLog passes raft's log on: what it calls info is debug for an operator; its errors are warnings,
// since none is ours to die of (halt.go has those), and a warning that repeats is said once in a
// while. It implements hclog.SinkAdapter.
type raftLog struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	said map[string]time.Time
}

func newRaftLogger(log *slog.Logger) hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: "raft", Output: io.Discard, Level: hclog.Off})
	logger.RegisterSink(&raftLog{log: log, now: time.Now, said: map[string]time.Time{}})
	return logger
}

// Accept implements hclog.SinkAdapter.
func (r *raftLog) Accept(_ string, level hclog.Level, msg string, args ...any) {
	to := slog.LevelDebug
	if level >= hclog.Warn {
		to = slog.LevelWarn
	}
	if !r.log.Enabled(context.Background(), to) || (to == slog.LevelWarn && r.repeats(msg, args)) {
		return
	}
	r.log.Log(context.Background(), to, "raft: "+msg, plain(args)...)
}

// repeats says whether the same warning about the same peer was given a short while ago.
func (r *raftLog) repeats(msg string, args []any) bool {
	key := msg
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == "peer" || args[i] == "server-id" {
			key += fmt.Sprint(args[i+1])
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if last, ok := r.said[key]; ok && now.Sub(last) < quiet {
		return true
	}
	if len(r.said) > 1000 { // a bound, should messages ever carry numbers
		clear(r.said)
	}
	r.said[key] = now
	return false
}

// plain renders hclog's deferred formats, which slog does not know.
func plain(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if f, ok := a.(hclog.Format); ok && len(f) > 0 {
			a = fmt.Sprintf(fmt.Sprint(f[0]), f[1:]...)
		}
		out[i] = a
	}
	return out
}
