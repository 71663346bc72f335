package telemetry

import (
	"slices"
	"sync"
)

// Check says why its part of the node is not ready, or nothing when it is.
type Check func() (reason string)

// Health is whether the node can do its work, and if not, why. It is safe for concurrent use.
type Health struct {
	mu     sync.Mutex
	names  []string
	checks map[string]Check
}

// NewHealth returns a Health without checks, which is ready.
func NewHealth() *Health { return &Health{checks: map[string]Check{}} }

// Register adds a check or replaces the one of the same name.
func (h *Health) Register(name string, check Check) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.checks[name]; !ok {
		h.names = append(h.names, name)
		slices.Sort(h.names)
	}
	h.checks[name] = check
}

// Reasons runs all checks and returns "name: reason" for each that is not ready, sorted by name;
// none means ready. Reasons are scrubbed as logs are.
func (h *Health) Reasons() []string {
	h.mu.Lock()
	names, checks := slices.Clone(h.names), make([]Check, len(h.names))
	for i, n := range names {
		checks[i] = h.checks[n]
	}
	h.mu.Unlock()
	reasons := []string{}
	for i, check := range checks {
		if reason := check(); reason != "" {
			reasons = append(reasons, names[i]+": "+scrub(reason))
		}
	}
	return reasons
}

// Failing returns a check that reports the last error set, until it is set to nil.
func Failing() (set func(error), check Check) {
	var mu sync.Mutex
	var last error
	return func(err error) {
			mu.Lock()
			defer mu.Unlock()
			last = err
		}, func() string {
			mu.Lock()
			defer mu.Unlock()
			if last == nil {
				return ""
			}
			return last.Error()
		}
}
