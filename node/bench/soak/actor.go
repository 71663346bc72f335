package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// actor is one member's people: they do one thing after the other.
type actor struct {
	s     *soak
	m     Member
	i     int
	rng   *rand.Rand
	batch int    // imports begun
	watch string // its id
}

func newActor(s *soak, m Member, i int) *actor {
	return &actor{s: s, m: m, i: i, rng: rand.New(rand.NewPCG(s.o.Seed, uint64(i)))}
}

// act works until within ends. What is under way then is finished, under ctx: a request that is given up
// may still be carried out, after resolve has looked. What breaks because the node was killed is found
// out about later.
func (a *actor) act(ctx, within context.Context) {
	for within.Err() == nil {
		err := a.resolve(ctx)
		if err == nil {
			err = a.step(ctx)
		}
		if err != nil && ctx.Err() == nil {
			a.s.count(func(r *Report) { r.Broken++ })
		}
		pause(within, time.Duration(a.rng.Int64N(int64(a.s.o.Pause))))
	}
}

func (a *actor) step(ctx context.Context) error {
	switch n := a.rng.IntN(10); {
	case n < 2:
		return a.importSome(ctx)
	case n < 3:
		return a.withdraw(ctx)
	}
	return a.ask(ctx)
}

// pick draws distinct values of the pool that ok allows; it may find fewer than it looks for.
func (a *actor) pick(ok func(int) bool) []int {
	var out []int
	seen := map[int]bool{}
	for range 4 * a.s.o.Batch {
		v := a.rng.IntN(a.s.o.Pool)
		if len(out) < a.s.o.Batch && !seen[v] && ok(v) {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

func (a *actor) importSome(ctx context.Context) error {
	values := a.pick(func(v int) bool { return a.s.model.free(a.i, v) })
	if len(values) == 0 {
		return nil
	}
	h, err := a.m.Hub()
	if err != nil {
		return err
	}
	a.batch++
	name := reference(a.i, a.batch)
	a.s.model.begin(a.i, name, values)
	report, err := h.Import(ctx, strings.NewReader(feed(values, func(int) string { return name })), hub.FeedOptions{Format: "csv"})
	if err != nil {
		return err // in doubt until resolve has looked
	}
	if report.Imported != int64(len(values)) {
		a.s.count(func(r *Report) { r.Torn++ })
	}
	a.s.model.settled(a.i, name, true)
	a.s.count(func(r *Report) { r.Imports++; r.Imported += int64(len(values)) })
	return nil
}

func (a *actor) withdraw(ctx context.Context) error {
	there := a.s.model.references(a.i, false)
	if len(there) == 0 {
		return nil
	}
	h, err := a.m.Hub()
	if err != nil {
		return err
	}
	name := there[a.rng.IntN(len(there))]
	a.s.model.leaving(a.i, name)
	report, err := h.Withdraw(ctx, hub.WithdrawRequest{Reference: name})
	if err != nil {
		return err
	}
	if report.Withdrawn != int64(a.s.model.size(a.i, name)) {
		a.s.count(func(r *Report) { r.Torn++ })
	}
	a.s.model.settled(a.i, name, false)
	a.s.count(func(r *Report) { r.Withdrawals++ })
	return nil
}

// resolve finds out about everything that is in doubt: how many values a reference has tells whether the
// import, or the withdrawal, happened.
func (a *actor) resolve(ctx context.Context) error {
	for _, name := range a.s.model.references(a.i, true) {
		h, err := a.m.Hub()
		if err != nil {
			return err
		}
		n, err := countUnder(ctx, h, name)
		if err != nil {
			return err
		}
		if n != 0 && n != a.s.model.size(a.i, name) {
			a.s.count(func(r *Report) { r.Torn++ })
		}
		a.s.model.settled(a.i, name, n != 0)
	}
	return nil
}

func countUnder(ctx context.Context, h hub.Hub, reference string) (n int, err error) {
	f := hub.IndicatorFilter{Reference: reference, PageRequest: hub.PageRequest{Limit: 1000}}
	for {
		page, err := h.Indicators(ctx, f)
		if err != nil {
			return 0, err
		}
		n += len(page.Indicators)
		if page.Next == "" {
			return n, nil
		}
		f.Cursor = page.Next
	}
}

func (a *actor) ask(ctx context.Context) error {
	_, err := a.question(ctx, a.pick(func(int) bool { return true }))
	return err
}

// question asks all holders about values, and holds every answer that came in full against the model. It
// says whether all of them did.
func (a *actor) question(ctx context.Context, values []int) (whole bool, err error) {
	h, err := a.m.Hub()
	if err != nil {
		return false, err
	}
	start := time.Now()
	report, err := h.Query(ctx, hub.QueryRequest{
		Feed: hub.FeedOptions{Format: "csv"}, Purpose: a.s.o.Purpose, Case: "soak",
	}, strings.NewReader(feed(values, strconv.Itoa)))
	if err != nil {
		return false, err
	}
	found, err := foundBy(report)
	if err != nil {
		return false, err
	}
	for _, asked := range report.Asked {
		if asked.Status == "ok" {
			a.judge(asked.Member, values, found[asked.Member], start)
		}
	}
	a.s.count(func(r *Report) { r.Questions++; r.Matches += int64(len(report.Matches)) })
	return !report.Partial, nil
}

func (a *actor) judge(member string, values []int, found map[int]bool, start time.Time) {
	holder := a.s.model.index[member]
	for _, v := range values {
		switch want := a.s.model.expect(a.i, holder, v, start); {
		case want == present && !found[v]:
			a.s.count(func(r *Report) { r.Missed++ })
			a.s.o.Say(fmt.Sprintf("%s did not find value %d at %s", a.m.Name, v, member))
		case want == absent && found[v]:
			a.s.count(func(r *Report) { r.Spurious++ })
			a.s.o.Say(fmt.Sprintf("%s found value %d at %s, which does not hold it", a.m.Name, v, member))
		}
	}
}

// foundBy sorts matches by holder. The reference of a question's line is the number of its value.
func foundBy(report hub.QueryReport) (map[string]map[int]bool, error) {
	out := map[string]map[int]bool{}
	for _, m := range report.Matches {
		if m.Reference == nil {
			return nil, fmt.Errorf("a match came without the reference of its line")
		}
		v, err := strconv.Atoi(*m.Reference)
		if err != nil {
			return nil, fmt.Errorf("a match came with a foreign reference: %w", err)
		}
		if out[m.Holder] == nil {
			out[m.Holder] = map[int]bool{}
		}
		out[m.Holder][v] = true
	}
	return out, nil
}

func feed(values []int, reference func(int) string) string {
	var b strings.Builder
	b.WriteString("type,value,category,reference\n")
	for _, v := range values {
		fmt.Fprintf(&b, "email,%s,sextortion,%s\n", value(v), reference(v))
	}
	return b.String()
}
