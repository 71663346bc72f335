package fetch

import (
	"maps"
	"slices"
	"strings"
)

// UpdateError says which of a holder's indexes are not up to date, and why. What is in it can be found
// with errors.Is and errors.As; to judge one indicator type, ask [UpdateError.Of].
type UpdateError struct {
	Types map[string]error // by indicator type; types that are not in it are up to date
	All   error            // the holder's manifests did not come: nothing is known of any type
}

// Of returns what went wrong with one indicator type, or nil: then its index is as the holder's
// manifest lists it, or the holder has none.
func (e *UpdateError) Of(typ string) error {
	if e.All != nil {
		return e.All
	}
	return e.Types[typ]
}

// Error lists all of them, by type.
func (e *UpdateError) Error() string {
	var parts []string
	if e.All != nil {
		parts = append(parts, e.All.Error())
	}
	for _, t := range e.types() {
		parts = append(parts, t+": "+e.Types[t].Error())
	}
	return "mirror: " + strings.Join(parts, "; ")
}

// Unwrap returns all of them, by type.
func (e *UpdateError) Unwrap() []error {
	var out []error
	if e.All != nil {
		out = append(out, e.All)
	}
	for _, t := range e.types() {
		out = append(out, e.Types[t])
	}
	return out
}

func (e *UpdateError) types() []string { return slices.Sorted(maps.Keys(e.Types)) }
