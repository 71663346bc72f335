package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// envPassphrase holds the passphrase itself; CROSSLIGHT_PASSPHRASE_FILE names a file that does.
const envPassphrase = "CROSSLIGHT_PASSPHRASE"

// maxPassphrase bounds a passphrase file, in bytes.
const maxPassphrase = 4 << 10

// errPassphrase reports that there is no passphrase to use.
var errPassphrase = errors.New("no passphrase")

func passphraseFlag(c *cobra.Command) {
	c.Flags().String("passphrase-file", "", "file with the passphrase of the key files")
	setting(c.Flags().Lookup("passphrase-file"), "passphrase_file")
}

// passphrase returns the passphrase of the key files: from the file that was named, else from the
// environment, else by asking. A new one is asked for twice.
func (a *app) passphrase(fresh bool) ([]byte, error) {
	if a.cfg.PassphraseFile != "" {
		return readPassphrase(a.cfg.PassphraseFile)
	}
	if p := os.Getenv(envPassphrase); p != "" {
		return []byte(p), nil
	}
	if !terminal(a.in) || !terminal(a.err) {
		return nil, fmt.Errorf("%w: give --passphrase-file or set %s_FILE", errPassphrase, envPassphrase)
	}
	p, err := a.ask("Passphrase: ")
	if err != nil || !fresh {
		return p, err
	}
	again, err := a.ask("Passphrase again: ")
	if err == nil && string(again) != string(p) {
		return nil, fmt.Errorf("%w: the two differ", errPassphrase)
	}
	return p, err
}

func readPassphrase(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPassphrase, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPassphrase))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPassphrase, err)
	}
	p := strings.TrimRight(string(b), "\r\n")
	if p == "" {
		return nil, fmt.Errorf("%w: %s is empty", errPassphrase, path)
	}
	return []byte(p), nil
}

func (a *app) ask(prompt string) ([]byte, error) {
	fmt.Fprint(a.err, prompt)
	p, err := term.ReadPassword(int(a.in.(*os.File).Fd()))
	fmt.Fprintln(a.err)
	if err != nil || len(p) == 0 {
		return nil, fmt.Errorf("%w: nothing was entered", errPassphrase)
	}
	return p, nil
}

// terminal says whether a person sits at the other end of s.
func terminal(s any) bool {
	f, ok := s.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func yesFlag(c *cobra.Command, yes *bool) {
	c.Flags().BoolVarP(yes, "yes", "y", false, "do not ask for confirmation")
}

// confirm asks before what cannot be undone. Off a terminal there is nobody to ask, and it goes on.
func (a *app) confirm(yes bool, question string) error {
	if yes || !terminal(a.in) || !terminal(a.err) {
		return nil
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was done")
}

// feed opens FILE or, for "-", standard input, with a progress bar where a person watches: reading is
// what happens first, working what happens once all has been read. The function it returns ends both.
func (a *app) feed(path, reading, working string) (io.Reader, func(), error) {
	if path == "-" {
		return a.in, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, nil, fmt.Errorf("%s is not a file that can be read", path)
	}
	if !terminal(a.err) {
		return f, func() { f.Close() }, nil
	}
	p := newProgress(a.err, info.Size(), reading, working)
	return &watchedReader{f, p}, func() { p.end(); f.Close() }, nil
}
