package indicator

import (
	"strconv"
	"strings"
)

// Reasons about PDQ hashes.
const (
	errPDQQuality    refusal = "the quality is not ;q= and a number from 0 to 100"
	errPDQLowQuality refusal = "quality below 50: too little detail in the image to compare"
)

// minPDQQuality is the quality below which PDQ's authors advise against comparing.
const minPDQQuality = 50

// canonicalPDQ returns 64 lowercase hexadecimal digits. An optional ;q=NN is checked and dropped:
// two encoders agree on a hash more often than on its quality.
func canonicalPDQ(s string, _ Options) (result, error) {
	hash, quality, found := strings.Cut(s, ";")
	if found {
		if err := checkQuality(strings.TrimSpace(quality)); err != nil {
			return result{}, err
		}
	}
	form, err := fixedHex(strings.TrimSpace(hash), 64)
	return result{form: form}, err
}

func checkQuality(s string) error {
	digits, found := strings.CutPrefix(s, "q=")
	if !found || len(digits) > 3 || !allBytes(digits, isDigit) {
		return errPDQQuality
	}
	q, err := strconv.Atoi(digits)
	switch {
	case err != nil || q > 100:
		return errPDQQuality
	case q < minPDQQuality:
		return errPDQLowQuality
	}
	return nil
}
