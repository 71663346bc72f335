package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/replica/baseline"
)

// LedgerOptions sets the size of the ledger bench.
type LedgerOptions struct {
	Dir     string // an empty folder on the disk that is measured, too
	Voters  int    // 3 to 5
	Writers int    // each has a key of its own and one entry under way
	Entries int    // of each writer in a round
	Rounds  int    // of each contender, in turn
	Restart int    // entries on the ledger of the node that restarts; 0 leaves that out
	Seed    uint64
	Now     time.Time
	Say     func(string) // progress; may be nil
}

// Targets of the ledger bench.
const (
	minThroughputOverChecked = 1 / 1.1
	maxLatencyOverChecked    = 1.1
	maxRestart               = 10.0
)

// raftTiming is that of a node, which all contenders get.
var raftTiming = replica.Timing{
	Heartbeat: time.Second, Election: time.Second, LeaderLease: 500 * time.Millisecond, Commit: 20 * time.Millisecond,
}

// Ledger measures in one run, on loopback and on one disk, what it costs to commit an entry: raft alone
// over TCP, the same with a state machine that checks each entry's signature on every node, and this
// ledger over libp2p. All three order envelopes of the same kind, signed before the clock runs; the
// voters and the writers are in this process. The checked raft decodes an envelope and verifies its
// signature once on each node, on all cores; it does not ask first whether the entry will stand, and
// keeps no tree and no state. Finality is off in these three; a fourth cluster, after them, is this ledger
// with it, and shows how much later than committed an entry is final.
func Ledger(ctx context.Context, o LedgerOptions) (Result, error) {
	if o.Voters < 3 || o.Voters > 5 || o.Writers < 1 || o.Writers > 200 || o.Entries < 1 || o.Rounds < 1 || o.Restart < 0 {
		return Result{}, ErrOptions
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	c, err := foundConsortium(o)
	if err != nil {
		return Result{}, err
	}
	racers, own, err := openRacers(ctx, o, c)
	defer func() {
		for _, r := range racers {
			_ = r.close()
		}
	}()
	if err != nil {
		return Result{}, err
	}
	for round := range o.Rounds + 1 { // the first warms up and does not count
		for _, r := range racers {
			if err := r.run(ctx, o, c, round > 0); err != nil {
				return Result{}, fmt.Errorf("%s, round %d: %w", r.name, round, err)
			}
			if round > 0 {
				o.Say(fmt.Sprintf("round %d of %d: %s, %.0f a second", round, o.Rounds, r.name, r.rates[round-1]))
			}
		}
	}
	out := ledgerResult(o, racers)
	if o.Restart > 0 {
		o.Say(fmt.Sprintf("filling the ledger up to %d entries, then restarting a node", o.Restart))
		took, err := own.restart(ctx, o, c, racers[len(racers)-1])
		if err != nil {
			return Result{}, fmt.Errorf("restart: %w", err)
		}
		out.Figures["restart_s"] = round(took.Seconds())
		out.target("restart_s", "<=", maxRestart)
	}
	for len(racers) > 0 { // they would go on electing and confirming beside what comes now
		r := racers[0]
		racers = racers[1:]
		if err := r.close(); err != nil {
			return Result{}, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	if err := measureFinal(ctx, o, c, &out); err != nil {
		return Result{}, fmt.Errorf("final: %w", err)
	}
	return out, nil
}

// openRacers starts the three, in the order in which they run.
func openRacers(ctx context.Context, o LedgerOptions, c *consortium) ([]*racer, *ownCluster, error) {
	var racers []*racer
	for _, b := range []struct {
		name  string
		check baseline.Check
	}{{"bare", nil}, {"checked", c.check}} {
		dir := filepath.Join(o.Dir, b.name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return racers, nil, err
		}
		cluster, err := baseline.Open(dir, o.Voters, raftTiming, b.check)
		if err != nil {
			return racers, nil, fmt.Errorf("%s: %w", b.name, err)
		}
		racers = append(racers, newRacer(b.name, o.Writers, cluster.Submit, cluster.Applied, cluster.Close))
	}
	o.Say(fmt.Sprintf("founding %d voters and admitting %d members, each with a key that writes", o.Voters, o.Writers-o.Voters))
	own, err := openOwn(ctx, filepath.Join(o.Dir, "own"), c, false)
	if own != nil {
		racers = append(racers, newRacer("own", o.Writers, own.submit, own.applied, own.close))
	}
	return racers, own, err
}

// check is the checked raft's state machine: what a node does about one envelope's form and signature.
func (c *consortium) check(raw []byte) error {
	e, err := entry.Parse(raw)
	if err != nil {
		return err
	}
	key, ok := c.operators[e.Envelope().SignerKey]
	if !ok {
		return entry.ErrUnknownKey
	}
	_, err = e.Verify(key)
	return err
}

func ledgerResult(o LedgerOptions, racers []*racer) Result {
	r := newResult("ledger", o.Seed, o.Now)
	r.Params["voters"], r.Params["entries"], r.Params["rounds"] = o.Voters, o.Entries, o.Rounds
	r.Params["restart_entries"] = o.Restart
	r.Figures["writers"] = o.Writers
	per, p50 := map[string]float64{}, map[string]float64{}
	for _, x := range racers {
		per[x.name], p50[x.name] = x.perSecond(), x.median()
		r.Figures[x.name+"_per_s"], r.Figures[x.name+"_p50_ms"] = round(per[x.name]), round(p50[x.name])
		r.Figures[x.name+"_cpu_us"] = round(x.perEntry())
	}
	r.Ratios["throughput_over_checked"] = round(per["own"] / per["checked"])
	r.Ratios["throughput_over_bare"] = round(per["own"] / per["bare"])
	r.Ratios["latency_over_checked"] = round(p50["own"] / p50["checked"])
	r.target("throughput_over_checked", ">=", round(minThroughputOverChecked))
	r.target("latency_over_checked", "<=", maxLatencyOverChecked)
	return r
}
