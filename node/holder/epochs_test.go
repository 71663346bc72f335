package holder

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/node/telemetry"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// ledgerOf lets a holder read a test's ledger.
type ledgerOf struct{ *ledgertest.Ledger }

func (l ledgerOf) View(read func(*state.State))   { read(l.S) }
func (l ledgerOf) RootAt(uint64) ([32]byte, bool) { return [32]byte{}, false }

// bench is the bank's holder on a ledger on which it has opened epoch 1.
type bench struct {
	*Holder
	t   *testing.T
	l   *ledgertest.Ledger
	dir string
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, l: ledgertest.Three(t), dir: t.TempDir()}
	b.l.Put(b.l.Epoch(ledgertest.Bank, 0, "email"))
	ring, err := keys.Create(filepath.Join(b.dir, "keys"), []byte("correct horse"), keys.Options{WorkFactor: 2})
	b.must(err)
	b.must(ring.NewEpoch(1))
	s, err := store.Open(filepath.Join(b.dir, "store.db"))
	b.must(err)
	t.Cleanup(func() { b.must(s.Close()) })
	m, err := mirror.Open(filepath.Join(b.dir, "mirror"), mirror.Options{Reserve: 1})
	b.must(err)
	t.Cleanup(func() { b.must(m.Close()) })
	b.Holder = New(Config{
		Name: ledgertest.Bank.Name, LedgerID: b.l.S.LedgerID(), Ring: ring, Ledger: ledgerOf{b.l}, Store: s, Mirror: m,
		Metrics: telemetry.NewMetrics(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Authority: func(read func(final, tip *state.State)) error { read(b.l.S, b.l.S); return nil },
		Settled:   func() bool { return true },
	})
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) hold(n byte) {
	b.t.Helper()
	im, err := b.cfg.Store.Begin(b.t.Context())
	b.must(err)
	b.must(im.Add(store.Row{Type: indicator.Email, Digest: indicator.Digest{n}, Label: []byte{0xa0}}))
	_, err = im.Commit(b.t.Context())
	b.must(err)
}

func (b *bench) drop(n byte) {
	b.t.Helper()
	_, _, _, err := b.cfg.Store.Withdraw(b.t.Context(), store.Withdrawal{Digests: []indicator.Digest{{n}}})
	b.must(err)
}

// shows checks how many entries the published index of an epoch has, -1 for no index at all.
func (b *bench) shows(epoch uint64, want int) {
	b.t.Helper()
	got := -1
	m, err := b.cfg.Mirror.Manifest(mirror.Ref{Holder: member.PublicOf(b.node), Epoch: epoch, Type: "email"})
	if err == nil {
		got = 0
		for _, s := range m.Manifest.Segments {
			if s.Kind == session.WithdrawalSegment {
				got -= int(s.Count)
			} else {
				got += int(s.Count)
			}
		}
	}
	if got != want {
		b.t.Errorf("epoch %d shows %d entries, want %d", epoch, got, want)
	}
}

func (b *bench) deriver(epoch uint64) *index.Deriver {
	return index.NewDeriver(index.Context{Ledger: b.cfg.LedgerID, Holder: b.self, Epoch: epoch, Type: "email"})
}

// TestClosedIndexTakesNothingNew: after a suspension the index of the old epoch goes on losing entries, and
// what comes is in that of the next alone.
func TestClosedIndexTakesNothingNew(t *testing.T) {
	b := newBench(t)
	publish := func() { t.Helper(); b.must(b.index.Publish(t.Context())) }
	b.hold(1)
	publish()
	b.l.Pass(entry.EpochEnd{Member: ledgertest.Bank.Name}, ledgertest.Platform, ledgertest.Police)
	b.hold(2)
	publish()
	b.shows(1, 2) // called by the board: nobody was suspended, so it stays whole
	b.l.Pass(entry.Suspend{Member: ledgertest.Police.Name}, ledgertest.Platform, ledgertest.Bank)
	b.hold(3)
	publish()
	b.shows(1, 2)
	b.must(b.cfg.Ring.NewEpoch(2))
	b.must(b.index.Prepare(t.Context(), 2))
	b.shows(1, 2)
	b.shows(2, 3)
	b.drop(1)
	b.hold(4)
	publish() // before the next epoch is on the ledger, and in both
	b.shows(1, 1)
	b.shows(2, 3)
	b.l.Put(b.l.Epoch(ledgertest.Bank, 5, "email"))
	b.hold(5)
	publish()
	b.shows(1, 1)
	b.shows(2, 4)
}

