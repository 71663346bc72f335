package indicator

import (
	"encoding/base64"
	"encoding/hex"
)

const errPhotoDNA refusal = "not a PhotoDNA hash: 144 bytes as 288 hexadecimal digits or 192 characters of base64"

// photoDNASize is the length of a PhotoDNA hash in bytes. It is a multiple of three, so its base64
// has no padding and one form.
const photoDNASize = 144

// canonicalPhotoDNA returns 288 lowercase hexadecimal digits: opaque, exact.
func canonicalPhotoDNA(s string, _ Options) (result, error) {
	if len(s) != base64.StdEncoding.EncodedLen(photoDNASize) {
		form, err := fixedHex(s, 2*photoDNASize)
		if err != nil {
			return result{}, errPhotoDNA
		}
		return result{form: form}, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != photoDNASize {
		return result{}, errPhotoDNA
	}
	return result{form: hex.EncodeToString(b)}, nil
}
