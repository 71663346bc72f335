package bulk

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
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
		tag := entry{high: binary.BigEndian.Uint64(b[i*TagSize:]), low: binary.BigEndian.Uint64(b[i*TagSize+8:])}
		first := r.received == beforeTags && i == 0
		if !first && (tag.same(&r.last) || tag.less(&r.last)) {
			return fmt.Errorf("%w: tags are not ascending", ErrMessage)
		}
		r.last = tag
		r.match(&tag, sealed, i)
	}
	return nil
}

// match appends all own digests with this tag.
func (r *Receiver) match(tag *entry, sealed []byte, i int) {
	if b := r.own.bucketOf(tag.high); b != r.bucket {
		r.bucket, r.at = b, 0
	}
	own := r.own.entries.bucket(r.bucket)
	for r.at < len(own) && (own[r.at].high < tag.high || own[r.at].high == tag.high && own[r.at].low < tag.low) {
		r.at++
	}
	for ; r.at < len(own) && own[r.at].same(tag); r.at++ {
		m := Match{Index: int(own[r.at].index)}
		if size := r.config.LabelSize; size > 0 {
			m.Label = open(r.own.seals[m.Index], sealed[i*(size+SealExtra):][:size+SealExtra])
		}
		r.matches = append(r.matches, m)
	}
}

// seal encrypts a label under a key that serves once: AES-128-GCM with a nonce of zeros.
func seal(dst []byte, key [16]byte, label []byte) []byte {
	return labelCipher(key).Seal(dst, make([]byte, 12), label, nil)
}

// open returns nil for what was not sealed under the key.
func open(key [16]byte, sealed []byte) []byte {
	label, err := labelCipher(key).Open(nil, make([]byte, 12), sealed, nil)
	if err != nil {
		return nil
	}
	return label
}

func labelCipher(key [16]byte) cipher.AEAD {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 16 bytes are a key
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return a
}
