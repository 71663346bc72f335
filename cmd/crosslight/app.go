package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"
)

// app is what every command shares: the streams, the configuration and where the home is.
type app struct {
	in       io.Reader
	out, err io.Writer
	v        *viper.Viper
	cfg      config
	root     *cobra.Command
	now      func() time.Time // what a node, and who drafts a genesis, goes by
}

func newApp(in io.Reader, out, err io.Writer) *app {
	a := &app{in: in, out: out, err: err, v: newViper(), now: time.Now}
	a.root = a.rootCommand()
	return a
}

// execute runs one command line and returns the exit code. Errors that reach it unmarked come from
// cobra, before any command ran: they are the command line's.
func (a *app) execute(ctx context.Context, args []string) int {
	a.root.SetArgs(args)
	a.root.SetIn(a.in)
	a.root.SetOut(a.out)
	a.root.SetErr(a.err)
	cmd, err := a.root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	ran, ok := err.(*ranError)
	if ok {
		err = ran.err
	} else {
		err = usage(err)
	}
	code := exitCode(err)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if text := err.Error(); text != "" {
		a.say("crosslight: %s", text)
	}
	if code == exitUsage {
		a.say("Run `%s --help`.", cmd.CommandPath())
	}
	return code
}

// say writes a message for the person; data never goes through it.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }

// ranError marks an error of a command that ran.
type ranError struct{ err error }

func (e *ranError) Error() string { return e.err.Error() }

// action is the work of a command.
type action func(ctx context.Context, args []string) error

// verb finishes a command: it loads the configuration and sets the deadline before act runs.
// patience is how long the verb waits unless the person says otherwise.
func (a *app) verb(c *cobra.Command, patience time.Duration, act action) *cobra.Command {
	if c.Args == nil {
		c.Args = cobra.NoArgs
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.load(cmd); err != nil {
			return &ranError{err}
		}
		ctx, cancel := a.deadline(cmd.Context(), patience)
		defer cancel()
		if err := act(ctx, args); err != nil {
			return &ranError{err}
		}
		return nil
	}
	return c
}

// How long verbs wait unless the person says otherwise.
const (
	short   = 30 * time.Second  // for what the node answers at once
	endless = time.Duration(0)  // for what takes as long as there is data
	always  = time.Duration(-1) // until told to stop, whatever --timeout says
)

func (a *app) deadline(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	if a.cfg.Timeout > 0 && patience != always {
		patience = a.cfg.Timeout
	}
	if patience == endless || patience == always {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, patience)
}

// noun is a command that only holds verbs.
func noun(c *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("%s has no verb %q", cmd.CommandPath(), args[0])
		}
		return fmt.Errorf("%s needs a verb", cmd.CommandPath())
	}
	c.AddCommand(verbs...)
	return c
}
