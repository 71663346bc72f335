// Package audit writes a ledger out and verifies what was written out: offline, without a node and
// without a key. It implements "Export" of crosslight/ledger/v1 (specs/ledger.md).
//
//	leaves, cosignatures ──Export──► Sink: tile/entries/… tile/0/… … handover/… checkpoint   (a folder or a tar stream)
//	folder ──Verify──► Report | what is wrong, and in which file
//
// An export is the C2SP tlog-tiles form of the log and, where it is final, the last checkpoint of each
// voter set that has ended; nothing else: the size in its checkpoint, and the entries, say which files
// there are. Verify takes nobody's word: it executes every entry again from the genesis on,
// recomputes every tile and the root, and wants each signature under the checkpoint to be by the log
// key of a member at that size. Every byte of an export is thus bound: a changed one fails, and so does
// a changed vote under hashes that were all computed anew, since the vote's own signature is void.
//
// An export is final, when exactly a quorum of its voters cosigned the checkpoint, or one member's word.
// What neither shows is whether there is a longer ledger, and the second not even whether there is another
// one of the same id that a member's log key also signed.
//
// What leaks: an export holds everything that members read on the ledger, and no more.
package audit

import (
	"errors"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// Why an export does not verify, or could not be written.
var (
	// ErrLayout reports files or folders that are missing, unlisted, or not regular.
	ErrLayout = errors.New("the export does not consist of the files it should")
	// ErrCheckpoint reports a checkpoint that is malformed or says what the entries do not.
	ErrCheckpoint = errors.New("the checkpoint does not hold")
	// ErrSignature reports a checkpoint with a signature that is not by a member's log key.
	ErrSignature = errors.New("the checkpoint is not signed by the log keys of members")
	// ErrCosignature reports a checkpoint, or that of a hand-over, with cosignatures that are not by exactly
	// a quorum of its voters.
	ErrCosignature = errors.New("the checkpoint is not cosigned by a quorum of its voters")
	// ErrNotFinal reports an export that only one member signed, where a final one was asked for.
	ErrNotFinal = errors.New("the export is signed by a member alone, and does not prove that it is final")
	// ErrTile reports a tile that is not the one which follows from the entries.
	ErrTile = errors.New("a tile does not follow from the entries")
	// ErrEntry reports an entry that the ledger's rules refuse at its place.
	ErrEntry = errors.New("an entry does not hold")
	// ErrPinned reports a ledger other than the one that was asked for.
	ErrPinned = errors.New("this is another ledger than the one it should be")
	// ErrExists reports a target folder that is not empty.
	ErrExists = errors.New("the target folder exists and is not empty: name another")
	// ErrSource reports leaves that do not give the size and root that the export was to have.
	ErrSource = errors.New("the ledger's leaves do not give its root")
)

// checkpointName is the one file that is no tile.
const checkpointName = "checkpoint"

// Report is what a verified export says.
type Report struct {
	LedgerID  [32]byte
	Size      uint64
	Root      [32]byte
	StateHash [32]byte
	CreatedAt uint64   // Unix seconds, as the genesis has it
	Signers   []string // members whose log keys signed the checkpoint, in ascending order
	Trial     bool     // fewer than four voters: the ledger stands no cheat
	// Final says that a quorum of the voters cosigned the checkpoint: no other history of this ledger is
	// final, unless more of them cheat than it stands. Otherwise it is Signers' word alone.
	Final      bool
	Cosigners  []string // the quorum, in ascending order; empty when not final
	CosignedAt uint64   // Unix seconds, the oldest of their cosignatures; 0 when not final
	Policy     uint64   // version in force
	Members    []state.Member
	Proposals  []state.Proposal
	// Checkpoint is the one of the export, as others can be shown it.
	Checkpoint tlog.CosignedCheckpoint

	state  *state.State
	voters voterSet // sign the sizes beyond this one
	sets   []finality.Voters
	tree   *tlog.Tree // nil without Options.Proofs
}

// Prove returns the path from an earlier size to the export's, which a witness wants to see. The error is
// that of [tlog.Tree.Consistency], or says that the tree was not kept.
func (r Report) Prove(old uint64) ([]tlog.Hash, error) {
	if r.tree == nil {
		return nil, errors.New("the export was verified without keeping its tree")
	}
	return r.tree.Consistency(old, r.Size)
}

// Watch is what a witness of this ledger asks of its next checkpoint: a log key of a member, and, with
// voters, cosignatures of a quorum of those that vote now. It holds until keys or voters change.
func (r Report) Watch(voters bool) tlog.Policy {
	p := tlog.Policy{Origin: r.Checkpoint.Origin}
	for _, m := range r.Members {
		p.LogKeys = append(p.LogKeys, tlog.LogKey(p.Origin, m.Keys.Log))
	}
	if voters {
		p.Cosigners, p.Threshold = r.voters.keys, r.voters.quorum
	}
	return p
}
