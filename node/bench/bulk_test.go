package bench

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// inProcess runs both parties over a pipe in this process: figures mean nothing, the exchange is the same.
func inProcess(_ context.Context, receiver, sender BulkParty) (a, b BulkMeasure, err error) {
	one, other := net.Pipe()
	defer one.Close()
	defer other.Close()
	failed := make(chan error, 1)
	go func() {
		var err error
		b, err = PrepareBulk(sender)(other)
		failed <- err
	}()
	a, err = PrepareBulk(receiver)(one)
	return a, b, errors.Join(err, <-failed)
}

func TestBulk(t *testing.T) {
	for _, compact := range []bool{false, true} {
		r, err := Bulk(t.Context(), BulkOptions{N: 3000, Compact: compact, Sample: 64, Seed: 1, Now: time.Unix(0, 0), Parties: inProcess})
		if err != nil {
			t.Fatal(err)
		}
		runs := r.Figures["runs"].(BulkRuns)
		if len(runs) != 1 || runs[0].NA != 3000 || runs[0].NB != 3000 || runs[0].BytesPerElement < 40 || runs[0].ECDH <= 0 {
			t.Errorf("runs: %+v", runs)
		}
	}
	if _, err := Bulk(t.Context(), BulkOptions{N: -1, Sample: 64}); !errors.Is(err, ErrOptions) {
		t.Error(err)
	}
}
