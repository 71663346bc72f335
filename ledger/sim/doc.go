// Package sim runs whole consortia of real replicas in one process on a network and on disks that fail
// as a seed says. Tests only; DESIGN.md has what was run and what came of it.
//
//	clients ─▶ System ─▶ replica.Replica ─▶ raft, guards, state machine ─▶ files, through Faults
//	   │                       │ Dial, Accept
//	   ▼                       ▼
//	Recorder ─▶ Judge      Network: latency, blocked links, resets ◀─ Storm, Partition
//	        └─▶ porcupine
//
// What is real: everything in ledger/replica and below it, hashicorp/raft, the database and snapshots in
// real files, every signature. What is simulated: time (testing/synctest: an hour takes seconds), the
// network (streams that keep their order and lose no byte, as TCP; each direction of each pair of hosts
// can be blocked by itself; the peer that dials is who it says it is), the errors of the disk. What is
// not: a crash inside a process (Abandon) keeps what the operating system was given, and closes the
// database in good order; [TestKill] kills real processes for that. No power is cut under a real disk,
// so that a disk which lies about a sync shows as [replica.Faults].Lie alone. libp2p is not here: its
// streams are tested in node/p2p and node/nodetest.
//
// A failure names its seed. Within one process the order of goroutines is the scheduler's, so a seed
// gives the same storm and the same clients but not the same interleaving; [TestReplay] runs seeds in
// child processes in which nothing depends on the machine, where they go the same way each time.
package sim
