package replica

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/state"
)

// hooks are what only tests set: see OpenUnguarded and OpenFaulty.
type hooks struct {
	unguarded bool
	wrap      func(backend) backend // a failing disk
	raft      func(*raft.Config)    // snapshots sooner
	snapshots func(raft.SnapshotStore) raft.SnapshotStore
	files     func(Op, func() error) error // around each file of what is final that is written
	noSync    bool                         // the database stays in the operating system's memory
}

// Open reads what is on disk, checks and re-executes all of it, and takes part in the ledger. A
// founder's empty folder begins with the founding configuration, which the genesis gives; anybody
// else's waits for the leader. Errors: [ErrInUse], [ErrCorrupt], [ErrDisk], [ErrDiskFull], and the
// state's for a genesis that does not hold.
func Open(cfg Config) (*Replica, error) { return open(cfg, hooks{}) }

// TB is what *testing.T has and nothing in a running node does.
type TB interface {
	Helper()
	Failed() bool
	Logf(format string, args ...any)
}

// OpenUnguarded opens a replica without its gate and its guards, as bare raft would be, for tests that
// show what those are for.
func OpenUnguarded(t TB, cfg Config) (*Replica, error) {
	t.Helper()
	t.Logf("replica %s runs without its gate and guards", cfg.Self)
	return open(cfg, hooks{unguarded: true})
}

func open(cfg Config, with hooks) (*Replica, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Timing = cfg.Timing.withDefaults()
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, classify(err)
	}
	r, err := assemble(cfg, with)
	if err != nil {
		return nil, err
	}
	if err := r.openStore(cfg.Dir, with); err != nil {
		return nil, err
	}
	if r.history.decides {
		if r.decider, err = r.newDecider(*cfg.Finality, cfg.Dir, cfg.Genesis, with.files); err != nil {
			return nil, errors.Join(err, r.transport.Close(), r.closer())
		}
	}
	if err := r.start(cfg.Dir, with); err != nil {
		return nil, errors.Join(r.halt.named(err), r.transport.Close(), r.closer())
	}
	go r.reconcile()
	go r.fallSilent()
	if r.decider != nil {
		r.decider.watchLeader()
		go r.decider.run()
	}
	if with.unguarded {
		close(r.compared)
	} else {
		go r.compare()
	}
	return r, nil
}

// fallSilent takes a replica that has stopped off the network. Only the goroutine that met the failure
// has ended; a leader's others would go on with their heartbeats, and nobody would take its place.
func (r *Replica) fallSilent() {
	select {
	case <-r.halt.done:
		_ = r.transport.Close()
	case <-r.stop:
	}
}

// assemble makes a replica that has neither disk nor raft yet.
func assemble(cfg Config, with hooks) (*Replica, error) {
	r := &Replica{
		self: cfg.Self, log: cfg.Logger, timing: cfg.Timing, halt: newHalt(cfg.Logger), onEvents: cfg.OnEvents,
		gate:    newGate(cfg.Self, with.unguarded, 10*cfg.Timing.Election),
		changed: make(chan struct{}, 1), stop: make(chan struct{}), reconciled: make(chan struct{}), compared: make(chan struct{}),
	}
	r.gate.term = r.term
	var err error
	if r.history, err = newHistory(cfg.Genesis, r.happened); err != nil {
		return nil, err
	}
	r.history.unguarded = with.unguarded
	r.history.decides = cfg.Finality != nil && !with.unguarded
	r.follow()
	r.transport = newTransport(cfg.Self, r.gate, cfg.Dial, cfg.Timing.rpc(), cfg.Logger)
	r.transport.onReady = r.halt.arm
	r.transport.witness = newWitness(cfg.OnEvidence, cfg.Logger)
	return r, nil
}

// happened passes events on and acts on those that concern the replicas.
func (r *Replica) happened(events []state.Event) {
	if events == nil || slices.ContainsFunc(events, movesServers) {
		r.follow()
	}
	if r.onEvents != nil {
		r.onEvents(events)
	}
}

// movesServers says whether an event changes who replicates or who votes.
func movesServers(e state.Event) bool {
	switch e.Kind {
	case state.MemberAdmitted, state.MemberExpelled, state.VotersChanged, state.KeyRotated, state.LedgerRecovered:
		return true
	}
	return false
}

// follow gives the gate the voters of the state that was just reached.
func (r *Replica) follow() {
	r.View(func(s *state.State) { r.gate.setVoters(s.Voters()) })
	r.nudge()
}

func (r *Replica) openStore(dir string, with hooks) error {
	db, err := openDatabase(dir, with.noSync)
	if err != nil {
		return err
	}
	var disk backend = db
	if with.wrap != nil {
		disk = with.wrap(db)
	}
	r.store, r.closer = &records{inner: disk, halt: r.halt}, db.Close
	return nil
}

