// Package replica keeps one member's copy of the ledger in step with the others', over
// hashicorp/raft (specs/ledger.md, "Replication", crosslight/raft/v1). It is the only importer of
// raft.
//
//	Submit ─▶ raft log ─▶ majority of voters' disks ─▶ history.apply ─▶ state machine + leaf
//	                          │                            re-verifies every entry, rejects alike everywhere
//	         transport (CBOR over authenticated streams)
//	                          │
//	peer ─▶ Accept ─▶ frame ─▶ strict decoding ─▶ gate ─▶ raft
//
// Raft trusts whoever speaks to it. Between members that do not trust one another four things stand
// around it: the gate (gate.go) lets only voters of the ledger's own state speak, each in the name
// that its stream proved, since no message says who sends it; the records (records.go) carry a
// checksum each; a configuration changes only to what the ledger admitted (reconcile.go); and what a
// leader orders is executed only if the state machine accepts it, so that a leader can order, delay
// or leave out entries, but forge none. What a voter may still do to raft's own log (attacks P3 to
// P7 of the specification) is for the log and snapshot guards, whose places are records.StoreLogs,
// records.DeleteRange and history.restore.
//
// Messages. A request is a frame (package wire) of at most [MaxRequest] bytes with one of
// AppendEntries, RequestVote, PreVote, TimeoutNow and InstallSnapshot, the last followed by the bytes
// of the snapshot; each is answered by one frame of at most [MaxReply] bytes, in order.
//
// A founder whose folder is empty writes the founding configuration again and is then re-synced by
// the leader. Until it holds the log it votes for nobody who does (gate.vote), so what it once
// acknowledged cannot be voted away with its help. What remains: it has forgotten the votes of the
// term in which it lost the folder.
//
// What leaks: to voters, everything on the ledger, which is theirs to hold; to others, nothing.
package replica
