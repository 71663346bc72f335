package index

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"slices"
	"testing"
)

func BenchmarkBuild(b *testing.B) {
	const n = 20000
	outputs := make([]*[OutputSize]byte, n)
	for i := range outputs {
		outputs[i] = output(i)
	}
	label := make([]byte, 100)
	for b.Loop() {
		var salt [SaltSize]byte
		_, _ = rand.Read(salt[:])
		scratch := &memory{}
		builder := NewBuilder(testContext, Base, salt, scratch)
		for _, f := range outputs {
			if err := builder.Add(f, label); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := builder.Finish(io.Discard, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/item")
}

func BenchmarkLookup(b *testing.B) {
	const n = 1 << 20
	tags := make([]uint64, n)
	for i := range tags {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		tags[i] = binary.BigEndian.Uint64(sum[:])
	}
	slices.Sort(tags)
	s := parse(b, rebuild(Withdrawal, tags, nil), nil)
	d := NewDeriver(testContext)
	outputs := make([]*[OutputSize]byte, 1024)
	for i := range outputs {
		outputs[i] = output(i)
	}
	i := 0
	for b.Loop() {
		if _, _, err := s.Lookup(d, outputs[i%1024]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkOpen(b *testing.B) {
	const n = 1000
	got := build(b, testContext, Base, 7, upTo(n))
	s, d := parse(b, got.tags, got.labels), NewDeriver(testContext)
	f := output(n / 2)
	for b.Loop() {
		if _, ok, err := s.Lookup(d, f); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
