package draw_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/specs"
)

var update = flag.Bool("update", false, "write specs/vectors/audit-draw.json again")

// TestPositionsAreASample: as many as asked for, different, in range, ascending, and the same again.
func TestPositionsAreASample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed"))
		total := rapid.OneOf(rapid.Uint64Range(1, 5000), rapid.Uint64Range(1, 1<<48)).Draw(t, "total")
		n := rapid.Uint64Range(0, draw.MaxPositions+1).Draw(t, "n")
		got := draw.Positions(seed, total, n)
		if want := min(n, total, draw.MaxPositions); uint64(len(got)) != want {
			t.Fatalf("%d positions of %d, want %d", len(got), total, want)
		}
		for i, p := range got {
			if p >= total || i > 0 && got[i-1] >= p {
				t.Fatalf("position %d is %d of %d", i, p, total)
			}
		}
		if !slices.Equal(got, draw.Positions(seed, total, n)) {
			t.Fatal("not the same again")
		}
	})
}

// TestThreeHundredFindOnePercent: the figure of the specification, computed and drawn. 300 positions find
// one bad element in a hundred with 95 %; fewer than 300 suffice where they are drawn without replacement.
func TestThreeHundredFindOnePercent(t *testing.T) {
	for _, total := range []uint64{1_000, 10_000, 1_000_000, 1 << 40} {
		if got := draw.Found(total, total/100, 300); got < 0.95 {
			t.Errorf("of %d: %.4f", total, got)
		}
	}
	if n := draw.Needed(1_000_000, 10_000, 0.95); n != 299 {
		t.Errorf("%d are needed", n)
	}
	if with := 1 - math.Pow(0.99, 300); draw.Found(1_000_000, 10_000, 300) < with {
		t.Errorf("no better than with replacement, %.4f", with)
	}
	const runs, total, bad = 4000, 5000, 50
	found := 0
	for run := range uint64(runs) {
		seed := draw.Seed([32]byte{1}, [32]byte{byte(run), byte(run >> 8)}, nil, nil)
		if draw.Positions(seed, total, 300)[0] < bad { // the first hundredth of all is bad
			found++
		}
	}
	want := draw.Found(total, bad, 300)
	sigma := math.Sqrt(want * (1 - want) / runs)
	if got := float64(found) / runs; math.Abs(got-want) > 5*sigma {
		t.Errorf("found in %.4f of %d draws, want %.4f within %.4f", got, runs, want, 5*sigma)
	}
}

// TestPositionsAreUniform: each position is drawn as often as any other, also where 64 bits are no
// multiple of their number by far.
func TestPositionsAreUniform(t *testing.T) {
	const runs, total, n = 6000, 10, 3
	var hits [total]int
	for run := range uint64(runs) {
		for _, p := range draw.Positions([32]byte{byte(run), byte(run >> 8), 9}, total, n) {
			hits[p]++
		}
	}
	want, sum := float64(runs*n)/total, 0.0
	for _, h := range hits {
		sum += (float64(h) - want) * (float64(h) - want) / want
	}
	if sum > 33.7 { // chi squared, 9 degrees of freedom, one in ten thousand
		t.Errorf("chi squared %.1f: %v", sum, hits)
	}
	high := 0
	for run := range uint64(1000) { // three quarters of 64 bits: without passing over, a third would count twice
		p := draw.Positions([32]byte{byte(run), byte(run >> 8)}, 3<<62, 1)[0]
		if p < 1<<62 {
			high++
		}
	}
	if high > 333+5*15 {
		t.Errorf("%d of 1,000 in the first third", high)
	}
}

func TestSeedDependsOnEverything(t *testing.T) {
	segments := []draw.Segment{{Day: 3, Requests: 2, Elements: 9, Root: [32]byte{5}}, {Day: 4, Requests: 1, Elements: 1, Root: [32]byte{6}}}
	nonces := []draw.Nonce{{"Bank B", [32]byte{7}}, {"Police C", [32]byte{8}}}
	base := draw.Seed([32]byte{1}, [32]byte{2}, segments, nonces)
	swapped := []draw.Nonce{nonces[1], nonces[0]}
	if draw.Seed([32]byte{1}, [32]byte{2}, []draw.Segment{segments[1], segments[0]}, swapped) != base {
		t.Error("it depends on the order in which it is told")
	}
	change := func(f func(s []draw.Segment, n []draw.Nonce)) [32]byte {
		s, n := slices.Clone(segments), slices.Clone(nonces)
		f(s, n)
		return draw.Seed([32]byte{1}, [32]byte{2}, s, n)
	}
	for name, other := range map[string][32]byte{
		"ledger":   draw.Seed([32]byte{9}, [32]byte{2}, segments, nonces),
		"audit":    draw.Seed([32]byte{1}, [32]byte{9}, segments, nonces),
		"a day":    change(func(s []draw.Segment, _ []draw.Nonce) { s[1].Day++ }),
		"requests": change(func(s []draw.Segment, _ []draw.Nonce) { s[0].Requests++ }),
		"elements": change(func(s []draw.Segment, _ []draw.Nonce) { s[0].Elements++ }),
		"a root":   change(func(s []draw.Segment, _ []draw.Nonce) { s[0].Root[31]++ }),
		"a nonce":  change(func(_ []draw.Segment, n []draw.Nonce) { n[1].Nonce[31]++ }),
		"a name":   change(func(_ []draw.Segment, n []draw.Nonce) { n[1].Member = "Police D" }),
	} {
		if other == base {
			t.Errorf("%s does not count", name)
		}
	}
}

