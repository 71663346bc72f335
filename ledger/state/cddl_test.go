package state

import (
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// TestCDDL: what the state's hash is over is what the schema says.
func TestCDDL(t *testing.T) {
	for _, words := range specs.SchemaDifference("ledger.cddl", map[string]any{
		"state": image{}, "state-member": memberImage{}, "state-seq": seqImage{}, "state-proposal": proposalImage{},
		"state-audit": auditImage{}, "epoch": epochImage{},
	}) {
		t.Error(words)
	}
}
