// Package replica keeps one member's copy of the ledger in step with the others', over
// hashicorp/raft (specs/ledger.md, "Replication", crosslight/raft/v1). It is the only importer of
// raft.
//
//	Submit ─▶ raft log ─▶ majority of voters' disks ─▶ history.apply ─▶ state machine + leaf
//	                          │                            re-verifies every entry, rejects alike everywhere
//	         transport (CBOR over authenticated streams)
//	                          │
//	peer ─▶ Accept ─▶ frame ─▶ strict decoding ─▶ gate ─▶ door ─▶ raft ─▶ log and snapshot guards ─▶ disk
//
// Raft trusts whoever speaks to it. Between members that do not trust one another five things stand
// around it: the gate (gate.go) lets only voters of the ledger's own state speak, each in the name
// that its stream proved, since no message says who sends it; the records (records.go) carry a
// checksum each; the log guard (logguard.go) lets nobody rewrite what was executed, nor change the
// configuration but towards what the ledger admitted; the snapshot guard (snapguard.go) executes a
// peer's snapshot before it is on disk; and what a leader orders is executed only if the state machine
// accepts it, so that a leader can order, delay or leave out entries, but forge none. What is left to
// a voter is to have two nodes execute different entries at one index (P5 of the specification). Which
// of the two binds decides finality (finality.go, crosslight/finality/v1), and a node on the other side
// fetches it (finality_rebuild.go, crosslight/history/v1). DESIGN.md has the reasons.
//
// Messages. A request is a frame (package wire) of at most [MaxRequest] bytes with one of
// AppendEntries, RequestVote, PreVote, TimeoutNow, InstallSnapshot, which is followed by the bytes of
// the snapshot, and Point, with which voters compare their ledgers; each is answered by one frame of at most [MaxReply] bytes, in order.
//
// A founder whose folder is empty writes the founding configuration again and is then re-synced by
// the leader. Until it holds the log it votes for nobody who does (gate.vote), so what it once
// acknowledged cannot be voted away with its help. What remains: it has forgotten the votes of the
// term in which it lost the folder.
//
// What leaks: to voters, everything on the ledger, which is theirs to hold; to others, nothing.
package replica
