package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/keys"
)

// movedSeat says where the seat key is.
type movedSeat struct {
	SeatKey  string `json:"seat_key"` // the file
	Attached bool   `json:"attached"` // the node's own keys hold it
}

func (a *app) seatDetach() *cobra.Command {
	var out string
	var workFactor int
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "detach", Short: "Move the seat key to a file of its own, to be kept on a machine without a node",
		Long: "Takes the seat key out of HOME/keys and writes it to a file, under the same passphrase. The node\n" +
			"must be stopped. From then on it proposes and votes by drafts (`proposal show ID --out FILE`).\n" +
			"Backups of HOME/keys made before still hold the key.",
		Example: "  crosslight seat detach --out /media/stick/seat.age",
	}, endless, func(context.Context, []string) error {
		if err := a.confirm(yes, "Move the seat key to "+out+"? This node signs for the seat no longer."); err != nil {
			return err
		}
		err := a.withKeys(func(dir string, pass []byte) error { return keys.DetachSeat(dir, out, pass, workFactor) })
		if err != nil {
			return err
		}
		return a.print(movedSeat{out, false}, func(t *table) { t.line("%s", out) })
	})
	c.Flags().StringVar(&out, "out", "", "file to write the seat key to")
	workFactorFlag(c, &workFactor)
	yesFlag(c, &yes)
	passphraseFlag(c)
	require(c, "out")
	return c
}

func (a *app) seatAttach() *cobra.Command {
	var workFactor int
	c := a.verb(&cobra.Command{
		Use: "attach FILE", Short: "Take the seat key back into the node's keys", Args: cobra.ExactArgs(1),
		Example: "  crosslight seat attach /media/stick/seat.age",
	}, endless, func(_ context.Context, args []string) error {
		err := a.withKeys(func(dir string, pass []byte) error { return keys.AttachSeat(dir, args[0], pass, workFactor) })
		if err != nil {
			return err
		}
		return a.print(movedSeat{args[0], true}, func(t *table) { t.line("%s", filepath.Join(a.cfg.Home, "keys")) })
	})
	workFactorFlag(c, &workFactor)
	passphraseFlag(c)
	return c
}

func workFactorFlag(c *cobra.Command, to *int) {
	c.Flags().IntVar(to, "key-work-factor", 0, "log2 of scrypt's N for the key files; lower it only under a random passphrase")
}

// withKeys works on the key files of a home whose node is stopped.
func (a *app) withKeys(work func(dir string, passphrase []byte) error) (err error) {
	h, err := home.Open(a.cfg.Home)
	if err != nil {
		return err
	}
	lock, err := h.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	pass, err := a.passphrase(false)
	if err != nil {
		return err
	}
	return work(h.Keys(), pass)
}
