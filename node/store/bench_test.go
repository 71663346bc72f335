package store

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// benchRows is a million, or what CROSSLIGHT_BENCH_ROWS says.
func benchRows(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("CROSSLIGHT_BENCH_ROWS"))
	if err != nil {
		return 1_000_000
	}
	return n
}

func fill(b *testing.B, s *Store, n int) {
	im, err := s.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	label := bytes.Repeat([]byte{7}, 60)
	for i := range n {
		r := Row{
			Type: []indicator.Type{"email", "phone", "iban", "sha256"}[i%4], Digest: digest(i),
			Label: label, Reference: fmt.Sprintf("CASE-2026-%08d", i), Expires: "2027-01-01",
		}
		if err := im.Add(r); err != nil {
			b.Fatal(err)
		}
	}
	if c, err := im.Commit(b.Context()); err != nil || c.Imported != int64(n) {
		b.Fatal(c, err)
	}
}

// peak reports the largest resident size of this process so far, in MB.
func peak(b *testing.B) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return // not Linux
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kb int
	if _, err := fmt.Fscan(bytes.NewReader(rest), &kb); err == nil {
		b.ReportMetric(float64(kb)/1024, "peak-MB")
	}
}

func BenchmarkImport(b *testing.B) {
	n := benchRows(b)
	for b.Loop() {
		b.StopTimer()
		s := openTest(b, b.TempDir())
		b.StartTimer()
		fill(b, s, n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
	peak(b)
}

func BenchmarkEach(b *testing.B) {
	n := benchRows(b)
	s := openTest(b, b.TempDir())
	fill(b, s, n)
	b.ResetTimer()
	for b.Loop() {
		for _, typ := range []indicator.Type{"email", "phone", "iban", "sha256"} {
			err := s.Each(b.Context(), 1, typ, func(indicator.Digest, []byte, []byte) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
	peak(b)
}
