package holder

import (
	"context"
	"errors"

	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/indicator"
)

// EachOutput calls fn with every indicator of a type and its OPRF output in an epoch, to find out which of
// them a notice is about. Outputs that are not cached are evaluated; once the epoch's key is erased there
// is none, and fn is not called. f is fn's until it returns.
func (h *Holder) EachOutput(ctx context.Context, epoch uint64, typ indicator.Type, fn func(d indicator.Digest, f *[index.OutputSize]byte)) error {
	key, err := h.oprf.get(epoch, string(typ))
	if errors.Is(err, keys.ErrNoEpoch) {
		return nil
	}
	if err != nil {
		return err
	}
	seal, err := h.oprf.seal(epoch)
	if errors.Is(err, keys.ErrNoEpoch) { // erased just now
		return nil
	}
	if err != nil {
		return err
	}
	return h.cfg.Store.Each(ctx, epoch, typ, func(d indicator.Digest, _, cached []byte) error {
		var f [index.OutputSize]byte
		if copy(f[:], cached) == len(f) {
			if err := seal.apply(d, &f); err != nil {
				return err
			}
		} else {
			outputs, err := key.FullEvaluateAll([][]byte{d[:]})
			if err != nil {
				return err
			}
			f = outputs[0]
		}
		fn(d, &f)
		return ctx.Err()
	})
}
