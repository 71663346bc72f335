package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
)

// minFree is the free space below which `doctor` warns, in bytes.
const minFree = 1 << 30

// finding is one thing that `doctor` looked at.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// findings is what `doctor` prints.
type findings struct {
	OK     bool      `json:"ok"`
	Checks []finding `json:"checks"`
}

func (a *app) doctorCommand() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "doctor", Short: "Look for what keeps a node from working: folder, clock, disk, ports, peers",
		Long:    "Checks this machine and the node on it. Exits 1 when something is amiss.",
		Example: "  crosslight doctor -o json",
	}, short, a.doctor)
}

func (a *app) doctor(ctx context.Context, _ []string) error {
	r := findings{OK: true, Checks: []finding{}}
	check := func(name string, look func() (string, error)) {
		detail, err := look()
		if err != nil {
			detail, r.OK = err.Error(), false
		}
		r.Checks = append(r.Checks, finding{name, err == nil, detail})
	}
	check("home", a.checkHome)
	check("clock", a.checkClock)
	check("disk", a.checkDisk)
	status, running := a.running(ctx)
	if running != nil {
		check("api port", func() (string, error) { return checkPort(a.cfg.APIListen) })
	}
	check("node", func() (string, error) { return checkNode(status, running) })
	check("peers", func() (string, error) { return checkPeers(status, running) })
	err := a.print(r, func(t *table) {
		rows := [][]any{}
		for _, c := range r.Checks {
			rows = append(rows, []any{c.Name, map[bool]string{true: "ok", false: "AMISS"}[c.OK], c.Detail})
		}
		t.rows([]string{"check", "result", "detail"}, rows)
	})
	if err == nil && !r.OK {
		return exitWith(exitError)
	}
	return err
}

func (a *app) checkHome() (string, error) {
	_, err := home.Open(a.cfg.Home)
	return a.cfg.Home, err
}

// checkClock compares the clock with the newest thing this machine is known to have done.
func (a *app) checkClock() (string, error) {
	now := time.Now()
	for _, path := range []string{home.Home(a.cfg.Home).Genesis(), home.Home(a.cfg.Home).Address()} {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(now.Add(time.Minute)) {
			return "", fmt.Errorf("%s was written in the future: set this machine's clock", path)
		}
	}
	return now.UTC().Format(time.RFC3339), nil
}

func (a *app) checkDisk() (string, error) {
	var s unix.Statfs_t
	err := unix.Statfs(a.cfg.Home, &s)
	if errors.Is(err, fs.ErrNotExist) {
		return "", home.ErrMissing
	}
	if err != nil {
		return "", err
	}
	free := s.Bavail * uint64(s.Bsize)
	text := fmt.Sprintf("%d MiB free", free>>20)
	if free < minFree {
		return "", errors.New(text + ": make room, or the node stops when the disk is full")
	}
	return text, nil
}

// running returns the node's status, or why there is none.
func (a *app) running(ctx context.Context) (hub.Status, error) {
	h, err := a.hub()
	if err != nil {
		return hub.Status{}, err
	}
	return h.Status(ctx)
}

// checkPort tries the address on which a node that does not run yet would listen.
func checkPort(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("%s cannot be listened on: %w; choose another with --api or api.listen", address, err)
	}
	return address + " is free", l.Close()
}

func checkNode(s hub.Status, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if !s.Ready {
		return "", fmt.Errorf("not ready: %s", text(s.Reasons))
	}
	return "ready, " + s.Version, nil
}

func checkPeers(s hub.Status, err error) (string, error) {
	if err != nil {
		return "", errors.New("unknown while the node does not run")
	}
	missing := []string{}
	for _, p := range s.Peers {
		if !p.Connected {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("not connected: %s; are their nodes up, and do firewalls let you through?", text(missing))
	}
	return fmt.Sprintf("%d connected", len(s.Peers)), nil
}
