// Package recovery goes on with a ledger whose voters have lost their quorum for good (specs/ledger.md,
// "Recovery"). It reads what the survivors hold, chooses the history to go on from, collects signatures
// and cosignatures over it, and says whether a node may follow it. It has no network: files travel by
// hand, between nodes that are stopped.
//
//	survivors  Survivor ──┐
//	                      ├─▶ Choose ─▶ Base ─▶ Draft ──▶ seats sign, witnesses cosign ──▶ seat enters ──▶ each node: Check, replica.Rebase
//	           Survivor ──┘   (longest that extends
//	                           all that is final)
//
// Why nobody can cut history with it. The recovery applies over exactly one tree. At least 3/4 of the
// seats sign it, each once an incarnation (two are proof, entry.Twice). A majority of all members'
// cosigner keys cosign the tree, each only after its own newest final checkpoint was found in it, so to
// leave out what was final takes a majority of members that agree to. And no node follows a tree that
// does not extend its own final.
//
// What leaks: to whoever is handed a survivor's file, the ledger.
package recovery
