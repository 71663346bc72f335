package alert

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/crosslight/crosslight/node/store"
)

// Pauses after posts that were not taken.
const (
	firstPause = time.Second
	lastPause  = 10 * time.Minute
)

// pauseAfter is how long to wait after so many failures in a row, 1 or more: doubling to lastPause, and
// half of it left to chance, so that many nodes do not come back at once. random is in [0, 1).
func pauseAfter(failures int, random float64) time.Duration {
	p := lastPause
	if failures < 11 { // 2^10 s is above lastPause
		p = min(firstPause<<(failures-1), lastPause)
	}
	return p/2 + time.Duration(random*float64(p/2))
}

// sender posts the outbox of one receiver, in order, and strikes what was taken. A crash between the two
// posts again: a receiver knows an alert by its id. It is for one goroutine.
type sender struct {
	desk     *Desk
	receiver Receiver
	client   *http.Client
	failures int
}

func newSender(d *Desk, r Receiver) *sender { return &sender{desk: d, receiver: r, client: client()} }

func (s *sender) run(ctx context.Context) {
	defer s.client.CloseIdleConnections()
	for ctx.Err() == nil {
		news := s.desk.next()
		more, err := s.step(ctx)
		var wait <-chan time.Time
		switch {
		case err != nil:
			s.failures++
			pause := pauseAfter(s.failures, rand.Float64())
			if ctx.Err() == nil {
				s.desk.cfg.Log.Warn("a webhook was not taken; the alerts wait", "host", s.receiver.Host(), "failures", s.failures, "again_in", pause.String(), "error", err)
			}
			wait, news = time.After(pause), nil
		case more:
			s.failures = 0
			continue
		}
		select {
		case <-ctx.Done():
		case <-wait:
		case <-news:
		}
	}
}

// step posts once. more says that the outbox may hold more.
func (s *sender) step(ctx context.Context) (more bool, err error) {
	waiting, err := s.desk.cfg.Store.Outbox(ctx, s.receiver.ID(), perPost)
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	err = post(ctx, s.client, s.receiver, s.desk.cfg.Member, shownAll(waiting, s.desk.cfg.Show), s.desk.cfg.Now())
	if s.desk.cfg.Posted != nil {
		s.desk.cfg.Posted(err == nil)
	}
	if err != nil {
		return false, err
	}
	return true, s.strike(ctx, waiting)
}

// strike is not cut off by the node's end: what was taken would be posted again.
func (s *sender) strike(ctx context.Context, taken []store.Alert) error {
	return s.desk.cfg.Store.Taken(context.WithoutCancel(ctx), s.receiver.ID(), taken)
}
