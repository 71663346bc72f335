package state_test

import (
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
)

var (
	longEntries = flag.Uint64("state.entries", 4000, "random entries that TestLongDeterminism executes")
	longSeed    = flag.Uint64("state.seed", 1, "seed of their first history")
)

const (
	historyEntries = 20_000 // after that many another ledger begins, so that memory stays bounded
	historyBlock   = 200
	hashEvery      = 2_000
)

// TestLongDeterminism executes a seeded stream of random entries of every kind, good and bad, on two
// states: on one core, each in its turn; and with eight threads, a block's signatures checked ahead on
// all of them. Every verdict, the root and the state hash agree throughout.
//
//	go test ./ledger/state -run LongDeterminism -state.entries 10000000 -timeout 0 -v
func TestLongDeterminism(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	genesis := ledgertest.Genesis(t, platform, bank, police)
	verdicts := map[string]uint64{}
	start, said := time.Now(), time.Now()
	for done, seed := uint64(0), *longSeed; done < *longEntries; seed++ {
		n := min(historyEntries, *longEntries-done)
		runHistory(t, genesis, seed, int(n), verdicts)
		done += n
		if time.Since(said) > time.Minute {
			t.Logf("%d entries in %s", done, time.Since(start).Round(time.Second))
			said = time.Now()
		}
	}
	t.Logf("%d entries from seed %d in %s: %v", *longEntries, *longSeed, time.Since(start).Round(time.Millisecond), verdicts)
	if len(verdicts) < 25 && *longEntries >= 4000 {
		t.Errorf("only %d kinds of verdict: the stream has become too tame", len(verdicts))
	}
}

func runHistory(t *testing.T, genesis entry.SignedGenesis, seed uint64, entries int, verdicts map[string]uint64) {
	t.Helper()
	runtime.GOMAXPROCS(1)
	made := newStream(t, genesis, seed)
	inTurn, ahead := made.l.S, fresh(t, genesis)
	for done := 0; done < entries; done += historyBlock {
		raws := make([][]byte, min(historyBlock, entries-done))
		want := make([]string, len(raws))
		for i := range raws {
			raws[i] = made.next()
			out, err := inTurn.Apply(raws[i])
			want[i] = verdict(out, err)
			verdicts[named(out, err)]++
		}
		runtime.GOMAXPROCS(8)
		for i, p := range ahead.Prefetch(raws) {
			out, err := ahead.ApplyPrefetched(p)
			if got := verdict(out, err); got != want[i] {
				t.Fatalf("seed %d, entry %d: %s ahead, %s in turn", seed, done+i, got, want[i])
			}
		}
		runtime.GOMAXPROCS(1)
		if last := done+historyBlock >= entries; last || (done+historyBlock)%hashEvery == 0 {
			if inTurn.Root() != ahead.Root() || inTurn.Hash() != ahead.Hash() {
				t.Fatalf("seed %d: two states after %d entries", seed, done+len(raws))
			}
		}
	}
}

// verdict is all that a node says of an entry, but for the text of a refusal.
func verdict(out state.Outcome, err error) string {
	return fmt.Sprint(out.Index, out.Hash, out.Member, out.Events, named(out, err))
}

// named is the kind of what was accepted, or the rejection's name.
func named(out state.Outcome, err error) string {
	if err == nil {
		return out.Kind.String()
	}
	if r := entry.RejectionOf(err); r != nil {
		return r.Name
	}
	return "unnamed: " + err.Error()
}
