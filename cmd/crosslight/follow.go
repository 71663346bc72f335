package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

// followFlags are what `alert follow` is told.
type followFlags struct {
	after string
	all   bool
	count int
}

func (a *app) alertFollow() *cobra.Command {
	var o followFlags
	c := a.verb(&cobra.Command{
		Use: "follow", Short: "Show alerts as they are raised, until an interrupt",
		Long: "Shows each alert as soon as it is raised, with -o json as one object a line. Where the connection or\n" +
			"the node goes away it comes back and goes on after the last alert, so that none is missed; --after\n" +
			"does the same for one that was shown by an earlier run.",
		Example: "  crosslight alert follow\n  crosslight alert follow --after 17 -o json",
	}, always, func(ctx context.Context, _ []string) error { return a.follow(ctx, o) })
	c.Flags().StringVar(&o.after, "after", "", "begin after the alert with this id (default: with the next one that is raised)")
	c.Flags().BoolVar(&o.all, "all", false, "begin with the first there is")
	c.Flags().IntVar(&o.count, "count", 0, "end after so many alerts (default: never)")
	c.MarkFlagsMutuallyExclusive("after", "all")
	return c
}

// errEnough ends a stream that has shown what was asked for.
var errEnough = errors.New("enough")

func (a *app) follow(ctx context.Context, o followFlags) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	if o.all {
		o.after = "0"
	}
	if o.after == "" {
		if o.after, err = newestAlert(ctx, h); err != nil {
			return err
		}
	}
	shown := 0
	for {
		err := h.FollowAlerts(ctx, o.after, func(x hub.Alert) error {
			if err := a.printAlert(x); err != nil {
				return err
			}
			o.after = x.ID
			if shown++; shown == o.count {
				return errEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, errEnough):
			return nil
		case ctx.Err() != nil:
			return nil // an interrupt is how this ends
		case !errors.Is(err, hub.ErrUnavailable):
			return err
		}
		a.say("%v; waiting for it to come back", err)
		if h, err = a.comeBack(ctx); err != nil {
			return nil // interrupted
		}
	}
}

// newestAlert is the id of the alert that was raised last.
func newestAlert(ctx context.Context, h hub.Hub) (string, error) {
	page, err := h.Alerts(ctx, hub.AlertFilter{PageRequest: hub.PageRequest{Limit: 1}})
	if err != nil || len(page.Alerts) == 0 {
		return "0", err
	}
	return page.Alerts[0].ID, nil
}

// comeBackEvery is how often a node that went away is looked for.
const comeBackEvery = time.Second

// comeBack waits until the home's node answers again, which may be at another address.
func (a *app) comeBack(ctx context.Context) (hub.Hub, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(comeBackEvery):
		}
		h, err := a.hub()
		if err == nil {
			_, err = h.Status(ctx)
		}
		if err == nil {
			return h, nil
		}
	}
}

// printAlert writes one alert: a line of JSON, a YAML document, or a line for people.
func (a *app) printAlert(x hub.Alert) error {
	switch a.cfg.Output {
	case "json":
		b, err := json.Marshal(x)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n", b)
		return err
	case "yaml":
		if _, err := fmt.Fprintln(a.out, "---"); err != nil {
			return err
		}
		return a.printYAML(x)
	}
	name := x.WatchName
	if name == "" {
		name = x.Watch
	}
	_, err := fmt.Fprintf(a.out, "%s  alert %s  %s  %s  %s  %s  %s\n", x.RaisedAt.Format(time.RFC3339), x.ID,
		text(name), x.Type, text(x.Reference), text(x.Holder), text(x.HolderReference))
	return err
}