func (r *Replica) start(dir string, with hooks) error {
	config := raftConfig(r.self, r.timing, r.log)
	if with.raft != nil {
		with.raft(config)
	}
	files, err := raft.NewFileSnapshotStoreWithLogger(dir, snapshotsKept, config.Logger)
	if err != nil {
		return classify(err)
	}
	var disk raft.SnapshotStore = files
	if with.snapshots != nil {
		disk = with.snapshots(files)
	}
	snapshots := &snapGuard{SnapshotStore: disk, off: with.unguarded, history: r.history, drain: r.drain}
	newest, err := newestSnapshot(snapshots)
	if err != nil {
		return err
	}
	if err := r.guardLog(newest, with.unguarded); err != nil {
		return err
	}
	snapshots.log = r.guard
	if err := r.found(config, snapshots); err != nil {
		return err
	}
	if r.raft, err = r.newRaft(config, snapshots); err != nil {
		return err
	}
	r.atStart = r.raft.LastIndex()
	r.gate.leader = func() string { id, _ := r.Leader(); return id }
	r.gate.lastIndex = r.raft.LastIndex
	r.restored()
	r.running.Store(r.raft)
	r.transport.door.Store(&door{r, snapshots})
	return nil
}

// restored notes that the commands of the snapshot that raft began with are executed.
func (r *Replica) restored() {
	if index, err := strconv.ParseUint(r.raft.Stats()["last_snapshot_index"], 10, 64); err == nil {
		r.history.begin(index)
	}
}

// newestSnapshot returns what is known of the newest snapshot; its index is 0 without one.
func newestSnapshot(snapshots raft.SnapshotStore) (raft.SnapshotMeta, error) {
	list, err := snapshots.List()
	if err != nil || len(list) == 0 {
		return raft.SnapshotMeta{}, err
	}
	return *list[0], nil
}

// guardLog puts the guard around the log.
func (r *Replica) guardLog(newest raft.SnapshotMeta, off bool) error {
	r.guard = newLogGuard(r.store, off)
	r.View(func(s *state.State) { r.guard.founders = membersOf(s) }) // nothing is executed yet
	r.guard.members = func() (m map[string]bool) {
		r.View(func(s *state.State) { m = membersOf(s) })
		return m
	}
	r.guard.executed = func() uint64 {
		if running := r.running.Load(); running != nil {
			return running.AppliedIndex()
		}
		return newest.Index
	}
	var base placedConfig
	if newest.Index > 0 {
		base = placed(newest.ConfigurationIndex, newest.Configuration)
	}
	return r.guard.load(newest.Index, base)
}

// membersOf returns who stands on the ledger, and whether they vote.
func membersOf(s *state.State) map[string]bool {
	m := map[string]bool{}
	for _, id := range s.NonVoters() {
		m[id] = false
	}
	for _, id := range s.Voters() {
		m[id] = true
	}
	return m
}

func placed(index uint64, c raft.Configuration) placedConfig {
	servers := map[string]bool{}
	for _, s := range c.Servers {
		servers[string(s.ID)] = s.Suffrage == raft.Voter
	}
	return placedConfig{index, servers}
}

// found writes the founding configuration, the same on every founder, into an empty folder. A
// founder that lost its folder gets there again; the gate then keeps it from voting until the
// leader has given it the log back.
func (r *Replica) found(config *raft.Config, snapshots raft.SnapshotStore) error {
	var founders []string
	r.View(func(s *state.State) { founders = s.Voters() }) // of the genesis: nothing is executed yet
	exists, err := raft.HasExistingState(r.guard, r.store, snapshots)
	if err != nil || exists || !slices.Contains(founders, r.self) {
		return err
	}
	var servers []server
	for _, id := range founders {
		servers = append(servers, server{ID: id, Voter: true})
	}
	if err := checkServers(servers); err != nil {
		return err
	}
	return raft.BootstrapCluster(config, r.guard, r.store, snapshots, r.transport, fromServers(servers))
}

// newRaft starts raft. It panics on a log that does not begin where its snapshot ends.
func (r *Replica) newRaft(config *raft.Config, snapshots raft.SnapshotStore) (out *raft.Raft, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%w: the raft log does not begin where the newest readable snapshot ends", ErrCorrupt)
		}
	}()
	cache, err := raft.NewLogCache(cachedEntries, r.guard)
	if err != nil {
		return nil, err
	}
	out, err = raft.NewRaft(config, fsm{r.history, r.halt}, cache, r.store, snapshots, r.transport)
	if err = r.halt.named(err); err != nil && r.halt.failed() == nil && !errors.Is(err, ErrDisk) && !errors.Is(err, ErrDiskFull) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return out, err
}
