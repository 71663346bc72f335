package audit

import (
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/session"
)

// remake is what a querier can always do after the draw: an element and an opening that hold for each
// other, of whatever it likes to have asked.
func remake(o *session.Opening, digest [32]byte) {
	o.Digest, o.Blind = digest, [32]byte{1}
	e, err := voprf.Element(o.Digest[:], o.Blind[:])
	if err != nil {
		panic(err)
	}
	o.Element = e
}

// plusOrder adds the group's order (RFC 9496 §4): the same blind in another encoding.
func plusOrder(scalar [32]byte) (out [32]byte) {
	order := [32]byte{
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10,
	}
	carry := 0
	for i := range out {
		sum := int(scalar[i]) + int(order[i]) + carry
		out[i], carry = byte(sum), sum>>8
	}
	return out
}
