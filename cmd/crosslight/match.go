package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
)

func (a *app) matchCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "match", Short: "Work on what is shared with other members, and hear of what they share",
		Example: "  crosslight match list --state new\n  crosslight match notify 3f2a91 --contact abuse-desk@platform.example",
	}, a.matchList(), a.matchShow(), a.matchNotify(), a.matchDispute(), a.matchClose(), a.matchExport())
}

// matchFlags narrow a list of matches or of notices.
type matchFlags struct {
	hub.MatchFilter
	since, until string
	incoming     bool
	from         string
}

func (o *matchFlags) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.Type, "type", "", "only this indicator type")
	f.StringVar(&o.Holder, "holder", "", "only shared with this member")
	f.StringVar(&o.Source, "source", "", "only found by: query, watch or reconcile")
	f.StringVar(&o.State, "state", "", "only in this state: new, notified, disputed or closed")
	f.StringVar(&o.since, "since", "", "first found then or later: 2026-03-01, an RFC 3339 time, or 24h")
	f.StringVar(&o.until, "until", "", "first found before: as --since")
	f.StringVar(&o.Query, "query", "", "only found by the query, watch or reconcile with this id")
	f.StringVar(&o.Case, "case", "", "only found under this case reference")
}

// times reads --since and --until.
func (o *matchFlags) times() (err error) {
	if o.Since, err = moment("since", o.since); err != nil {
		return err
	}
	o.Until, err = moment("until", o.until)
	return err
}

// moment reads a date, a time, or how long ago.
func moment(flag, s string) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	if ago, err := time.ParseDuration(s); err == nil && ago >= 0 {
		t := time.Now().Add(-ago)
		return &t, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return &t, nil
		}
	}
	return nil, usageText(fmt.Sprintf("--%s takes a date such as 2026-03-01, an RFC 3339 time, or a duration such as 24h", flag))
}

func (a *app) matchList() *cobra.Command {
	var o matchFlags
	c := a.verb(&cobra.Command{
		Use: "list", Short: "List matches, newest first, or the notices of other members", Args: cobra.NoArgs,
		Long: "Lists the items that this member shares with holders, whichever query, watch or reconcile found them.\n" +
			"With --incoming it lists what other members told this one about items of its own index.",
		Example: "  crosslight match list --state new --holder 'Example Bank'\n  crosslight match list --query 3f2a9c1d --limit 50 -o json\n" +
			"  crosslight match list --incoming",
	}, short, func(ctx context.Context, _ []string) error { return a.listMatches(ctx, o) })
	o.bind(c)
	c.Flags().BoolVar(&o.incoming, "incoming", false, "the notices of other members about items of this one")
	c.Flags().StringVar(&o.from, "from", "", "with --incoming: only of this member")
	pageFlags(c, &o.PageRequest)
	return c
}

func (a *app) listMatches(ctx context.Context, o matchFlags) error {
	if err := o.times(); err != nil {
		return err
	}
	h, err := a.hub()
	if err != nil {
		return err
	}
	if !o.incoming {
		if o.from != "" {
			return usageText("--from goes with --incoming; --holder narrows this member's own matches")
		}
		page, err := h.Matches(ctx, o.MatchFilter)
		if err != nil {
			return err
		}
		return a.print(page, func(t *table) { matchListTable(t, page) })
	}
	if o.Holder != "" || o.Source != "" || o.Query != "" || o.Case != "" || o.until != "" {
		return usageText("--incoming is narrowed by --from, --type, --state and --since alone")
	}
	page, err := h.Notices(ctx, hub.NoticeFilter{PageRequest: o.PageRequest, Type: o.Type, From: o.from, State: o.State, Since: o.Since})
	if err != nil {
		return err
	}
	return a.print(page, func(t *table) { noticeTable(t, page) })
}

// shownID is as much of a match's id as the table shows: enough to name it by.
const shownID = 12

func matchListTable(t *table, page hub.MatchPage) {
	rows := [][]any{}
	for _, m := range page.Matches {
		rows = append(rows, []any{
			m.ID[:min(shownID, len(m.ID))], m.State, m.Source, m.Type, m.Reference, m.Holder, m.HolderReference, m.Category,
			m.FoundAt.Format(time.RFC3339),
		})
	}
	t.rows([]string{"id", "state", "source", "type", "reference", "holder", "holder's reference", "category", "found at"}, rows)
	t.more(page.Next)
}

