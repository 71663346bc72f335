// Package recovery helps a board whose ledger has lost its quorum of voters for good to agree from where
// it goes on: "Recovery" of crosslight/ledger/v1 (specs/ledger.md). It needs no node.
//
//	survivors' exports ─┐
//	cosigned            ├─► New: the base ─► draft ─► each seat: Sign, from its own exports ─► Merge
//	checkpoints         ┘
//
// The base is the longest history that a quorum of voters has cosigned, of all that are shown. It must
// extend every checkpoint that any member's cosigner key has signed: an honest cosigner signs what is
// final and nothing else, so whoever left one out would cut history. A seat draws the same draft from what
// it has seen itself before it signs, and signs one recovery into an incarnation.
//
// What leaks: nothing beyond what the exports hold.
package recovery

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/ledger/tlog"
)

// The errors of a recovery. Their texts say what to do next.
var (
	// ErrNoBase reports exports of which none is final.
	ErrNoBase = errors.New("a quorum of voters has cosigned none of these exports, so nothing shows what was final: run `crosslight ledger export` at every survivor's node")
	// ErrCut reports a base that would leave out what a member has cosigned.
	ErrCut = errors.New("the base would cut history that has been cosigned: find an export of that size, at any member's node")
	// ErrFork reports two histories that were both cosigned.
	ErrFork = errors.New("two histories of this ledger were cosigned: keep both files as evidence and show them to the board; nothing can be recovered from this by a command")
	// ErrOtherLedger reports exports of different ledgers.
	ErrOtherLedger = errors.New("these exports are of different ledgers")
	// ErrCheckpoint reports a checkpoint that no member has cosigned.
	ErrCheckpoint = errors.New("no member's cosigner key has signed this checkpoint: leave it out")
	// ErrOtherDraft reports a draft that does not follow from what this seat has seen.
	ErrOtherDraft = errors.New("the draft is another than the one that follows from these exports: find out why before you sign")
	// ErrSigned reports a seat that has signed another recovery into this incarnation.
	ErrSigned = errors.New("this seat has signed another recovery into this incarnation, and signs one: two are proof against it")
)

// Sources are what is known of a ledger.
type Sources struct {
	Exports     []string // folders
	Checkpoints [][]byte // signed notes with cosignatures
	Voters      []string // members that vote from then on
}

// Plan is a recovery that follows from sources.
type Plan struct {
	Draft entry.RecoveryDraft
	Base  audit.Report
	Words []string // what it would change, and what was ignored
}

// New finds the base and drafts the recovery. Errors are those of this package, of package audit, and
// rejections of package entry.
func New(from Sources) (Plan, error) {
	reports, err := verified(from.Exports)
	if err != nil {
		return Plan{}, err
	}
	base, err := longest(reports)
	if err != nil {
		return Plan{}, err
	}
	ignored, err := compare(base, reports)
	if err != nil {
		return Plan{}, err
	}
	for i, note := range from.Checkpoints {
		if err := extends(base, note); err != nil {
			return Plan{}, fmt.Errorf("checkpoint %d: %w", i+1, err)
		}
	}
	s := base.State()
	frontier, err := tlog.ResumeFrontier(s.Size(), s.Frontier())
	if err != nil {
		return Plan{}, err
	}
	draft, err := entry.NewRecovery(s.LedgerID(), s.Incarnation()+1, frontier, nil, from.Voters)
	if err != nil {
		return Plan{}, err
	}
	if err := s.CheckRecovery(draft.Body()); err != nil && !errors.Is(err, entry.ErrRecoveryVotes) {
		return Plan{}, err
	}
	return Plan{draft, base, append(s.DescribeRecovery(draft.Body()), ignored...)}, nil
}

func verified(folders []string) ([]audit.Report, error) {
	var out []audit.Report
	for _, folder := range folders {
		r, err := audit.Verify(folder, audit.Options{Proofs: true})
		if err != nil {
			return nil, fmt.Errorf("%s does NOT verify: %w", folder, err)
		}
		if len(out) > 0 && r.LedgerID != out[0].LedgerID {
			return nil, fmt.Errorf("%w: %s", ErrOtherLedger, folder)
		}
		out = append(out, r)
	}
	return out, nil
}

func longest(reports []audit.Report) (base audit.Report, err error) {
	for _, r := range reports {
		if r.Final && r.Size > base.Size {
			base = r
		}
	}
	if base.Size == 0 {
		return base, ErrNoBase
	}
	return base, nil
}

// compare holds the other exports against the base. One that nobody but its signer vouches for cannot
// stand in the way, or any member could prevent a recovery.
func compare(base audit.Report, reports []audit.Report) (ignored []string, err error) {
	for _, r := range reports {
		size := min(r.Size, base.Size)
		ours, err := base.RootAt(size)
		if err != nil {
			return nil, err
		}
		theirs, err := r.RootAt(size)
		if err != nil {
			return nil, err
		}
		switch {
		case ours == theirs && r.Size > base.Size:
			ignored = append(ignored, fmt.Sprintf("%d entries above the base are known from %q alone and were not final: they are left out.", r.Size-base.Size, r.Signers))
		case ours != theirs && r.Final:
			return nil, fmt.Errorf("%w: at size %d", ErrFork, size)
		case ours != theirs:
			ignored = append(ignored, fmt.Sprintf("The export signed by %q has another history at size %d, which nobody cosigned: it is ignored.", r.Signers, size))
		}
	}
	return ignored, nil
}

// extends checks a checkpoint that members have cosigned, a single one included, against the base.
func extends(base audit.Report, note []byte) error {
	c, err := tlog.ParseCosignedCheckpoint(note)
	if err != nil {
		return err
	}
	if c.Origin != tlog.Origin(base.LedgerID) {
		return ErrOtherLedger
	}
	by, err := cosigners(base.State(), c)
	if err != nil {
		return err
	}
	if c.Size > base.Size {
		return fmt.Errorf("%w: %q cosigned size %d, the base has %d", ErrCut, by, c.Size, base.Size)
	}
	root, err := base.RootAt(c.Size)
	if err != nil {
		return err
	}
	if tlog.Hash(root) != c.Root {
		return fmt.Errorf("%w: %q cosigned another root at size %d", ErrFork, by, c.Size)
	}
	return nil
}

// cosigners names the members whose cosigner keys, those of before included, signed a checkpoint.
func cosigners(s *state.State, c tlog.CosignedCheckpoint) ([]string, error) {
	var names []string
	for _, m := range s.Members() {
		keys := []tlog.Key{tlog.CosignerKey(m.Keys.Cosigner)}
		for _, old := range s.RetiredKeys(m.Name) {
			keys = append(keys, tlog.CosignerKey(old.Key))
		}
		for _, cosignature := range c.Cosignatures {
			if slices.ContainsFunc(keys, func(k tlog.Key) bool { return cosignature.Verify(c.Checkpoint, k) == nil }) {
				names = append(names, m.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil, ErrCheckpoint
	}
	return slices.Compact(names), nil
}
