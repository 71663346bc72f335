package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
)

func (a *app) auditAnswer() *cobra.Command {
	var req hub.AuditAnswerRequest
	var out string
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "answer ID", Short: "Open what was drawn of this member's questions to the auditors", Args: cobra.ExactArgs(1),
		Long: "Opens the questions that were drawn, signs that and encrypts it to the auditors that the board\n" +
			"named. They see digest, type, purpose and case reference of each; nobody else sees anything.\n" +
			"--deliver brings it to their nodes, --out writes the file to be passed by hand. What is not opened\n" +
			"in time counts as false, and so does --refuse, which signs that nothing is opened.",
		Example: "  crosslight audit answer 608a65b0 --dry-run\n  crosslight audit answer 608a65b0 --deliver",
	}, endless, func(ctx context.Context, args []string) error {
		req.Audit = args[0]
		if !req.DryRun && !req.Deliver && out == "" {
			return usageText("say where the answer goes: --deliver brings it to the auditors' nodes, --out FILE writes it")
		}
		return a.answerAudit(ctx, req, out, yes)
	})
	f := c.Flags()
	f.BoolVar(&req.DryRun, "dry-run", false, "say how many can be opened, and stop")
	f.BoolVar(&req.Deliver, "deliver", false, "bring it to the auditors' nodes")
	f.BoolVar(&req.Refuse, "refuse", false, "open nothing, which counts as false")
	f.StringVar(&out, "out", "", "write the encrypted answer to this file")
	yesFlag(c, &yes)
	return c
}

func (a *app) answerAudit(ctx context.Context, req hub.AuditAnswerRequest, out string, yes bool) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	question := "Show the questions that were drawn to the auditors?"
	if req.Refuse {
		question = "Refuse to open anything? It counts as false, on the ledger."
	}
	if !req.DryRun {
		if err := a.confirm(yes, question); err != nil {
			return err
		}
	}
	answer, err := h.AuditAnswer(ctx, req)
	if err != nil {
		return err
	}
	if out != "" && !req.DryRun {
		if err := writeNew(out, answer.File); err != nil {
			return err
		}
	}
	err = a.print(answer, func(t *table) {
		t.dryRun(answer.DryRun, "signed or sent")
		t.line("audit     %s", answer.Audit)
		t.line("opened    %d of %d", answer.Opened, answer.Drawn)
		for _, why := range answer.Lost {
			t.line("lost      %s", text(why))
		}
		for _, d := range answer.Delivered {
			t.line("delivered %s: %s", text(d.Auditor), deliveryWords(d))
		}
	})
	if err == nil && undelivered(answer) {
		return exitWith(exitUnavailable)
	}
	return err
}

func deliveryWords(d hub.AuditDelivery) string {
	if d.Failure == nil {
		return "yes"
	}
	return "no: " + text(d.Failure)
}

func undelivered(answer hub.AuditAnswer) bool {
	for _, d := range answer.Delivered {
		if d.Failure != nil {
			return true
		}
	}
	return false
}

// auditorKey says where an auditor's identity is and what is encrypted to it.
type auditorKey struct {
	Identity  string `json:"identity"` // the file
	Recipient string `json:"recipient"`
}

func (a *app) auditKey() *cobra.Command {
	var out string
	c := a.verb(&cobra.Command{
		Use: "key", Short: "Make a key that openings are encrypted to, on an auditor's machine",
		Long: "Writes an age identity to a file and prints its recipient, which the board names in `audit request`.\n" +
			"Whoever has the file reads what is opened: keep it on a machine of the auditor's, and no node's.",
		Example: "  crosslight audit key --out auditor.key",
	}, short, func(context.Context, []string) error {
		auditor, err := keys.NewAuditor()
		if err == nil {
			err = auditor.Save(out)
		}
		if err != nil {
			return err
		}
		made := auditorKey{out, auditor.Recipient()}
		return a.print(made, func(t *table) { t.line("%s", made.Recipient) })
	})
	c.Flags().StringVar(&out, "out", "", "file to write the identity to")
	require(c, "out")
	return c
}

func (a *app) auditFetch() *cobra.Command {
	var out string
	c := a.verb(&cobra.Command{
		Use: "fetch ID", Short: "Write the answer that a querier has brought to this node to a file", Args: cobra.ExactArgs(1),
		Example: "  crosslight audit fetch 608a65b0 --out answer.age",
	}, short, func(ctx context.Context, args []string) error {
		h, err := a.hub()
		if err != nil {
			return err
		}
		file, err := h.AuditReceived(ctx, args[0])
		if err != nil {
			return err
		}
		if err := writeNew(out, file); err != nil {
			return err
		}
		return a.print(writtenFile{File: out, Bytes: len(file)}, func(t *table) { t.line("%s", out) })
	})
	c.Flags().StringVar(&out, "out", "", "file to write it to, encrypted as it came")
	require(c, "out")
	return c
}

type writtenFile struct {
	File  string `json:"file"`
	Bytes int    `json:"bytes"`
}
