package bulk

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
)

// takeTags looks own tags up among the sender's. Both are sorted, so that one pass over both finds all.
func (r *Receiver) takeTags(message []byte) error {
	b, err := body(message, kindTags, r.received)
	if err != nil {
		return err
	}
	per := tagsPer(r.config.LabelSize)
	n := min(per, r.peer-int(r.received-beforeTags)*per)
	if len(b) != n*entrySize(r.config.LabelSize) {
		return fmt.Errorf("%w: %d bytes for %d tags", ErrMessage, len(b), n)
	}
	r.evaluate()
	sealed := b[n*TagSize:]
	for i := range n {
		next := tagOf(b[i*TagSize:])
		if first := r.received == beforeTags && i == 0; !first && !r.last.less(next) {
			return fmt.Errorf("%w: tags are not ascending", ErrMessage)
		}
		r.last = next
		r.match(next, sealed, i)
	}
	return nil
}

// match appends all own digests with this tag.
func (r *Receiver) match(next tag, sealed []byte, i int) {
	own := r.own.sums
	for r.at < len(own) && tagOf(own[r.at][:]).less(next) {
		r.at++
	}
	for ; r.at < len(own) && tagOf(own[r.at][:]) == next; r.at++ {
		if size := r.config.LabelSize; size > 0 {
			r.labels = append(r.labels, open(&own[r.at], sealed[i*(size+SealExtra):][:size+SealExtra]))
		}
		r.own.numbers[r.matched] = r.own.numbers[r.at]
		r.matched++
	}
}

// seal encrypts a label under what F gives: AES-128-GCM, the key its last 16 bytes, which serves once, the nonce the
// first bytes of its tag. With one nonce for all, whoever searches for keys would hold each that it tries against all
// labels at once.
func seal(dst []byte, f *okvs.Key, label []byte) []byte {
	return labelCipher(f).Seal(dst, f[:nonceSize], label, nil)
}

// open returns nil for what was not sealed under f.
func open(f *okvs.Key, sealed []byte) []byte {
	label, err := labelCipher(f).Open(nil, f[:nonceSize], sealed, nil)
	if err != nil {
		return nil
	}
	return label
}

const nonceSize = 12

func labelCipher(f *okvs.Key) cipher.AEAD {
	b, err := aes.NewCipher(f[TagSize:])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return a
}
