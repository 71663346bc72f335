package feed_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator/feed"
)

// endless writes n lines of a CSV feed without ever holding more than one.
type endless struct {
	line func(int) string
	n    int
	i    int
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.i == e.n {
			return 0, io.EOF
		}
		e.rest = e.line(e.i)
		e.i++
	}
	k := copy(p, e.rest)
	e.rest = e.rest[k:]
	return k, nil
}

var benchLines = map[string]func(int) string{
	"mixed": func(i int) string {
		switch i % 5 {
		case 0:
			return fmt.Sprintf("email,User.%d@Example.com,csam,3,R-%d,2026-01-02,\n", i, i)
		case 1:
			return fmt.Sprintf("phone,(212) 555-01%02d,grooming,,R-%d,,\n", i%100, i)
		case 2:
			return fmt.Sprintf("sha256,%064X,csam-a1,,R-%d,,\n", i+1, i)
		case 3:
			return fmt.Sprintf("url,https://example.com/a/%d?b=c,distribution,,R-%d,,\n", i, i)
		}
		return fmt.Sprintf("username,\"x: @user_%d\",grooming,,R-%d,,\n", i, i)
	},
	"phone": func(i int) string { return fmt.Sprintf("phone,+4420 7946 0%03d,grooming,,R-%d,,\n", i%1000, i) },
	"email": func(i int) string { return fmt.Sprintf("email,User.%d@Example.com,csam,,R-%d,,\n", i, i) },
}

// BenchmarkReader reads feeds of b.N lines; B/line of live heap shows that none of it is kept.
func BenchmarkReader(b *testing.B) {
	for name, line := range benchLines {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			in := &endless{line: func(i int) string {
				if i == 0 {
					return "type,value,category,severity,reference,first_seen,expires\n"
				}
				return line(i)
			}, n: b.N + 1}
			r, err := feed.NewReader(in, feed.Options{Region: "US", Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				b.Fatal(err)
			}
			for {
				row, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil || row.Refusal != "" {
					b.Fatal(err, row.Refusal)
				}
			}
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "live-MiB")
		})
	}
}
