package replica

import (
	"log/slog"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
)

// Config says which ledger is replicated, by whom and where.
type Config struct {
	// Dir is a folder of this replica's own; it is made if missing.
	Dir string
	// Self is this member's peer ID.
	Self string
	// Genesis is the ledger's first leaf. Its founders are raft's first voters.
	Genesis entry.SignedGenesis
	// Dial opens a stream of crosslight/raft/v1 to a member, whose Accept serves it.
	Dial DialFunc
	// Finality is nil where this replica goes by raft's word alone, as in tools and some tests.
	Finality *FinalityConfig
	// Logger may be nil.
	Logger *slog.Logger
	// Timing may be zero.
	Timing Timing
	// OnEvents, if set, hears what followed from each entry, in order and without a gap, from one
	// goroutine: the history that is re-executed at start first. nil stands for everything, after a
	// snapshot was executed or another history took the place of this node's own, and may come from
	// another goroutine. It must not block and must not call Submit or Close.
	OnEvents func([]state.Event)
	// OnEvidence, if set, hears of what another member did against the rules, from many goroutines, not
	// more often than once a minute for each member and reason. It must not block.
	OnEvidence func(Evidence)
}

// Timing holds raft's clocks. Zero fields take the defaults, which suit members in one region;
// Heartbeat and Election should be ten times the longest round trip between voters.
//
// A follower notices the loss of its leader after one to three Heartbeats: its timer draws between one and
// two, and begins again where it finds that the leader was heard of less than one ago. That is most of what
// a failover takes, so the default is half an Election. One that notices too early disturbs nobody: as long
// as the others hear the leader, they refuse it the vote before the vote (pre-vote).
type Timing struct {
	Heartbeat   time.Duration // without a leader before an election: 500 ms
	Election    time.Duration // of one candidacy, at least Heartbeat: 1 s, or Heartbeat where that is set
	LeaderLease time.Duration // without a quorum before a leader steps down, at most Heartbeat: 500 ms, or half of it
	Commit      time.Duration // between pushes of the commit index: 20 ms
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	if t.Heartbeat == 0 {
		t.Heartbeat = 500 * time.Millisecond
		set(&t.Election, 2*t.Heartbeat)
		set(&t.LeaderLease, t.Heartbeat)
	}
	set(&t.Election, t.Heartbeat)
	set(&t.LeaderLease, t.Heartbeat/2)
	set(&t.Commit, 20*time.Millisecond)
	return t
}

// rpc is how long a heartbeat or a vote may take: a lost stream must not outlive many elections.
func (t Timing) rpc() time.Duration { return max(2*t.Election, time.Second) }

// Snapshots are taken after that many entries, and that many stay in the log for laggards, who catch
// up from the log faster than from a snapshot as long as they are not far behind.
const (
	snapshotEvery    = 8192
	trailingEntries  = 10240
	snapshotInterval = 2 * time.Minute
	snapshotsKept    = 2
	cachedEntries    = 512
)

func raftConfig(self string, t Timing, log *slog.Logger) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(self)
	c.Logger = newRaftLogger(log)
	c.HeartbeatTimeout, c.ElectionTimeout = t.Heartbeat, t.Election
	c.LeaderLeaseTimeout, c.CommitTimeout = t.LeaderLease, t.Commit
	c.MaxAppendEntries, c.BatchApplyCh = maxEntries, true
	c.SnapshotThreshold, c.SnapshotInterval, c.TrailingLogs = snapshotEvery, snapshotInterval, trailingEntries
	c.ShutdownOnRemove = false
	c.NoLegacyTelemetry = true
	return c
}

func logPath(dir string) string { return filepath.Join(dir, "raft.db") }