func noticeTable(t *table, page hub.NoticePage) {
	rows := [][]any{}
	for _, n := range page.Notices {
		rows = append(rows, []any{n.ID, n.State, n.From, n.Type, n.Item, n.Reference, n.Purpose, n.Contact, n.At.Format(time.RFC3339)})
	}
	t.rows([]string{"id", "state", "from", "type", "item", "reference", "purpose", "contact", "at"}, rows)
	t.more(page.Next)
}

func (a *app) matchShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show ID", Short: "Show a match or a notice, and all that was said of it", Args: cobra.ExactArgs(1),
		Long: "ID is a match's, or the in-… of another member's notice, or a prefix of it. With -o json it carries what\n" +
			"both sides signed, for whoever has to be shown it.",
		Example: "  crosslight match show 3f2a91\n  crosslight match show in-77c0 -o json",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		d, err := h.Match(ctx, args[0])
		if err != nil {
			return err
		}
		return a.print(d, func(t *table) { matchDetailTable(t, d) })
	})
}

func matchDetailTable(t *table, d hub.MatchDetail) {
	if d.Match != nil {
		t.line("match %s, %s", d.Match.ID, d.Match.State)
		t.line("")
		matchListTable(t, hub.MatchPage{Matches: []hub.MatchRecord{*d.Match}})
	}
	if d.Notice != nil {
		noticeTable(t, hub.NoticePage{Notices: []hub.Notice{*d.Notice}})
	}
	if len(d.Sightings) > 0 {
		rows := [][]any{}
		for _, s := range d.Sightings {
			rows = append(rows, []any{s.At.Format(time.RFC3339), s.Source, s.Origin, s.Purpose, s.Case})
		}
		t.line("")
		t.rows([]string{"seen at", "source", "by", "purpose", "case"}, rows)
	}
	said := [][]any{}
	for _, s := range d.Said {
		said = append(said, []any{s.At.Format(time.RFC3339), "to " + s.Member, s.Kind, s.Verdict, s.State, s.Reason})
	}
	for _, s := range d.Heard {
		said = append(said, []any{s.At.Format(time.RFC3339), "from " + s.Member, s.Kind, s.Verdict, s.State, s.Reason})
	}
	if len(said) > 0 {
		t.line("")
		t.rows([]string{"at", "member", "what", "verdict", "state", "reason"}, said)
	}
	for _, n := range d.Notes {
		t.line("%s  %s", n.At.Format(time.RFC3339), text(n.Text))
	}
}

func (a *app) matchNotify() *cobra.Command {
	var req hub.NotifyRequest
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "notify [ID ...]", Short: "Tell holders that items of theirs are known here", Args: cobra.ArbitraryArgs,
		Long: "Tells the holder of each match that this member knows the item: which item of its index, for which\n" +
			"purpose, under a commitment to the case reference, and whom to call. It does not say when or by which\n" +
			"question the match was found, and no value, masked or hashed, travels. It cannot be taken back.\n" +
			"Until the holder's signed receipt is here it is tried again, also after a restart.",
		Example: "  crosslight match notify 3f2a91 --contact abuse-desk@platform.example --dry-run\n" +
			"  crosslight match notify --query 3f2a9c1d --contact abuse-desk@platform.example",
	}, short, func(ctx context.Context, args []string) error {
		req.IDs = args
		if len(args) == 0 && req.Query == "" {
			return usageText("name matches, or a --query: `crosslight match list` shows them")
		}
		h, err := a.hub()
		if err != nil {
			return err
		}
		if !req.DryRun {
			if err := a.confirm(yes, "Tell the holders that this member knows these items? It cannot be taken back."); err != nil {
				return err
			}
		}
		report, err := h.NotifyMatches(ctx, req)
		if err != nil {
			return err
		}
		if err := a.print(report, func(t *table) { t.dryRun(req.DryRun, "told"); notifyTable(t, report) }); err != nil {
			return err
		}
		return notPossible(report)
	})
	f := c.Flags()
	f.StringVar(&req.Query, "query", "", "all matches that the query, watch or reconcile with this id found")
	f.StringVar(&req.Contact, "contact", "", "whom the holder is to call: a role's address, not a person's")
	f.StringVar(&req.Purpose, "purpose", "", "declared purpose (default: that of the newest sighting)")
	f.StringVar(&req.Case, "case", "", "case reference to commit to (default: that of the newest sighting)")
	f.BoolVar(&req.NoCase, "no-case", false, "commit to no case reference")
	f.BoolVar(&req.DryRun, "dry-run", false, "say what would be told to whom and stop")
	yesFlag(c, &yes)
	return c
}

