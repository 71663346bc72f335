package telemetry

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// NewLogger writes guarded records of at least level to w: as text when w is a terminal, as JSON
// lines elsewhere.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(Guard(slog.NewTextHandler(w, o)))
	}
	return slog.New(Guard(slog.NewJSONHandler(w, o)))
}

// Public marks a hexadecimal text that anyone may see, such as a ledger id, a Merkle root or a
// segment's name. The guard lets it through where it would redact a plain string of that look.
// Never wrap anything that was computed from an indicator alone.
type Public string
