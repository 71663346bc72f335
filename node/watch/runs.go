package watch

import (
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// Runs cuts elements into sealed runs, type by type in the order of types. owner is the id of the watch
// or query that they are of. The error in the sequence is [ErrElement].
func Runs(key Key, owner string, types []indicator.Type, of func(indicator.Type) []Element) iter.Seq2[store.Run, error] {
	return func(yield func(store.Run, error) bool) {
		n := 0
		for _, t := range types {
			for part := range slices.Chunk(of(t), RunSize) {
				sealed, err := sealRun(key, owner, n, t, part)
				if !yield(store.Run{N: n, Type: t, Count: len(part), Sealed: sealed}, err) || err != nil {
					return
				}
				n++
			}
		}
	}
}

// sealRun writes each element as 32 digest | 1 length | reference.
func sealRun(key Key, owner string, n int, t indicator.Type, elements []Element) ([]byte, error) {
	var plain []byte
	for _, e := range elements {
		reference := ""
		if e.Reference != nil {
			reference = *e.Reference
		}
		if len(reference) > MaxReference {
			return nil, fmt.Errorf("%w: a reference of %d bytes, at most %d", ErrElement, len(reference), MaxReference)
		}
		plain = append(append(plain, e.Digest[:]...), byte(len(reference)))
		plain = append(plain, reference...)
	}
	return key.seal(plain, place("run", owner, strconv.Itoa(n), string(t))), nil
}

// OpenRun returns the elements of a run. The error is [ErrSealed].
func OpenRun(key Key, owner string, r store.Run) ([]Element, error) {
	plain, err := key.open(r.Sealed, place("run", owner, strconv.Itoa(r.N), string(r.Type)))
	if err != nil {
		return nil, fmt.Errorf("%w: run %d", err, r.N)
	}
	var out []Element
	for len(plain) > 0 {
		const fixed = len(indicator.Digest{}) + 1
		if len(plain) < fixed || len(plain) < fixed+int(plain[fixed-1]) {
			return nil, fmt.Errorf("%w: run %d", ErrSealed, r.N)
		}
		e := Element{Digest: indicator.Digest(plain[:fixed-1])}
		end := fixed + int(plain[fixed-1])
		if end > fixed {
			reference := string(plain[fixed:end])
			e.Reference = &reference
		}
		out, plain = append(out, e), plain[end:]
	}
	if len(out) != r.Count {
		return nil, fmt.Errorf("%w: run %d", ErrSealed, r.N)
	}
	return out, nil
}

func spanPlace(owner string, p *store.Span) []byte {
	return place("span", owner, p.Holder, strconv.FormatUint(p.Epoch, 10), strconv.Itoa(p.Run), strconv.Itoa(p.Start))
}

// SealSpan puts the outputs of a span into it, sealed: as many as it counts.
func SealSpan(key Key, owner string, p *store.Span, outputs []Output) {
	plain := make([]byte, 0, len(outputs)*index.OutputSize)
	for i := range outputs {
		plain = append(plain, outputs[i][:]...)
	}
	p.Sealed = key.seal(plain, spanPlace(owner, p))
}

// OpenSpan returns the outputs of a span, in the order of its elements. The error is [ErrSealed].
func OpenSpan(key Key, owner string, p *store.Span) ([]Output, error) {
	plain, err := key.open(p.Sealed, spanPlace(owner, p))
	if err != nil || len(plain) != p.Count*index.OutputSize {
		return nil, fmt.Errorf("%w: span %d of run %d", ErrSealed, p.Start, p.Run)
	}
	out := make([]Output, p.Count)
	for i := range out {
		out[i] = Output(plain[i*index.OutputSize:])
	}
	return out, nil
}
