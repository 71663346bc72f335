package recovery_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/recovery"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

var bank, hotline, platform, police = ledgertest.Bank, ledgertest.Hotline, ledgertest.Platform, ledgertest.Police

// ledger is one of four founders with n entries after the genesis.
func ledger(t testing.TB, n int) *ledgertest.Ledger {
	l := ledgertest.New(t, bank, hotline, platform, police)
	for i := range n {
		l.Put(l.NodeInfo(bank, "/ip4/192.0.2.1/tcp/"+string(rune('1'+i))))
	}
	return l
}

// holds is what a member holds: the first size leaves, of which the first final are final.
func holds(l *ledgertest.Ledger, o ledgertest.Org, size, final int, index, term uint64) recovery.Survivor {
	s := recovery.Survivor{Member: o.Name, Leaves: l.Leaves[:size:size], Index: index, LogTerm: term, Term: term}
	if final > 0 {
		s.Final = recovery.Point{Size: uint64(final), Root: root(l, final)}
	}
	return s
}

func root(l *ledgertest.Ledger, size int) [32]byte {
	f := tlog.NewFrontier()
	for _, leaf := range l.Leaves[:size] {
		f.Append(tlog.LeafHash(leaf))
	}
	return f.Root()
}

func TestSurvivorsFile(t *testing.T) {
	l := ledger(t, 3)
	want := holds(l, bank, 4, 2, 9, 3)
	var file bytes.Buffer
	if err := want.Write(&file); err != nil {
		t.Fatal(err)
	}
	got, err := recovery.Read(bytes.NewReader(file.Bytes()))
	if err != nil || got.Member != want.Member || got.Final != want.Final || got.Index != 9 || !slices.EqualFunc(got.Leaves, want.Leaves, bytes.Equal) {
		t.Fatalf("%+v, %v", got, err)
	}
	for cut := range file.Len() {
		if _, err := recovery.Read(bytes.NewReader(file.Bytes()[:cut])); !errors.Is(err, recovery.ErrFile) {
			t.Fatalf("cut to %d bytes: %v", cut, err)
		}
	}
	if _, err := recovery.Read(bytes.NewReader(append(file.Bytes(), 0))); !errors.Is(err, recovery.ErrFile) {
		t.Errorf("a byte more: %v", err)
	}
}

// TestChoose: as raft would have elected, among those that hold all that is final.
func TestChoose(t *testing.T) {
	l := ledger(t, 5)
	fork := ledger(t, 2)
	fork.Put(fork.NodeInfo(police, "/ip4/192.0.2.3/tcp/1"))
	other := ledgertest.New(t, bank, platform, police)
	for name, c := range map[string]struct {
		survivors []recovery.Survivor
		from      string
		want      error
	}{
		"one alone":                   {[]recovery.Survivor{holds(l, bank, 3, 0, 7, 2)}, bank.Name, nil},
		"the longer log":              {[]recovery.Survivor{holds(l, bank, 3, 2, 7, 2), holds(l, police, 4, 2, 8, 2)}, police.Name, nil},
		"the newer term":              {[]recovery.Survivor{holds(l, bank, 5, 2, 9, 2), holds(l, police, 4, 2, 8, 3)}, police.Name, nil},
		"not without what is final":   {[]recovery.Survivor{holds(l, bank, 5, 5, 9, 2), holds(l, police, 4, 2, 8, 3)}, bank.Name, nil},
		"a fork that is not final":    {[]recovery.Survivor{holds(l, bank, 5, 5, 9, 2), holds(fork, police, 4, 3, 12, 4)}, bank.Name, nil},
		"two finals":                  {[]recovery.Survivor{holds(l, bank, 5, 5, 9, 2), holds(fork, police, 4, 4, 12, 4)}, "", recovery.ErrConflict},
		"two ledgers":                 {[]recovery.Survivor{holds(l, bank, 2, 0, 9, 2), holds(other, police, 1, 0, 1, 1)}, "", recovery.ErrOtherLedger},
		"nobody":                      {nil, "", recovery.ErrFile},
		"final beyond anybody's logs": {[]recovery.Survivor{holds(l, bank, 3, 5, 9, 2), holds(l, police, 4, 2, 8, 3)}, "", recovery.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := recovery.Choose(c.survivors)
			if !errors.Is(err, c.want) || got.Member != c.from {
				t.Fatalf("%s, %v", got.Member, err)
			}
			for _, s := range c.survivors {
				if err == nil && (got.Index <= s.Index || got.Term <= s.Term || got.Final.Size < s.Final.Size) {
					t.Errorf("it begins at %d in term %d", got.Index, got.Term)
				}
			}
		})
	}
}

// recovered is a recovery of l from all its leaves, with final of them final, before anybody has signed.
func recovered(t testing.TB, l *ledgertest.Ledger, final int) (recovery.File, recovery.Survivor) {
	t.Helper()
	history, err := recovery.Choose([]recovery.Survivor{holds(l, bank, len(l.Leaves), final, 9, 2)})
	if err != nil {
		t.Fatal(err)
	}
	st, err := history.Execute()
	if err != nil {
		t.Fatal(err)
	}
	draft, err := history.Recovery(st, []string{bank.Name, platform.Name})
	if err != nil {
		t.Fatal(err)
	}
	return recovery.File{Draft: draft}, history
}

