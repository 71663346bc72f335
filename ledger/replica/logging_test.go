package replica

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

func TestRaftLogIsQuiet(t *testing.T) {
	var out bytes.Buffer
	logger := newRaftLogger(slog.New(slog.NewTextHandler(&out, nil))) // at info, as an operator has it
	logger.Info("entering follower state", "leader", "x")
	logger.Debug("vote granted")
	if out.Len() != 0 {
		t.Errorf("said at info: %s", out.String())
	}
	for range 100 {
		logger.Warn("failed to contact", "server-id", "a", "time", "1s")
		logger.Error("failed to heartbeat to", "peer", "b", "error", "no route")
	}
	logger.Warn("failed to contact", "server-id", "c", "servers", hclog.Fmt("%+v", []string{"d"}))
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("%d lines instead of one a peer and message:\n%s", n, out.String())
	}
	if !strings.Contains(out.String(), "[d]") || strings.Contains(out.String(), "level=ERROR") {
		t.Errorf("lines are not rendered:\n%s", out.String())
	}
}
