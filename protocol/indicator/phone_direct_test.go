package indicator

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// TestDirectPhone compares the short way with libphonenumber's parser on random numbers of the
// shapes it takes, under several regions.
func TestDirectPhone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 4000 {
		digits := fmt.Sprintf([]string{"+1%010d", "%010d", "+44%010d", "+44%09d", "+1%011d"}[r.IntN(5)], r.Int64N(1e10))
		region := []string{"US", "CA", "GB", "GG", "BS", "IT", ""}[r.IntN(7)]
		n, form, ok := directPhone(digits, region)
		if !ok {
			continue
		}
		taken++
		want, err := phonenumbers.Parse(digits, region)
		if err != nil {
			t.Fatalf("%s under %q: taken, but the parser says %v", digits, region, err)
		}
		if e164 := phonenumbers.Format(want, phonenumbers.E164); e164 != form {
			t.Fatalf("%s under %q: %s, the parser says %s", digits, region, form, e164)
		}
		if phonenumbers.IsValidNumber(n) != phonenumbers.IsValidNumber(want) {
			t.Fatalf("%s under %q: validity differs", digits, region)
		}
	}
	if taken < 1000 {
		t.Errorf("only %d numbers went the short way", taken)
	}
}