func signed(t testing.TB, l *ledgertest.Ledger, f recovery.File, h recovery.Survivor, seats, members []ledgertest.Org) recovery.File {
	t.Helper()
	for _, o := range seats {
		f = f.Sign(o.Private(member.Seat))
	}
	for _, o := range members {
		var err error
		if f, err = f.Cosign(o.Private(member.Cosigner), h, recovery.Point{}, 1_700_000_000); err != nil {
			t.Fatal(err)
		}
	}
	f.Entry = l.Recover(bank, f.Draft)
	return f
}

// TestCheck: three of four seats and three of four members, over a history that extends one's own final.
func TestCheck(t *testing.T) {
	l := ledger(t, 4)
	draft, history := recovered(t, l, 3)
	three := []ledgertest.Org{bank, platform, police}
	good := signed(t, l, draft, history, three, three)
	raw, err := good.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if good, err = recovery.Parse(raw); err != nil {
		t.Fatal(err)
	}
	leaves, err := good.Check(history, recovery.Point{Size: 4, Root: root(l, 4)})
	if err != nil || len(leaves) != 6 || !bytes.Equal(leaves[5], good.Entry) {
		t.Fatalf("%d leaves, %v", len(leaves), err)
	}
	shorter, short := recovered(t, ledger(t, 2), 2)
	shorter = signed(t, ledger(t, 2), shorter, short, three, three)
	noEntry := good
	noEntry.Entry = nil
	for name, c := range map[string]struct {
		f       recovery.File
		history recovery.Survivor
		final   recovery.Point
		want    error
	}{
		"two seats":             {signed(t, l, draft, history, three[:2], three), history, recovery.Point{}, entry.ErrRecoveryVotes},
		"two members of four":   {signed(t, l, draft, history, three, three[:2]), history, recovery.Point{}, recovery.ErrCosigned},
		"not entered":           {noEntry, history, recovery.Point{}, recovery.ErrFile},
		"another root is final": {good, history, recovery.Point{Size: 2, Root: root(l, 3)}, recovery.ErrShorter},
		"more is final":         {shorter, short, recovery.Point{Size: 4, Root: root(l, 4)}, recovery.ErrShorter},
		"another history":       {good, short, recovery.Point{}, recovery.ErrFile},
	} {
		if _, err := c.f.Check(c.history, c.final); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWitnessesRefuseAShorterHistory: whatever the seats have signed.
func TestWitnessesRefuseAShorterHistory(t *testing.T) {
	l, short := ledger(t, 4), ledger(t, 2)
	f, history := recovered(t, short, 2)
	f = signed(t, short, f, history, []ledgertest.Org{bank, platform, police}, nil)
	got, err := f.Cosign(police.Private(member.Cosigner), history, recovery.Point{Size: 5, Root: root(l, 5)}, 1)
	if !errors.Is(err, recovery.ErrShorter) || len(got.Cosignatures) != 0 {
		t.Fatalf("%d cosignatures, %v", len(got.Cosignatures), err)
	}
}

func TestMerge(t *testing.T) {
	l := ledger(t, 3)
	draft, history := recovered(t, l, 3)
	a := signed(t, l, draft, history, []ledgertest.Org{bank}, []ledgertest.Org{bank})
	b := signed(t, l, draft, history, []ledgertest.Org{police, bank}, []ledgertest.Org{police})
	all, err := recovery.Merge(a, b)
	if err != nil || len(all.Draft.Signers()) != 2 || len(all.Cosignatures) != 2 {
		t.Fatalf("%d, %d, %v", len(all.Draft.Signers()), len(all.Cosignatures), err)
	}
	other, _ := recovered(t, ledger(t, 2), 1)
	if _, err := recovery.Merge(a, other); !errors.Is(err, entry.ErrOtherRecovery) {
		t.Error(err)
	}
}

// TestDamagedFile: no byte of a file can change unnoticed.
func TestDamagedFile(t *testing.T) {
	l := ledger(t, 2)
	draft, history := recovered(t, l, 2)
	three := []ledgertest.Org{bank, platform, police}
	raw, err := signed(t, l, draft, history, three, three).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		f, err := recovery.Parse(bad)
		if err == nil {
			_, err = f.Check(history, recovery.Point{})
		}
		if err == nil {
			t.Fatalf("byte %d of %d", i, len(raw))
		}
	}
}

func FuzzParse(f *testing.F) {
	l := ledger(f, 1)
	draft, history := recovered(f, l, 1)
	raw, err := signed(f, l, draft, history, []ledgertest.Org{bank}, []ledgertest.Org{bank}).Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := recovery.Parse(b)
		if err != nil {
			return
		}
		if again, err := got.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x reads back as %x, %v", b, again, err)
		}
	})
}
