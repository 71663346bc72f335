package soak

import (
	"slices"
	"strconv"
	"sync"
	"time"
)

// model is what each member holds. Times are those of the machine that drives the soak.
type model struct {
	settle time.Duration
	mu     sync.Mutex
	held   []map[int]*span      // a member, a value of the pool: its last state
	batch  []map[string]*bundle // a member, a reference: what was imported under it
	up     []time.Time          // a member: when its node was last ready
	down   []bool
	index  map[string]int // a member's name
}

// span is the time during which a member held a value. A zero end is "still"; doubt is a change under
// way or one whose outcome is not known.
type span struct {
	since, until time.Time
	doubt        bool
}

// bundle is one import: all of it is there, or nothing.
type bundle struct {
	values []int
	gone   bool
	doubt  bool // of whether it came, or went
}

func newModel(o Options, members []Member) *model {
	m := &model{settle: o.Settle, index: map[string]int{}}
	for i, member := range members {
		m.index[member.Name] = i
		m.held = append(m.held, map[int]*span{})
		m.batch = append(m.batch, map[string]*bundle{})
	}
	m.up, m.down = make([]time.Time, len(members)), make([]bool, len(members))
	return m
}

// begin notes that an import is under way, of values that the member does not hold.
func (m *model) begin(member int, reference string, values []int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batch[member][reference] = &bundle{values: values, doubt: true}
	for _, v := range values {
		m.held[member][v] = &span{since: time.Now(), doubt: true}
	}
}

// leaving notes that a withdrawal is under way.
func (m *model) leaving(member int, reference string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.change(member, reference, func(s *span) { s.doubt = true })
	m.batch[member][reference].doubt = true
}

// settled notes how a bundle stands after a change: all of it there, or nothing.
func (m *model) settled(member int, reference string, there bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.change(member, reference, func(s *span) {
		s.doubt = false
		if there {
			s.since = now
		} else {
			s.until = now
		}
	})
	b := m.batch[member][reference]
	b.doubt, b.gone = false, !there
}

func (m *model) change(member int, reference string, f func(*span)) {
	for _, v := range m.batch[member][reference].values {
		f(m.held[member][v])
	}
}

// free returns whether a member may import a value: it does not hold it, and did not lately.
func (m *model) free(member, v int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.held[member][v]
	return !ok || !s.doubt && !s.until.IsZero() && time.Since(s.until) > 2*m.settle
}

// references returns the bundles of a member, in order: those in doubt, or those that stand.
func (m *model) references(member int, doubt bool) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for r, b := range m.batch[member] {
		if b.doubt == doubt && (doubt || !b.gone) {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// size is how many values a bundle has.
func (m *model) size(member int, reference string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.batch[member][reference].values)
}

// state changes whether a member's node runs.
func (m *model) state(member int, down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down[member] = down
	m.up[member] = time.Now()
}

// expectation of one value at one holder.
type expectation int

const (
	either expectation = iota
	present
	absent
)

// expect says what a question that began at start and ended now has to find. A holder or a querier
// that came up lately is given the settling time, too.
func (m *model) expect(querier, holder, v int, start time.Time) expectation {
	m.mu.Lock()
	defer m.mu.Unlock()
	quiet := start.Add(-m.settle)
	s, ok := m.held[holder][v]
	if !ok {
		return absent
	}
	if s.doubt || m.late(querier, quiet) || m.late(holder, quiet) {
		return either
	}
	if s.until.IsZero() {
		if s.since.Before(quiet) {
			return present
		}
		return either
	}
	if s.until.Before(quiet) {
		return absent
	}
	return either
}

// holds are the values that a member has now. The caller has resolved all doubt.
func (m *model) holds(member int) (out []int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for v, s := range m.held[member] {
		if s.until.IsZero() {
			out = append(out, v)
		}
	}
	return out
}

// everHeld says whether a member ever held a value, or began to import it.
func (m *model) everHeld(member, v int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.held[member][v]
	return ok
}

func (m *model) late(member int, quiet time.Time) bool {
	return m.down[member] || m.up[member].After(quiet)
}

// holding is what a member must hold now. The caller has resolved all doubt.
func (m *model) holding(member int) map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int{}
	for r, b := range m.batch[member] {
		if !b.gone {
			out[r] = len(b.values)
		}
	}
	return out
}

// reference names the n-th import of a member.
func reference(member, n int) string { return "SOAK-" + strconv.Itoa(member) + "-" + strconv.Itoa(n) }

func (m *model) isDown(member int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down[member]
}
