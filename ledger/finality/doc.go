// Package finality decides what binds. Raft's leader orders entries and may cheat: it can commit
// different histories at different nodes. This package is the rule by which voters that distrust one
// another agree on one, crosslight/finality/v1 (specs/finality.md): the two votes of Tendermint
// (Buchman, Kwon, Milosevic, arXiv 1807.04938) over Raft's log. Height is the checkpoint's number, round
// is raft's term, and one organisation is one voter. Of n voters b = ⌊(n−1)/3⌋ may do anything at all;
// a quorum is q = ⌊(n+b)/2⌋+1.
//
//	leader of the round        each voter                         everybody
//	Propose ──proposal──────▶  executed to there?
//	                           echo ─────────────────────────▶
//	                           q equal echoes of the round:
//	                           lock ─────────────────────────▶
//	                                                              q equal locks of one round: final
//	                           cosign (C2SP), only now ──────▶    q cosignatures prove it to anyone
//
// A voter echoes once a round, locks once a round, and never in a round before one in which it has
// voted. It echoes nothing but the value of the newest round in which it knows q equal echoes. A lock
// is such a quorum, and one of a later round is all that releases it; whoever is shown that for a
// history other than its own rebuilds first. A leader proposes by the same rule.
//
// # The machine
//
// [Machine] takes messages and raft's rounds, and gives out a [Ready]: what to keep and persist, then
// what to send, then what is final, what to cosign, whom it has caught, and from whom to rebuild. It
// has no clock, disk, network or goroutine; the node's own executed history and the voter sets are
// asked for through [History] and [Roster]. rule.go holds the decision alone, as a comparable value.
//
//	raft term, leader ─▶ Round   ┐              ┌─▶ Keep, State   (disk, first)
//	peer's message ────▶ Step    │              ├─▶ Send          (network)
//	leader's timer ────▶ Propose ├─▶ Machine ───┼─▶ Final, Cosign (log guard, cosigner key, clock)
//	fsm applied ───────▶ Executed│              ├─▶ Evidence, Fork
//	timer ─────────────▶ Resend  ┘              └─▶ Rebuild, NewRound
//
// # Why no two histories become final
//
// Assume at most b cheats, and call the others honest.
//
// (1) Two quorums share at least 2q−n > b voters, hence an honest one.
//
// (2) An honest voter signs at most one echo and one lock in a round, and its rounds never go back: it
// persists the vote and the round before it sends, and goes on from there after a crash.
//
// (3) So at one height and round at most one value has q echoes: an honest voter would have echoed two.
// An honest voter locks only a value that has q echoes in the same round, so at most one value can be
// locked by honest voters, and be final, in a round.
//
// (4) Let v be final in round r, L its q lockers, and suppose that some other value is echoed in a round
// after r by honest voters of L. Take the first such echo in time, of w by x in round r' > r. x locked v
// in r before that, since by (2) it would not have locked in r after a vote in r'. So x knew a quorum
// for v in r, persisted with its lock, and echoed w for knowing one for w in a round s > r (s = r is
// excluded by (3)). By (1) that quorum shares an honest voter with L, which echoed w in s > r before x
// did. Contradiction: honest voters of L echo nothing but v after r.
//
// (5) Were w final in r' > r, it would have q echoes in r', and by (1) one of an honest voter of L,
// against (4). r' = r is excluded by (3), and r' < r is the same with the names exchanged.
//
// (6) A vote at height h is signed by voters that have executed to the value over a history that holds
// what is final at h−1, so finals extend one another. Voters of h are a function of that history.
//
// (7) A cosigner signs what is final, over its own execution of it, so its key never signs two roots of
// a size.
//
// explore_test.go does not believe any of this: it walks through every state of a small scope.
//
// # Why finality comes
//
// Once messages between the honest arrive and an honest voter leads a round for long enough: all have
// been shown the newest quorum of echoes that any of them knows (Round, Resend), the leader has rebuilt
// to it from one of its echoers (more than b of them, so an honest one, which has kept the leaves:
// [Ready].Keep), proposes it, and nobody honest has a reason to refuse. The n−b ≥ q honest echo and
// lock. Raft's elections make rounds; a leader whose proposal cannot win asks for one (NewRound). With
// c crashes this needs n−c ≥ q live voters: 1 of 4, 1 of 5, 2 of 7 may be gone. That is less than Raft
// stands.
//
// # What more than b cheats can do
//
// q cheats can make two finals. Whoever sees both stops ([ErrFork]) with both certificates, which prove
// to anyone that more than b voters cheated, and name those that signed twice in one round. Who merely
// forgot a lock between two rounds is not named by a pair of signatures; see DESIGN.md.
//
// # What leaks
//
// To members: who votes for what and when, hence whose node is up, how fast it executes, and the
// cosigner's clock. Nothing of the entries beyond size and root. To others nothing; streams are
// encrypted. Evidence and certificates are meant to be shown: they hold key ids, heights, rounds, sizes
// and roots.
package finality
