package indicator_test

import (
	"testing"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// BenchmarkCanonicalise measures canonical form and digest over the accepted vectors of each type.
func BenchmarkCanonicalise(b *testing.B) {
	for _, typ := range indicator.Types() {
		var accepted []vector
		for _, v := range vectorsOf(b, typ) {
			if v.Refused == "" {
				accepted = append(accepted, v)
			}
		}
		b.Run(string(typ), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				v := accepted[i%len(accepted)]
				c, err := indicator.Canonicalise(typ, v.Raw, indicator.Options{Region: v.Region})
				if err != nil {
					b.Fatal(err)
				}
				_ = c.Digest()
			}
		})
	}
}
