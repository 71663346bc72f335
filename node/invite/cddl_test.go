package invite

import (
	"testing"

	"github.com/crosslight/crosslight/specs"
)

// TestCDDL: the published schema has the fields that the file has.
func TestCDDL(t *testing.T) {
	for _, words := range specs.SchemaDifference("ledger.cddl", map[string]any{"invitation": Invitation{}}) {
		t.Error(words)
	}
}
