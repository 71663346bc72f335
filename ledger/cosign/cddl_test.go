package cosign

import (
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// TestCDDL: the published schema has the fields that the messages have.
func TestCDDL(t *testing.T) {
	for _, words := range specs.SchemaDifference("checkpoints.cddl", map[string]any{"cosign-request": Request{}, "cosign-response": Response{}}) {
		t.Error(words)
	}
}
