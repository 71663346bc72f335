package witness

import (
	"crypto/ed25519"
	"fmt"
	"sync"
	"time"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

// MaxRequest is the longest request in bytes.
const MaxRequest = tlog.MaxProof

// Store keeps the newest checkpoint that was cosigned of each ledger. A witness asks it one thing at a
// time.
type Store interface {
	// Newest returns it, and whether there is one.
	Newest(origin string) (tlog.Note, bool, error)
	// Keep puts n in the place of the one before. When it returns nil, n survives a crash; after an error
	// either of the two may stand.
	Keep(n tlog.Note) error
}

// Config is what a witness is made of.
type Config struct {
	Key   ed25519.PrivateKey // signs cosignatures and nothing else, and only here
	Store Store
	// Trust says what is asked of a checkpoint of that ledger, and false for one that is not watched. A
	// policy without a single key would let anybody move the witness: it is refused like an unknown ledger.
	Trust func(origin string) (tlog.Policy, bool)
	Now   func() time.Time
	// Fork is told of two checkpoints of one size with two roots, each signed as Trust asks; nil for nobody.
	// It holds everybody else up: it writes them down and returns.
	Fork func(held, shown tlog.Note)
}

// Witness cosigns what extends the newest that it cosigned. It is safe for concurrent use. Two witnesses
// must not share a key, nor a store.
type Witness struct {
	cfg Config
	mu  sync.Mutex // from the comparison with what is held until that is replaced: see C2SP's race
}

// New returns a witness.
func New(cfg Config) *Witness { return &Witness{cfg: cfg} }

// Key is what its cosignatures verify with.
func (w *Witness) Key() tlog.Key { return VerifierKey(member.PublicOf(w.cfg.Key)) }

// Add answers an add-checkpoint request, a [tlog.Growth], with a signature line. Errors: all of this
// package.
func (w *Witness) Add(request []byte) ([]byte, error) {
	g, err := tlog.ParseGrowth(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	policy, ok := w.cfg.Trust(g.Note.Origin)
	if !ok || len(policy.LogKeys)+policy.Threshold == 0 {
		return nil, ErrUnknown
	}
	if _, err := policy.Check(g.Note); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	if g.Old > g.Note.Size || g.Note.Size == 0 { // a ledger has at least its genesis
		return nil, fmt.Errorf("%w: from %d to %d entries", ErrRequest, g.Old, g.Note.Size)
	}
	if err := w.advance(g); err != nil {
		return nil, err
	}
	return w.cosign(g.Note.Checkpoint)
}

// advance checks g against what is held and puts it in its place, as one step.
func (w *Witness) advance(g tlog.Growth) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	held, ok, err := w.cfg.Store.Newest(g.Note.Origin)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	if !ok {
		held.Checkpoint = tlog.Checkpoint{Origin: g.Note.Origin, Root: tlog.EmptyRoot()}
	}
	if err := w.follows(held, g); err != nil {
		return err
	}
	if held.Checkpoint == g.Note.Checkpoint {
		return nil // an idle ledger asks for a newer cosignature
	}
	if err := w.cfg.Store.Keep(g.Note); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

func (w *Witness) follows(held tlog.Note, g tlog.Growth) error {
	if held.Size == g.Note.Size && held.Root != g.Note.Root {
		// Asked first: whoever shows the other root at this size names whatever old size it likes.
		if w.cfg.Fork != nil {
			w.cfg.Fork(held, g.Note)
		}
		return &HeldError{held.Size, ErrFork}
	}
	if g.Old != held.Size {
		return &HeldError{held.Size, ErrHeld}
	}
	if err := g.Verify(held.Root); err != nil {
		return fmt.Errorf("%w: %w", ErrPath, err)
	}
	return nil
}

// cosign is called for what is kept, and only for that.
func (w *Witness) cosign(c tlog.Checkpoint) ([]byte, error) {
	s, err := tlog.Cosign(c, w.cfg.Key, uint64(max(0, w.cfg.Now().Unix())))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s.Line().Bytes(), nil
}
