package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/crosslight/crosslight/node/hub"
)

// Consortium is a running consortium of separate processes, as the query bench needs it: one querier
// and four holders at least. Whoever runs the bench starts it and ends it.
type Consortium struct {
	Querier hub.Hub
	Holders []string // member names, at least four
	Purpose string
	// PartiesCPU returns the processor time that the querier's node and the first holder's node have
	// used so far, added.
	PartiesCPU func() (time.Duration, error)
}

// QueryOptions sets the size of the query bench.
type QueryOptions struct {
	N     int // elements of the long query
	Batch int // elements a message
	Asks  int // single questions to four holders, for the median
	Seed  uint64
	Now   time.Time
}

// ErrOptions reports options that measure nothing.
var ErrOptions = errors.New("bench: option out of range")

// Targets of the query bench.
const (
	limitPathOverCircl = 1.25
	limitPathOverOwn   = 1.25
	limitCirclOverOwn  = 1.5
	limitFourHoldersMS = 10
)

// Query measures the query three ways on the same inputs in one run: circl's VOPRF called bare, our
// engine called bare, and the whole path between two nodes that are separate processes.
func Query(ctx context.Context, o QueryOptions, c Consortium) (Result, error) {
	if o.N < 1 || o.Batch < 1 || o.Batch > 4096 || o.Asks < 1 || len(c.Holders) < 4 {
		return Result{}, ErrOptions
	}
	r := newResult("query", o.Seed, o.Now)
	r.Params["n"], r.Params["batch"], r.Params["asks"] = o.N, o.Batch, o.Asks
	r.Figures["n"], r.Figures["batch"] = o.N, o.Batch

	values := questions(o.Seed, o.N)
	inputs := make([][]byte, len(values))
	for i, v := range values {
		inputs[i] = []byte(v.Raw)
	}
	circlClient, circlServer, err := bareCircl(inputs, o.Batch)
	if err != nil {
		return Result{}, fmt.Errorf("bare circl: %w", err)
	}
	ownClient, ownServer, err := bareOwn(inputs, o.Batch)
	if err != nil {
		return Result{}, fmt.Errorf("own engine: %w", err)
	}
	path, err := wholePath(ctx, c, values)
	if err != nil {
		return Result{}, fmt.Errorf("whole path: %w", err)
	}
	median, err := fourHolders(ctx, c, o)
	if err != nil {
		return Result{}, fmt.Errorf("four holders: %w", err)
	}

	per := func(d time.Duration) float64 { return round(float64(d.Nanoseconds()) / 1000 / float64(o.N)) }
	r.Figures["circl_client_us"], r.Figures["circl_server_us"] = per(circlClient), per(circlServer)
	r.Figures["own_client_us"], r.Figures["own_server_us"] = per(ownClient), per(ownServer)
	r.Figures["path_cpu_us"] = per(path)
	r.Figures["four_holders_p50_ms"] = round(float64(median.Microseconds()) / 1000)
	circl, own := circlClient+circlServer, ownClient+ownServer
	r.Ratios["path_over_circl"] = round(float64(path) / float64(circl))
	r.Ratios["path_over_own"] = round(float64(path) / float64(own))
	r.Ratios["circl_over_own"] = round(float64(circl) / float64(own))
	r.target("path_over_circl", "<=", limitPathOverCircl)
	r.target("path_over_own", "<=", limitPathOverOwn)
	r.target("circl_over_own", ">=", limitCirclOverOwn)
	r.target("four_holders_p50_ms", "<=", limitFourHoldersMS)
	return r, nil
}

// questions makes n distinct digests from seed, in the form in which a feed carries digests.
func questions(seed uint64, n int) []hub.Value {
	rng := rand.New(rand.NewPCG(seed, 0x63726f73736c6967))
	values := make([]hub.Value, n)
	for i := range values {
		values[i] = hub.Value{Type: "email", Raw: fmt.Sprintf("digest:%016x%016x%016x%016x", rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64())}
	}
	return values
}

// wholePath asks the first holder about all values and returns both nodes' processor time.
func wholePath(ctx context.Context, c Consortium, values []hub.Value) (time.Duration, error) {
	if err := ask(ctx, c, values[:1], c.Holders[:1]); err != nil { // opens streams, mirrors the index
		return 0, err
	}
	before, err := c.PartiesCPU()
	if err != nil {
		return 0, err
	}
	if err := ask(ctx, c, values, c.Holders[:1]); err != nil {
		return 0, err
	}
	after, err := c.PartiesCPU()
	return after - before, err
}

// fourHolders asks four holders one question, many times over, and returns the median time.
func fourHolders(ctx context.Context, c Consortium, o QueryOptions) (time.Duration, error) {
	took := make([]time.Duration, 0, o.Asks)
	for _, v := range questions(o.Seed+1, o.Asks+1) {
		start := time.Now()
		if err := ask(ctx, c, []hub.Value{v}, c.Holders[:4]); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	took = took[1:] // the first opens streams
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	return took[len(took)/2], nil
}

func ask(ctx context.Context, c Consortium, values []hub.Value, holders []string) error {
	report, err := c.Querier.Query(ctx, hub.QueryRequest{Values: values, Holders: holders, Purpose: c.Purpose, Case: "bench"}, nil)
	if err != nil {
		return err
	}
	if report.Partial || report.ProofsVerified != int64(len(values)*len(holders)) {
		return fmt.Errorf("%d of %d evaluations came back: %v", report.ProofsVerified, len(values)*len(holders), report.Asked)
	}
	return nil
}
