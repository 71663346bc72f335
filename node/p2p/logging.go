package p2p

import (
	"context"
	"log/slog"
	"sync"

	"github.com/libp2p/go-libp2p/gologshim"
)

// libp2p has one log a process; the first host's logger gets it.
var libp2pLog sync.Once

func takeLibp2pLog(l *slog.Logger) {
	libp2pLog.Do(func() { gologshim.SetDefaultHandler(demoted{l.Handler()}) })
}

// demoted passes the log of libp2p and its gossip on as debug, whatever they call it: what matters to an operator
// comes back to us as an error. Closing a listener is one to libp2p, and each message that comes is worth a warning
// to a gossip that has no connection manager to tell.
type demoted struct{ to slog.Handler }

func (d demoted) Enabled(ctx context.Context, _ slog.Level) bool {
	return d.to.Enabled(ctx, slog.LevelDebug)
}

func (d demoted) Handle(ctx context.Context, r slog.Record) error {
	r.Level, r.PC = slog.LevelDebug, 0
	return d.to.Handle(ctx, r)
}

func (d demoted) WithAttrs(a []slog.Attr) slog.Handler { return demoted{d.to.WithAttrs(a)} }
func (d demoted) WithGroup(name string) slog.Handler   { return demoted{d.to.WithGroup(name)} }
