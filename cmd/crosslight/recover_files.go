package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
)

func historyFlag(c *cobra.Command, history *string) {
	c.Flags().StringVar(history, "history", "", "the history that the recovery goes on from, as 'draft' wrote it")
	require(c, "history")
}

// withHistory reads a recovery file and opens its history.
func withHistory(history, file string, f func(b []byte, h io.Reader) error) error {
	b, err := readFile(file)
	if err != nil {
		return err
	}
	h, err := os.Open(history)
	if err != nil {
		return err
	}
	defer h.Close()
	return f(b, h)
}

// changeRecovery reads a recovery and its history, has them changed, and writes the outcome to a new file.
func (a *app) changeRecovery(file, history, out, next string, change func(b []byte, h io.Reader) ([]byte, node.RecoveryInfo, error)) error {
	if exists(out) {
		return fmt.Errorf("%s exists: choose another --out", out)
	}
	var changed []byte
	var info node.RecoveryInfo
	if err := withHistory(history, file, func(b []byte, h io.Reader) (err error) {
		changed, info, err = change(b, h)
		return err
	}); err != nil {
		return err
	}
	if err := writeNew(out, changed); err != nil {
		return err
	}
	return a.printRecovery(info, next)
}

// writeStream writes a file that must not be there yet, which appears as a whole or not at all.
func writeStream(path string, write func(io.Writer) error) error {
	if exists(path) {
		return fmt.Errorf("%s exists: choose another file", path)
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

func (a *app) printRecovery(info node.RecoveryInfo, next string) error {
	err := a.print(info, func(t *table) {
		t.line("ledger id    %s", info.LedgerID)
		t.line("incarnation  %d", info.Incarnation)
		t.line("goes on from %d entries of %s, %d of them final, root %s", info.Size, info.From, info.Final, info.Root)
		t.line("voters       %s", strings.Join(info.Voters, ", "))
		t.line("digest       %s", info.Digest)
		t.line("seats        %d of %d have signed%s", info.Signed, info.Seats, lacking(info.NotSigned))
		t.line("cosigned     %s", cosigned(info))
		t.line("entered      %s", word(info.Entered))
		t.line("ready        %s", word(info.Ready))
	})
	if err == nil && next != "" {
		a.say("%s", next)
	}
	return err
}

func lacking(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", not " + strings.Join(names, ", ")
}

func cosigned(info node.RecoveryInfo) string {
	if info.Cosigners == 0 {
		return "by more than half of the members"
	}
	return fmt.Sprintf("%d more members are needed%s", info.Cosigners, lacking(info.NotCosigned))
}

func word(yes bool) string {
	if yes {
		return "yes"
	}
	return "not yet"
}
