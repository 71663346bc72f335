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
		x := own[r.at].index
		if size := r.config.LabelSize; size > 0 {
			r.labels = append(r.labels, open(r.own.seals[x], tag, sealed[i*(size+SealExtra):][:size+SealExtra]))
		}
		r.matched = append(r.matched, x)
	}
}

// seal encrypts a label under a key that serves once: AES-128-GCM, the nonce the first bytes of its tag. With one
// nonce for all, whoever searches for keys would hold each that it tries against all labels at once.
func seal(dst []byte, key [16]byte, tag *entry, label []byte) []byte {
	nonce := tag.nonce()
	return labelCipher(key).Seal(dst, nonce[:], label, nil)
}

// open returns nil for what was not sealed under the key and the tag.
func open(key [16]byte, tag *entry, sealed []byte) []byte {
	nonce := tag.nonce()
	label, err := labelCipher(key).Open(nil, nonce[:], sealed, nil)
	if err != nil {
		return nil
	}
	return label
}

func (e *entry) nonce() (nonce [12]byte) {
	binary.BigEndian.PutUint64(nonce[:], e.high)
	binary.BigEndian.PutUint32(nonce[8:], uint32(e.low>>32))
	return nonce
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
