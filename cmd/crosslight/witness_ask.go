package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/witness"
)

// witnessed is what the witnesses of an export said.
type witnessed struct {
	ID        string          `json:"id"`
	Size      uint64          `json:"size"`
	Witnesses []witnessAnswer `json:"witnesses"` // in the order of the command line
}

// witnessAnswer is what one of them said.
type witnessAnswer struct {
	Key         string  `json:"key"`
	Cosignature *string `json:"cosignature"` // a signature line, without its line feed
	Time        *string `json:"time"`        // of it, RFC 3339
	Error       *string `json:"error"`
}

func (a *app) witnessAsk() *cobra.Command {
	var id string
	var addresses []string
	c := a.verb(&cobra.Command{
		Use: "ask EXPORT", Short: "Have witnesses cosign the checkpoint of an export", Args: cobra.ExactArgs(1),
		Long: "Verifies an export and shows its checkpoint to witnesses, with the proof that it extends what\n" +
			"they hold. Prints their cosignatures, lines that belong beneath the checkpoint. Exits 1 when a\n" +
			"witness holds another or a longer history, 4 when one did not answer.",
		Example: "  crosslight witness ask ./ledger-export --witness 'http://127.0.0.1:7490#NAME+ID+KEY'",
	}, short, func(ctx context.Context, args []string) error { return a.askWitnesses(ctx, args[0], id, addresses) })
	c.Flags().StringArrayVar(&addresses, "witness", nil, "URL#KEY of a witness, KEY as 'witness init' prints it; may be repeated")
	c.Flags().StringVar(&id, "ledger-id", "", "the ledger that it must be, in hex")
	require(c, "witness")
	return c
}

func (a *app) askWitnesses(ctx context.Context, dir, id string, addresses []string) error {
	pin, err := pinned(id)
	if err != nil {
		return err
	}
	var clients []*witness.Client
	for _, address := range addresses {
		c, err := witness.ParseClient(address, http.DefaultClient)
		if err != nil {
			return usage(fmt.Errorf("--witness %s: %w", address, err))
		}
		clients = append(clients, c)
	}
	r, err := audit.Verify(dir, audit.Options{LedgerID: pin, Proofs: true})
	if err != nil {
		return fmt.Errorf("the export does NOT verify: %w", err)
	}
	answers := witness.Collect(ctx, clients, r.Checkpoint.Note(), r.Prove)
	out := witnessed{ID: fmt.Sprintf("%x", r.LedgerID), Size: r.Size, Witnesses: []witnessAnswer{}}
	for _, answer := range answers {
		out.Witnesses = append(out.Witnesses, witnessAnswerOf(answer))
	}
	if err := a.print(out, func(t *table) { witnessTable(t, out) }); err != nil {
		return err
	}
	return witnessVerdict(answers)
}

func witnessAnswerOf(a witness.Answer) witnessAnswer {
	out := witnessAnswer{Key: a.Witness.String()}
	if a.Err != nil {
		problem := a.Err.Error()
		out.Error = &problem
		return out
	}
	line := strings.TrimSuffix(string(a.Cosignature.Line().Bytes()), "\n")
	at := time.Unix(int64(a.Cosignature.Time), 0).UTC().Format(time.RFC3339)
	out.Cosignature, out.Time = &line, &at
	return out
}

func witnessTable(t *table, w witnessed) {
	for _, answer := range w.Witnesses {
		if answer.Error != nil {
			t.line("refused: %s", answer.Key)
			t.line("  %s", *answer.Error)
			continue
		}
		t.line("%s", *answer.Cosignature)
	}
}

// witnessVerdict tells a witness that contradicts the export from one that could not be asked.
func witnessVerdict(answers []witness.Answer) error {
	code := exitOK
	for _, answer := range answers {
		switch err := answer.Err; {
		case err == nil:
		case errors.Is(err, witness.ErrAhead), errors.Is(err, witness.ErrFork), errors.Is(err, witness.ErrPath),
			errors.Is(err, witness.ErrUntrusted), errors.Is(err, witness.ErrUnknown):
			return exitWith(exitError)
		default:
			code = exitUnavailable
		}
	}
	if code != exitOK {
		return exitWith(code)
	}
	return nil
}
