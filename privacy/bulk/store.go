package bulk

import (
	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
)

// storeWriter encodes the key-value store bin by bin, as far as blocks ask for it.
type storeWriter struct {
	shape   okvs.Shape
	vector  []byte // slots of all bins, then the masks
	keys    *items
	bins    int // done
	encoder *okvs.Encoder
}

func (w *storeWriter) begin(keys *items) {
	w.keys, w.encoder = keys, okvs.NewEncoder(w.shape)
}

// fill makes the first n slots valid. The error is [ErrEncode].
func (w *storeWriter) fill(n int) error {
	size := w.shape.BinSlots()
	for ; w.bins*size < n; w.bins++ {
		dst := w.vector[w.bins*size*okvs.SlotSize:][:size*okvs.SlotSize]
		keys, _ := w.keys.group(w.bins)
		if err := w.encoder.EncodeBin(dst, keys); err != nil {
			return ErrEncode
		}
	}
	return nil
}
