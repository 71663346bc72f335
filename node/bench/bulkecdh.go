package bench

import (
	"context"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// ecdhPerElement returns the processor time that an intersection by Diffie–Hellman takes for an element of
// either set: its owner hashes it to the group and multiplies, the other party decodes and multiplies.
// Encodings are made by the batch, which is the cheapest that the group has. Parties of semi-honest
// security do no more than this.
func ecdhPerElement(n int, seed uint64) (time.Duration, error) {
	rng := rand.New(rand.NewPCG(seed, 0x65636468))
	var uniform [ristretto.UniformSize]byte
	for i := 0; i < len(uniform); i += 8 {
		binary.LittleEndian.PutUint64(uniform[i:], rng.Uint64())
	}
	first, err := ristretto.NewScalar().SetUniformBytes(uniform[:])
	if err != nil {
		return 0, err
	}
	second := ristretto.NewScalar().Multiply(first, first)
	took, err := measured(func() error {
		const batch = 64
		g, _ := errgroup.WithContext(context.Background())
		g.SetLimit(runtime.GOMAXPROCS(0))
		for from := 0; from < n; from += batch {
			g.Go(func() error { return ecdhBatch(from, min(from+batch, n), first, second) })
		}
		return g.Wait()
	})
	return took / time.Duration(n), err
}

func ecdhBatch(from, to int, first, second *ristretto.Scalar) error {
	elements := make([]*ristretto.Element, 0, to-from)
	for i := from; i < to; i++ {
		uniform := sha512.Sum512(binary.BigEndian.AppendUint64([]byte("crosslight/bench"), uint64(i)))
		e := ristretto.New().FromUniform(&uniform)
		elements = append(elements, e.Mul(first, e))
	}
	sent := ristretto.EncodeDoubled(nil, elements)
	for i, e := range elements {
		if err := e.Decode(sent[i*ristretto.ElementSize:][:ristretto.ElementSize]); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
		e.Mul(second, e)
	}
	if got := ristretto.EncodeDoubled(nil, elements); len(got) != len(sent) {
		return fmt.Errorf("%d bytes", len(got))
	}
	return nil
}
