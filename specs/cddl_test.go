package specs

import (
	"slices"
	"testing"
)

// TestMapKeys: what is read of a schema is what stands there, maps within maps left out.
func TestMapKeys(t *testing.T) {
	maps, err := MapKeys("ledger.cddl")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"set-voter": {"1", "2"}, "raft-request": {"1", "?2", "?3", "?4", "?5", "?6", "?7"}, "state-seq": {"1", "2"},
		"recovery": {"1", "2"}, "invitation": {"1", "2", "3", "4", "5"},
	} {
		if !slices.Equal(maps[name], want) {
			t.Errorf("%s: %q", name, maps[name])
		}
	}
	type wrong struct {
		A int `cbor:"1,keyasint"`
		B int `cbor:"3,keyasint"`
		c int
	}
	_ = wrong{}.c
	if len(SchemaDifference("ledger.cddl", map[string]any{"set-voter": wrong{}, "no-such-map": wrong{}})) != 2 {
		t.Error("a difference is not seen")
	}
}