// TestErase: nothing is left of an epoch, nothing else goes, and it may be done again after any part of it.
func TestErase(t *testing.T) {
	b := newBench(t)
	b.hold(1)
	b.must(b.index.Publish(t.Context()))
	key, err := b.oprf.get(1, "email")
	b.must(err)
	digest := indicator.Digest{1}
	output, err := key.FullEvaluate(digest[:])
	b.must(err)
	for _, name := range []string{"store.db", "store.db-wal"} {
		data, err := os.ReadFile(filepath.Join(b.dir, name))
		if err == nil && bytes.Contains(data, output[:]) {
			t.Errorf("an output is in the clear in %s", name)
		}
	}
	b.must(b.cfg.Ring.NewEpoch(2))
	b.must(b.index.Prepare(t.Context(), 2))
	b.l.Put(b.l.Epoch(ledgertest.Bank, 5, "email"))
	left := func(before uint64) []uint64 {
		t.Helper()
		all, err := b.Left(t.Context(), before)
		b.must(err)
		return all
	}
	if got := left(2); !slices.Equal(got, []uint64{1}) {
		t.Fatalf("left %v", got)
	}
	b.must(b.cfg.Ring.EraseEpoch(1)) // as far as a crash let it come
	for range 2 {
		b.must(b.Erase(t.Context(), 1))
	}
	if got := left(2); len(got) != 0 {
		t.Errorf("left %v", got)
	}
	b.shows(1, -1)
	b.shows(2, 1)
	if _, err := b.oprf.get(1, "email"); !errors.Is(err, keys.ErrNoEpoch) {
		t.Errorf("the key is still here: %v", err)
	}
	if _, err := b.oprf.seal(1); !errors.Is(err, keys.ErrNoEpoch) {
		t.Errorf("the key of its outputs is still here: %v", err)
	}
	b.must(b.cfg.Store.Each(t.Context(), 1, indicator.Email, func(_ indicator.Digest, _, f []byte) error {
		if len(f) > 0 {
			t.Error("an output is left")
		}
		return nil
	}))
	b.hold(2)
	b.must(b.index.Publish(t.Context())) // in its hour of overlap the old epoch is on the ledger still
	b.shows(2, 2)
}

// TestSealedOutputsOpen: an index that is built from the cache finds what one that is evaluated finds.
func TestSealedOutputsOpen(t *testing.T) {
	b := newBench(t)
	b.hold(1)
	b.must(b.index.Publish(t.Context()))
	b.hold(2)
	b.must(b.index.Publish(t.Context())) // 1 from the cache, 2 evaluated
	key, err := b.oprf.get(1, "email")
	b.must(err)
	view, err := b.cfg.Mirror.Use(mirror.Ref{Holder: member.PublicOf(b.node), Epoch: 1, Type: "email"})
	b.must(err)
	defer func() { b.must(view.Release()) }()
	for n := range byte(4) {
		digest := indicator.Digest{n}
		output, err := key.FullEvaluate(digest[:])
		b.must(err)
		if _, found, err := view.Lookup(b.deriver(1), (*[64]byte)(&output)); err != nil || found != (n == 1 || n == 2) {
			t.Errorf("%d: %v, %v", n, found, err)
		}
	}
}