type drawVectors struct {
	Description string       `json:"description"`
	Cases       []drawVector `json:"cases"`
}

type drawVector struct {
	Name      string       `json:"name"`
	Ledger    string       `json:"ledger_id"`
	Audit     string       `json:"audit"`
	Round     uint64       `json:"round"`
	Segments  []segmentRow `json:"segments"`
	Nonces    []nonceRow   `json:"nonces"`
	Asked     uint64       `json:"asked"` // positions wanted
	Seed      string       `json:"seed"`
	Positions []uint64     `json:"positions"`
}

type segmentRow struct {
	Day      uint64 `json:"day"`
	Requests uint64 `json:"requests"`
	Elements uint64 `json:"elements"`
	Root     string `json:"root"`
}

type nonceRow struct {
	Member     string `json:"member"`
	Nonce      string `json:"nonce"`
	Commitment string `json:"commitment"`
}

func makeVectors() drawVectors {
	v := drawVectors{Description: "crosslight/audit/v1, Draw: commitments to nonces, the seed, and the positions that follow."}
	for _, c := range []struct {
		name     string
		elements []uint64
		asked    uint64
	}{
		{"one element", []uint64{1}, 300},
		{"all of few", []uint64{2, 3}, 300},
		{"some of a day", []uint64{1000}, 12},
		{"some of three days", []uint64{4096, 1, 100_000}, 20},
		{"of as many as there may be", []uint64{1 << 48}, 5},
	} {
		ledger, audit, round := [32]byte{0xc1}, [32]byte{0xa0}, uint64(1)
		nonces := []draw.Nonce{{"Bank B", [32]byte{0xb0, 1}}, {"Police C", [32]byte{0xb1, 2}}}
		row := drawVector{Name: c.name, Ledger: hex.EncodeToString(ledger[:]), Audit: hex.EncodeToString(audit[:]), Round: round, Asked: c.asked}
		var segments []draw.Segment
		for i, n := range c.elements {
			s := draw.Segment{Day: 20_454 + uint64(i), Requests: 1 + n/4096, Elements: n, Root: [32]byte{byte(i + 1)}}
			segments = append(segments, s)
			row.Segments = append(row.Segments, segmentRow{s.Day, s.Requests, s.Elements, hex.EncodeToString(s.Root[:])})
		}
		for _, n := range nonces {
			commitment := draw.Commit(ledger, audit, round, n)
			row.Nonces = append(row.Nonces, nonceRow{n.Member, hex.EncodeToString(n.Nonce[:]), hex.EncodeToString(commitment[:])})
		}
		seed := draw.Seed(ledger, audit, segments, nonces)
		row.Seed, row.Positions = hex.EncodeToString(seed[:]), draw.Positions(seed, draw.Total(segments), c.asked)
		v.Cases = append(v.Cases, row)
	}
	return v
}

func TestVectors(t *testing.T) {
	made := makeVectors()
	if *update {
		b, err := json.MarshalIndent(made, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../../specs/vectors/audit-draw.json", append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := specs.Vectors.ReadFile("vectors/audit-draw.json")
	if err != nil {
		t.Fatal(err)
	}
	var stored drawVectors
	if err := json.Unmarshal(raw, &stored); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stored, made); diff != "" {
		t.Error(diff)
	}
}

func TestLocate(t *testing.T) {
	segments := []draw.Segment{{Elements: 2}, {Elements: 1}, {Elements: 3}}
	for p, want := range [][2]uint64{{0, 0}, {0, 1}, {1, 0}, {2, 0}, {2, 1}, {2, 2}} {
		i, at, ok := draw.Locate(segments, uint64(p))
		if !ok || uint64(i) != want[0] || at != want[1] {
			t.Errorf("position %d: %d, %d, %v", p, i, at, ok)
		}
	}
	if _, _, ok := draw.Locate(segments, 6); ok {
		t.Error("beyond the last")
	}
}
