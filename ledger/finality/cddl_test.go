package finality

import (
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// TestCDDL: the published schema has the fields that the messages have.
func TestCDDL(t *testing.T) {
	for _, words := range specs.SchemaDifference("finality.cddl", map[string]any{
		"statement": statementWire{}, "signed": signedWire{}, "certificate": certificateWire{}, "vote": voteWire{},
		"cosignature": cosignatureWire{}, "message": messageWire{}, "evidence": evidenceWire{}, "state": stateWire{},
	}) {
		t.Error(words)
	}
}
