package bulk

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"

	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
)

// Domains of the hashes. Each hash is SHA-256 over its domain, a zero byte and parts of fixed length; the
// last part of the first and of the last two may have any.
const (
	contextDomain    = "crosslight/bulk/v1 context"
	commitDomain     = "crosslight/bulk/v1 commitment"
	baseDomain       = "crosslight/bulk/v1 base"
	transcriptDomain = "crosslight/bulk/v1 transcript"
	rowDomain        = "crosslight/bulk/v1 row"
	firstCheck       = "crosslight/bulk/v1 first check"
	secondCheck      = "crosslight/bulk/v1 second check"
	itemName         = "crosslight/bulk/v1 item"
	tagName          = "crosslight/bulk/v1 tag"
	fillerDomain     = "crosslight/bulk/v1 filler"
)

func digest(domain string, parts ...[]byte) [32]byte {
	h := sha256.New()
	h.Write(append([]byte(domain), 0))
	for _, p := range parts {
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}

// family returns the hash SHA-256(key || name, filled up with zeros to 32 bytes || input).
func family(key [32]byte, name string) *simd.Hasher {
	var p simd.Prefix
	copy(p[:], key[:])
	copy(p[32:], name)
	return simd.NewHasher(p)
}

// coins expands a seed: AES-256 in counter mode from zero.
func coins(seed [32]byte) cipher.Stream {
	b, err := aes.NewCipher(seed[:])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	return cipher.NewCTR(b, make([]byte, aes.BlockSize))
}
