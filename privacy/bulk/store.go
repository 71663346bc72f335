package bulk

import (
	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
)

// storeWriter encodes the key-value store bin by bin, as far as blocks ask for it.
type storeWriter struct {
	shape   okvs.Shape
	vector  []byte // slots of all bins, then the masks
	keys    []okvs.Key
	order   []uint32
	start   []int
	bins    int // done
	encoder *okvs.Encoder
	members []okvs.Key
}

func (w *storeWriter) begin(keys []okvs.Key) {
	w.keys, w.encoder = keys, okvs.NewEncoder(w.shape)
	w.order, w.start = w.shape.Group(keys)
}

// fill makes the first n slots valid. The error is [ErrEncode].
func (w *storeWriter) fill(n int) error {
	size := w.shape.BinSlots()
	for ; w.bins*size < n; w.bins++ {
		w.members = w.members[:0]
		for _, x := range w.order[w.start[w.bins]:w.start[w.bins+1]] {
			w.members = append(w.members, w.keys[x])
		}
		dst := w.vector[w.bins*size*okvs.SlotSize:][:size*okvs.SlotSize]
		if err := w.encoder.EncodeBin(dst, w.members); err != nil {
			return ErrEncode
		}
	}
	return nil
}
