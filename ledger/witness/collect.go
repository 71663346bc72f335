package witness

import (
	"context"
	"sync"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// Answer is what one witness of several said: a cosignature, or why there is none.
type Answer struct {
	Witness     tlog.Key
	Cosignature tlog.Cosignature
	Err         error // as of [Client.Ask]; nil where there is a cosignature
}

// Collect asks all witnesses at once and returns their answers in the order of clients. It ends when each
// has answered or failed, or with ctx. prove is called from several goroutines.
func Collect(ctx context.Context, clients []*Client, n tlog.Note, prove Prove) []Answer {
	out := make([]Answer, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			s, err := c.Ask(ctx, n, prove)
			out[i] = Answer{c.Key(), s, err}
		})
	}
	wg.Wait()
	return out
}
