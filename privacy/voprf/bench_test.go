package voprf

import (
	"crypto/rand"
	"testing"

	"github.com/cloudflare/circl/oprf"
)

const benchBatch = 1024

// BenchmarkOwn and BenchmarkCircl measure the same steps; ns/element is what to compare.
func BenchmarkOwn(b *testing.B) {
	key, client := pair(b)
	inputs := batch(benchBatch)
	r, evaluated, proof := exchange(b, key, client, benchBatch)
	perElement(b, "Blind", benchBatch, func() error { _, err := client.Blind(inputs); return err })
	perElement(b, "Evaluate", benchBatch, func() error { _, _, err := key.Evaluate(r.Elements()); return err })
	perElement(b, "Finalize", benchBatch, func() error { _, err := r.Finalize(evaluated, proof); return err })
	perElement(b, "FullEvaluate", 1, func() error { _, err := key.FullEvaluate(inputs[0]); return err })
	perElement(b, "FullEvaluateAll", 128, func() error { _, err := key.FullEvaluateAll(inputs[:128]); return err })
}

func BenchmarkCircl(b *testing.B) {
	key, err := oprf.GenerateKey(suite, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	client, server := oprf.NewVerifiableClient(suite, key.Public()), oprf.NewVerifiableServer(suite, key)
	inputs := batch(benchBatch)
	fd, req, err := client.Blind(inputs)
	if err != nil {
		b.Fatal(err)
	}
	ev, err := server.Evaluate(req)
	if err != nil {
		b.Fatal(err)
	}
	perElement(b, "Blind", benchBatch, func() error { _, _, err := client.Blind(inputs); return err })
	perElement(b, "Evaluate", benchBatch, func() error { _, err := server.Evaluate(req); return err })
	perElement(b, "Finalize", benchBatch, func() error { _, err := client.Finalize(fd, ev); return err })
	perElement(b, "FullEvaluate", 1, func() error { _, err := server.FullEvaluate(inputs[0]); return err })
}

func perElement(b *testing.B, name string, n int, step func() error) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			if err := step(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/element")
	})
}
