package indicator_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/google/go-cmp/cmp"
)

// labelVector is a label as the vectors have it; absent fields are absent.
type labelVector struct {
	Category   indicator.Category
	Severity   *int
	FirstSeen  *indicator.Date `json:"first_seen"`
	Expires    *indicator.Date
	Reference  *string
	Contact    *string
	Confidence *indicator.Confidence
}

func TestLabelVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			Comment, CBOR string
			Label         *labelVector
			Refused       bool
		}
	}
	readVectors(t, "indicator-label.json", &file)
	for _, v := range file.Vectors {
		b, err := hex.DecodeString(v.CBOR)
		if err != nil {
			t.Fatal(err)
		}
		l, err := indicator.DecodeLabel(b)
		if v.Refused {
			if !errors.Is(err, indicator.ErrLabel) {
				t.Errorf("%s: %v", v.Comment, err)
			}
			continue
		}
		if want := indicator.Label(*v.Label); err != nil || !cmp.Equal(want, l) {
			t.Errorf("%s: %v\n%s", v.Comment, err, cmp.Diff(want, l))
		}
		if again, err := l.Encode(); err != nil || hex.EncodeToString(again) != v.CBOR {
			t.Errorf("%s: encodes to %x, %v", v.Comment, again, err)
		}
	}
}
