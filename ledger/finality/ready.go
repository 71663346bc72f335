package finality

import "github.com/crosslight/crosslight/protocol/member"

// Ready is what a machine wants done, in the order of the fields. The caller
//
//  1. sees to Keep, and writes State, synced, in place of the state before it; a failure is fatal;
//  2. sends Send; losing, delaying or repeating a message does no harm;
//  3. acts on Final: acknowledges writes, moves the log guard's hard line, takes permissions from there;
//  4. cosigns Cosign with the cosigner key and its clock, keeps the result, sends it as a [Message];
//  5. keeps Evidence and Fork for good and shows them to the board;
//  6. rebuilds.
//
// A caller that stops between any two of these loses nothing but messages.
type Ready struct {
	// Keep lists what has just been echoed. Until the next Final the leaves up to there stay on disk and
	// are served to whoever rebuilds, even if raft rewrites the log: a quorum of echoes may be known
	// already, and then nothing else is echoed any more. It is put aside when the log is cut, not before.
	Keep         []Value
	State        []byte // nil: as before
	Send         []Out
	Final        []Final
	Cosign       []Final // executed here too; the newest may come again after a restart
	Cosignatures []Cosignature
	Evidence     []Evidence
	Fork         *Fork
	Rebuild      *Rebuild
	// NewRound says that this leader's proposal cannot become final in this round, since something else
	// was shown to have a quorum of echoes. Hand leadership over, or be elected again.
	NewRound bool
}

// Out is a message to send.
type Out struct {
	To      string // as given to Step; empty: to every member, voters or not
	Message []byte
}

// Rebuild asks for another history than the node's own: one that has Certificate's value. Any of From
// that is honest has it, and at least one is. The node takes the leaves after its final size from one
// of them, executes them, compares the root, and puts them in place of its own; Certificate is what
// lets the log guard do so though the node may have locked something else. Then it calls Executed.
type Rebuild struct {
	Certificate Certificate
	From        []member.KeyID
	Fork        bool // own history has another root there; false: it does not reach there yet
}

// Fork is two quorums of locks that cannot both be final: more than b voters cheated. Whoever knows the
// voters can verify it.
type Fork struct{ A, B Certificate }

func (r Ready) empty() bool {
	return r.State == nil && len(r.Keep)+len(r.Send)+len(r.Final)+len(r.Cosign)+len(r.Cosignatures)+len(r.Evidence) == 0 &&
		r.Fork == nil && r.Rebuild == nil && !r.NewRound
}
