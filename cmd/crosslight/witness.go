package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/node/keys"
)

// Bounds of a witness's connections: what it serves is small and quick.
const (
	witnessPatience = 20 * time.Second
	witnessHeader   = 8 << 10
	heldFolder      = "held"
	witnessKey      = "witness.age"
	addressFile     = "address"
)

func (a *app) witnessCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "witness", Short: "Cosign another organisation's ledger, and have a ledger cosigned",
		Long: "A witness keeps the newest checkpoint of a ledger that it has seen and cosigns only what extends\n" +
			"it, so that nobody can cut or fork the ledger unnoticed. It needs no node and is no member; it\n" +
			"speaks C2SP tlog-witness.",
		Example: "  crosslight witness init ./witness\n  crosslight witness serve ./witness --ledger ./ledger-export",
	}, a.witnessInit(), a.witnessServe(), a.witnessAsk())
}

func (a *app) witnessInit() *cobra.Command {
	var workFactor int
	c := a.verb(&cobra.Command{
		Use: "init DIR", Short: "Make a witness's folder with a fresh key", Args: cobra.ExactArgs(1),
		Long: "Makes DIR with a fresh key under a passphrase, and prints the public part for whoever asks the\n" +
			"witness. Never copy DIR or put a copy back: a witness whose folder was lost takes a new key.",
		Example: "  crosslight witness init ./witness --passphrase-file witness.pass",
	}, endless, func(_ context.Context, args []string) error {
		key, err := a.initWitness(args[0], workFactor)
		if err != nil {
			return err
		}
		made := struct {
			Witness string `json:"witness"`
			Key     string `json:"key"`
		}{args[0], key}
		return a.print(made, func(t *table) { t.line("%s", made.Key) })
	})
	workFactorFlag(c, &workFactor)
	passphraseFlag(c)
	return c
}

// initWitness makes the folder of a witness, which must not be there.
func (a *app) initWitness(dir string, workFactor int) (key string, err error) {
	if exists(dir) {
		return "", fmt.Errorf("%s exists: name another folder", dir)
	}
	pass, err := a.passphrase(true)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(dir, heldFolder), 0o700); err != nil {
		return "", err
	}
	public, err := keys.NewWitness(filepath.Join(dir, witnessKey), pass, workFactor)
	return witness.VerifierKey(public).String(), err
}

// witnessFlags are what `witness serve` is told about the ledger that it watches.
type witnessFlags struct {
	listen, ledger, id string
	logOnly            bool
}

func (a *app) witnessServe() *cobra.Command {
	var o witnessFlags
	c := a.verb(&cobra.Command{
		Use: "serve DIR", Short: "Run a witness until it is told to stop", Args: cobra.ExactArgs(1),
		Long: "Verifies the export of a ledger, takes from it whose signatures to ask for, and cosigns that\n" +
			"ledger's checkpoints: those that a log key of a member and a quorum of the voters signed, or,\n" +
			"under --log-only, a log key alone. Start it again with a newer export when keys or voters have\n" +
			"changed. Its address lies in DIR/address. Put a proxy that bounds rates in front of it.",
		Example: "  crosslight witness serve ./witness --ledger ./ledger-export --listen 127.0.0.1:7490",
	}, always, func(ctx context.Context, args []string) error { return a.serveWitness(ctx, args[0], o) })
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:7490", "address to serve on")
	f.StringVar(&o.ledger, "ledger", "", "folder with an export of the ledger to watch")
	f.StringVar(&o.id, "ledger-id", "", "the ledger that it must be, in hex")
	f.BoolVar(&o.logOnly, "log-only", false, "ask for the signature of one member's log key and no more")
	passphraseFlag(c)
	require(c, "ledger")
	return c
}

func (a *app) serveWitness(ctx context.Context, dir string, o witnessFlags) error {
	w, closeStore, err := a.openWitness(dir, o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", o.listen, err), closeStore())
	}
	if err := os.WriteFile(filepath.Join(dir, addressFile), []byte(listener.Addr().String()+"\n"), 0o600); err != nil {
		return errors.Join(err, listener.Close(), closeStore())
	}
	server := &http.Server{
		Handler: w.Handler(), ReadTimeout: witnessPatience, WriteTimeout: witnessPatience,
		IdleTimeout: 6 * witnessPatience, MaxHeaderBytes: witnessHeader,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	a.say("Witness %s serves http://%s", w.Key(), listener.Addr())
	select {
	case err = <-served:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		err = server.Shutdown(grace)
	}
	return errors.Join(err, closeStore())
}

// openWitness takes the folder dir and what is watched from the export.
func (a *app) openWitness(dir string, o witnessFlags) (*witness.Witness, func() error, error) {
	pin, err := pinned(o.id)
	if err != nil {
		return nil, nil, err
	}
	r, err := audit.Verify(o.ledger, audit.Options{LedgerID: pin})
	if err != nil {
		return nil, nil, fmt.Errorf("the export does NOT verify: %w", err)
	}
	pass, err := a.passphrase(false)
	if err != nil {
		return nil, nil, err
	}
	key, err := keys.OpenWitness(filepath.Join(dir, witnessKey), pass)
	if err != nil {
		return nil, nil, err
	}
	store, err := witness.OpenFolder(filepath.Join(dir, heldFolder))
	if err != nil {
		return nil, nil, err
	}
	watch := r.Watch(!o.logOnly)
	trust := witness.Watching(watch)
	fork := witness.Evidence(filepath.Join(dir, "fork"), func(path string, err error) {
		a.say("ALARM: two checkpoints of one size were signed; both lie in %s (%v)", path, err)
	})
	return witness.New(witness.Config{Key: key, Store: store, Trust: trust, Now: time.Now, Fork: fork}), store.Close, nil
}

// pinned reads --ledger-id; nil where it is not given.
func pinned(id string) (*[32]byte, error) {
	if id == "" {
		return nil, nil
	}
	pin, err := hex.DecodeString(id)
	if err != nil || len(pin) != 32 {
		return nil, usageText("--ledger-id: 64 hexadecimal digits")
	}
	return (*[32]byte)(pin), nil
}
