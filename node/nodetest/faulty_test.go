package nodetest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node"
)

// TestAFaultyMember: what goes wrong at one member's machine, its clock or its disk, or changes much at a holder,
// is named there and keeps nobody else from working.
func TestAFaultyMember(t *testing.T) {
	t.Parallel()
	var skew clock       // of the police's machine
	var full atomic.Bool // the platform's disk
	c := New(t, Trio(), Options{Config: func(org string, cfg *node.Config) {
		switch org {
		case "police":
			cfg.Now = skew.now
		case "platform":
			cfg.Mirror.Free = func(string) (uint64, error) {
				if full.Load() {
					return 0, nil
				}
				return 0, errors.ErrUnsupported
			}
		}
	}})
	t.Run("compaction while members mirror and ask", func(t *testing.T) { compactWhileAsked(t, c) })
	t.Run("a full disk", func(t *testing.T) { fillDisk(t, c, &full) })
	t.Run("a clock a day ahead", func(t *testing.T) { clockAhead(t, c, &skew) })
	t.Run("a clock a day behind", func(t *testing.T) { clockBehind(t, c, &skew) })
}

const aDay = 24 * time.Hour
