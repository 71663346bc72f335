// Package witness cosigns the checkpoints of ledgers that somebody else runs: a member without a vote, an
// auditor, a regulator. It implements "Witness" of crosslight/checkpoints/v1 (specs/checkpoints.md), which
// is C2SP tlog-witness for Crosslight's ledgers.
//
//	ledger                                witness
//	old size, path, checkpoint ────────▶  one encoding? (400)  a ledger I know? (404)
//	                                      signed as I ask? (403)  old size not beyond the new? (400)
//	                                      old size the one I hold, and one root at one size? (409, my size)
//	                                      does the path lead from mine? (422)
//	                                      keep it on disk, and only then sign
//	          ◀────────────  cosignature
//
// [Witness] is bytes in, bytes out; its disk is a [Store], its clock a function, and what it asks of a
// checkpoint a [github.com/crosslight/crosslight/ledger/tlog.Policy] for each ledger. [Client] is the other
// side.
//
// [Follower] is a member's node without a vote: it holds every entry, so it needs no proof of growth, and cosigns
// what is final with it once what it cosigned before stands in the history that it has executed.
//
// A witness holds one thing of each ledger, the newest checkpoint that it cosigned, and nothing that it
// cosigns later contradicts it. So whoever recovers a ledger cannot cut its history: a base that is shorter,
// or another, than what a witness has seen gets no cosignature of it. That holds while its disk does: a
// witness whose folder was lost or put back from a copy must take a new key.
//
// What leaks: a witness learns size and root of the ledger and when it grows. Whoever can reach it learns
// the size that it holds, if they have a checkpoint with the signatures that it asks for.
package witness
