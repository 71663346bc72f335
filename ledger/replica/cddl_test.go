package replica

import (
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// TestCDDL: the published schemas have the fields that the messages have.
func TestCDDL(t *testing.T) {
	for file, structs := range map[string]map[string]any{
		"ledger.cddl": {
			"raft-request": request{}, "raft-append": appendRequest{}, "raft-entry": logEntry{}, "raft-server": server{},
			"raft-vote": voteRequest{}, "raft-snapshot": snapshotRequest{}, "raft-reply": reply{}, "raft-point": point{},
			"snapshot-header": snapshotHeader{},
		},
		"history.cddl": {"history-ask": historyAsk{}, "history-head": historyHead{}},
	} {
		for _, words := range specs.SchemaDifference(file, structs) {
			t.Error(words)
		}
	}
}
