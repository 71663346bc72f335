package state

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Prefetched is an envelope that was parsed ahead of its turn, and whose signature may have been
// checked ahead of it, too. Both depend on nothing but the bytes and a key, so that they can be done
// by many workers in any order: [State.ApplyPrefetched] takes the result only for the key that stands
// when the entry's turn has come, and otherwise checks again. The outcome is that of [State.Apply].
type Prefetched struct {
	signed  entry.Signed
	err     error
	version uint64           // of the envelope, where this program does not know it
	key     member.PublicKey // that the signature was checked against
	checked bool
	holds   error // of the signature, by key
}

// prefetchBlock is how many entries a worker takes at a time.
const prefetchBlock = 16

// Prefetch parses envelopes and checks their signatures by the keys that stand now, on all cores. The
// state must not change meanwhile.
func (s *State) Prefetch(raws [][]byte) []Prefetched {
	out := make([]Prefetched, len(raws))
	workers := min(runtime.GOMAXPROCS(0), (len(raws)+prefetchBlock-1)/prefetchBlock)
	if workers <= 1 {
		for i, raw := range raws {
			out[i] = s.prefetch(raw)
		}
		return out
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				end := int(next.Add(prefetchBlock))
				if end-prefetchBlock >= len(raws) {
					return
				}
				for i := end - prefetchBlock; i < min(end, len(raws)); i++ {
					out[i] = s.prefetch(raws[i])
				}
			}
		})
	}
	wg.Wait()
	return out
}

func (s *State) prefetch(raw []byte) Prefetched {
	p := parsed(raw)
	if p.err != nil {
		return p
	}
	if ref, ok := s.keys[p.signed.Envelope().SignerKey]; ok {
		_, p.holds = p.signed.Verify(ref.key)
		p.key, p.checked = ref.key, true
	}
	return p
}

// Repeat is for an envelope that another State has accepted after the very leaves that stand here: its
// signature holds, since it was checked there against the key that stands here too. Everything else is
// checked again when its turn has come.
func (s *State) Repeat(raw []byte) Prefetched {
	p := parsed(raw)
	if p.err != nil {
		return p
	}
	if ref, ok := s.keys[p.signed.Envelope().SignerKey]; ok {
		p.key, p.checked = ref.key, true
	}
	return p
}

func parsed(raw []byte) (p Prefetched) {
	p.signed, p.err = entry.Parse(raw)
	if v, ok := entry.VersionOf(raw); ok && v > entry.Version && len(raw) <= entry.MaxEnvelope {
		p.version = v
	}
	return p
}

// verify checks the signature by key, or knows already.
func (p *Prefetched) verify(key member.PublicKey) error {
	if p.checked && p.key == key {
		return p.holds
	}
	_, err := p.signed.Verify(key)
	return err
}
