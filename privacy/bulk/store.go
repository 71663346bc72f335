package bulk

import (
	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
)

// storeWriter encodes the key-value store bin by bin, as far as blocks ask for it.
type storeWriter struct {
	shape   okvs.Shape
	vector  []byte // slots of all bins, then the masks
	groups  *okvs.Groups
	bins    int // done
	encoder *okvs.Encoder
}

func (w *storeWriter) begin(groups *okvs.Groups) {
	w.groups, w.encoder = groups, okvs.NewEncoder(w.shape)
}

// fill makes the first n slots valid. The error is [ErrEncode].
func (w *storeWriter) fill(n int) error {
	size := w.shape.BinSlots()
	for ; w.bins*size < n; w.bins++ {
		dst := w.vector[w.bins*size*okvs.SlotSize:][:size*okvs.SlotSize]
		if err := w.encoder.EncodeBin(dst, w.groups.Keys[w.bins]); err != nil {
			return ErrEncode
		}
	}
	return nil
}
