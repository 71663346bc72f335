package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/telemetry"
)

// stopGrace is how long a node may take to stop.
const stopGrace = 15 * time.Second

func (a *app) nodeCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "node", Short: "Run this member's node and see how it is",
		Example: "  crosslight node start --passphrase-file /run/credentials/passphrase",
	}, a.nodeStart(), a.nodeStatus())
}

func (a *app) nodeStart() *cobra.Command {
	var untilEOF bool
	c := a.verb(&cobra.Command{
		Use: "start", Short: "Run the node until it is told to stop",
		Long: "Runs the node in the foreground until an interrupt. Its API listens on loopback; address and\n" +
			"token lie in HOME, where the other commands find them.",
		Example: "  crosslight node start --passphrase-file ./passphrase --log-level warn",
	}, always, func(ctx context.Context, _ []string) error { return a.start(ctx, untilEOF) })
	f := c.Flags()
	f.String("api", "", "address of the local API (default "+defaultAPIListen+")")
	f.StringSlice("listen", nil, "multiaddrs to listen on for other members (default "+defaultP2PListen+")")
	f.String("log-level", "", "debug, info, warn or error (default info)")
	f.BoolVar(&untilEOF, "until-eof", false, "stop when standard input ends, for a parent that must not leave a node behind")
	setting(f.Lookup("api"), "api.listen")
	setting(f.Lookup("listen"), "p2p.listen")
	f.StringSlice("announce", nil, "multiaddrs that others can dial, where they have changed since init")
	setting(f.Lookup("announce"), "p2p.announce")
	setting(f.Lookup("log-level"), "log.level")
	passphraseFlag(c)
	return c
}

func (a *app) start(ctx context.Context, untilEOF bool) error {
	pass, err := a.passphrase(false)
	if err != nil {
		return err
	}
	webhooks, err := a.cfg.receivers()
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(a.err, a.cfg.LogLevel)
	n, err := node.Start(ctx, node.Config{
		Now:  a.now,
		Home: a.cfg.Home, Passphrase: pass, APIListen: a.cfg.APIListen, P2PListen: a.cfg.P2PListen,
		Announce: a.cfg.P2PAnnounce, Region: a.cfg.Region, Logger: log, Version: version,
		MaxAge: a.cfg.MaxAge, Witnesses: a.cfg.Witnesses, Mirror: a.cfg.Mirror.options(), Retention: time.Duration(a.cfg.RetentionDays) * 24 * time.Hour,
		Alerts: a.cfg.Alerts, Webhooks: webhooks,
		AnswerAudits: a.cfg.AuditAnswer == answerAutomatic, ReconcileAutomatic: a.cfg.Consent == "automatic",
	})
	if err != nil {
		return err
	}
	log.Info("node started", "api", n.APIAddr())
	if untilEOF {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() { defer cancel(); _, _ = io.Copy(io.Discard, a.in) }()
	}
	return await(ctx, n)
}

// await ends when the node fails or ctx does, and stops the node.
func await(ctx context.Context, n *node.Node) error {
	failed := make(chan error, 1)
	go func() { failed <- n.Wait() }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	return errors.Join(err, n.Close(grace))
}

func (a *app) nodeStatus() *cobra.Command {
	var wait bool
	c := a.verb(&cobra.Command{
		Use: "status", Short: "Show who this node is, whether it is well, and whom it sees",
		Long:    "Shows the node's account of itself. Exits 4 when the node is not ready.",
		Example: "  crosslight node status --wait --timeout 1m",
	}, short, func(ctx context.Context, _ []string) error { return a.status(ctx, wait) })
	c.Flags().BoolVar(&wait, "wait", false, "wait until the node is ready and its index holds all that was imported")
	return c
}

func (a *app) status(ctx context.Context, wait bool) error {
	s, err := a.nodeState(ctx)
	for wait && (err != nil || !s.Ready || s.Indexing) && retry(ctx, err) {
		s, err = a.nodeState(ctx)
	}
	if err != nil {
		return err
	}
	if err := a.print(s, func(t *table) { statusTable(t, s) }); err != nil {
		return err
	}
	if !s.Ready {
		return fmt.Errorf("%w: the node is not ready: %s", hub.ErrUnavailable, text(s.Reasons))
	}
	return nil
}

func (a *app) nodeState(ctx context.Context) (hub.Status, error) {
	h, err := a.hub()
	if err != nil {
		return hub.Status{}, err
	}
	return h.Status(ctx)
}

// pollEvery is how often a waiting command looks again.
const pollEvery = 50 * time.Millisecond

// retry pauses before another look. What waiting cannot cure, and the end of ctx, end it.
func retry(ctx context.Context, err error) bool {
	if err != nil && !errors.Is(err, hub.ErrUnavailable) && !errors.Is(err, os.ErrNotExist) {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pollEvery):
		return true
	}
}

func statusTable(t *table, s hub.Status) {
	t.line("member      %s (%s)", text(s.Name), s.Sector)
	t.line("peer id     %s", s.PeerID)
	t.line("ready       %v %s", s.Ready, text(s.Reasons))
	t.line("ledger      %s, %d entries, leader %s", s.LedgerID, s.Size, text(s.Leader))
	t.line("indicators  %d%s", s.Indicators, map[bool]string{true: " (index being built)"}[s.Indexing])
	t.line("listens on  %s", text(s.Listen))
	t.line("version     %s, up since %s", s.Version, s.StartedAt.Format(time.RFC3339))
	if len(s.Peers) == 0 {
		return
	}
	rows := [][]any{}
	for _, p := range s.Peers {
		rows = append(rows, []any{p.Name, p.PeerID, p.Connected, p.Mirrored})
	}
	t.line("")
	t.rows([]string{"member", "peer id", "connected", "mirrored"}, rows)
}
