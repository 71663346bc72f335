package forward

import (
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// TestCDDL: the published schema has the fields that the messages have.
func TestCDDL(t *testing.T) {
	for _, words := range specs.SchemaDifference("ledger.cddl", map[string]any{"submit-request": Request{}, "submit-response": Response{}}) {
		t.Error(words)
	}
}