func notifyTable(t *table, r hub.NotifyReport) {
	rows := [][]any{}
	for _, n := range r.Notices {
		rows = append(rows, []any{n.ID[:min(shownID, len(n.ID))], n.Holder, n.Status, n.Detail})
	}
	t.rows([]string{"id", "holder", "status", "detail"}, rows)
}

// notPossible is the exit of a notification of which nothing could be told.
func notPossible(r hub.NotifyReport) error {
	for _, n := range r.Notices {
		if n.Status != "not-possible" {
			return nil
		}
	}
	if len(r.Notices) == 0 {
		return errors.New("nothing matched: `crosslight match list` shows what there is")
	}
	return &codedError{exitDenied, errors.New("no holder can be told: the list says why")}
}

func (a *app) matchDispute() *cobra.Command {
	var v hub.MatchVerdict
	c := a.judgement(&v, &cobra.Command{
		Use: "dispute ID", Short: "Say that a match, or another member's notice, is none",
		Long: "Marks the match as disputed and tells the other side, so that a false item can be withdrawn. A holder\n" +
			"that was not told of the match is told of it with the verdict.",
		Example: "  crosslight match dispute 3f2a91 --verdict false-positive --note 'a shared mailbox'\n" +
			"  crosslight match dispute in-77c0 --verdict not-ours --contact desk@bank.example",
	}, func(ctx context.Context, h hub.Hub) (hub.MatchChange, error) { return h.DisputeMatch(ctx, v) })
	c.Flags().StringVar(&v.Verdict, "verdict", "", "not-ours or false-positive")
	return c
}

func (a *app) matchClose() *cobra.Command {
	var v hub.MatchVerdict
	c := a.judgement(&v, &cobra.Command{
		Use: "close ID", Short: "End the work on a match, or on another member's notice",
		Long: "Closes the match here. With --verdict the other side is told what came of it; without, nobody is.",
		Example: "  crosslight match close 3f2a91 --note 'handed to the investigation'\n" +
			"  crosslight match close in-77c0 --verdict confirmed",
	}, func(ctx context.Context, h hub.Hub) (hub.MatchChange, error) { return h.CloseMatch(ctx, v) })
	c.Flags().StringVar(&v.Verdict, "verdict", "", "tell the other side: confirmed, not-ours or false-positive")
	return c
}

// judgement is what dispute and close have in common.
func (a *app) judgement(v *hub.MatchVerdict, c *cobra.Command, do func(context.Context, hub.Hub) (hub.MatchChange, error)) *cobra.Command {
	var yes bool
	c.Args = cobra.ExactArgs(1)
	c = a.verb(c, short, func(ctx context.Context, args []string) error {
		v.ID = args[0]
		h, err := a.hub()
		if err != nil {
			return err
		}
		if v.Verdict != "" && !v.Local && !v.DryRun {
			if err := a.confirm(yes, "Tell the other side "+v.Verdict+"? It cannot be taken back."); err != nil {
				return err
			}
		}
		change, err := do(ctx, h)
		if err != nil {
			return err
		}
		return a.print(change, func(t *table) {
			word := "is"
			if change.DryRun {
				word = "would be"
			}
			t.line("%s %s %s; %s", change.ID, word, change.State, strings.Join(change.Effect, ", "))
		})
	})
	f := c.Flags()
	f.StringVar(&v.Note, "note", "", "a note, kept on this node")
	f.StringVar(&v.Contact, "contact", "", "whom the other side is to call")
	f.BoolVar(&v.Local, "local", false, "tell nobody")
	f.BoolVar(&v.DryRun, "dry-run", false, "say what would be told to whom and stop")
	yesFlag(c, &yes)
	return c
}
