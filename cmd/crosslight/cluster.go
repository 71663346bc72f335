package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/p2p/reserve"
)

// randomWorkFactor is scrypt's work factor for the passphrases that [newCluster] makes. They hold 128
// random bits, which stretching cannot add to.
const randomWorkFactor = "10"

// cluster is a consortium of separate processes on loopback, driven by running this very program as
// its users would. Nothing is shared between its nodes but the network.
type cluster struct {
	exe   string
	dir   string
	nodes []*process
}

// process is one member: its home, and its node while that runs.
type process struct {
	name, sector, jurisdiction, region string

	home, passphrase string
	listen           string
	release          func() // gives up the port of listen
	cmd              *exec.Cmd
	stdin            io.Closer     // the node stops when this closes, even if we are killed
	exited           chan struct{} // closed once the node has ended
}

// newCluster prepares homes below dir, which exists, for members that carry their names already.
func newCluster(dir string, nodes []*process) (*cluster, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	c := &cluster{exe, dir, nodes}
	for _, n := range nodes {
		if err := c.prepare(n); err != nil {
			c.stop()
			return nil, err
		}
	}
	return c, nil
}

// prepare gives a member its folder, its port and a passphrase.
func (c *cluster) prepare(n *process) (err error) {
	n.home = filepath.Join(c.dir, folderName(n.name))
	n.passphrase = n.home + ".passphrase"
	if n.listen, n.release, err = reserve.Address(); err != nil {
		return err
	}
	return home.WriteFile(n.passphrase, []byte(rand.Text()+"\n"), 0o600)
}

// folderName makes a folder's name of a member's.
func folderName(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r > 0x7f:
			return r
		}
		return '-'
	}, name), "-")
}

// run runs one command as the member's user and returns its standard output. A partial answer, exit
// code 4, is an error too: nobody is down here.
func (c *cluster) run(ctx context.Context, n *process, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.exe, args...)
	cmd.Env = c.environ(n)
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%s: crosslight %s: %w: %s", n.name, strings.Join(args[:2], " "), err, strings.TrimSpace(messages.String()))
	}
	return out.Bytes(), nil
}

// environ is the environment of the member's user: none of our own settings leak into it.
func (c *cluster) environ(n *process) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "CROSSLIGHT_") {
			env = append(env, e)
		}
	}
	return append(env, "CROSSLIGHT_HOME="+n.home, "CROSSLIGHT_PASSPHRASE_FILE="+n.passphrase)
}

// each runs f for every member at once, as they would on their own machines.
func (c *cluster) each(ctx context.Context, f func(context.Context, int, *process) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, n := range c.nodes {
		g.Go(func() error { return f(ctx, i, n) })
	}
	return g.Wait()
}

// found holds the founding ceremony: every member makes its home, one drafts, all sign, all join.
func (c *cluster) found(ctx context.Context) error {
	err := c.each(ctx, func(ctx context.Context, _ int, n *process) error {
		args := []string{
			"init", "--name", n.name, "--sector", n.sector, "--jurisdiction", n.jurisdiction,
			"--listen", n.listen, "--key-work-factor", randomWorkFactor,
		}
		if n.region != "" {
			args = append(args, "--region", n.region)
		}
		_, err := c.run(ctx, n, args...)
		return err
	})
	if err != nil {
		return err
	}
	ceremony, err := os.MkdirTemp(c.dir, "ceremony-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(ceremony)
	return c.ceremony(ctx, ceremony)
}

func (c *cluster) ceremony(ctx context.Context, dir string) error {
	draft := filepath.Join(dir, "genesis")
	create := []string{"genesis", "create", "--out", draft}
	for _, n := range c.nodes {
		create = append(create, "--member", string(home.Home(n.home).Card()))
	}
	if _, err := c.run(ctx, c.nodes[0], create...); err != nil {
		return err
	}
	signed := make([]string, len(c.nodes))
	err := c.each(ctx, func(ctx context.Context, i int, n *process) error {
		signed[i] = fmt.Sprintf("%s.%d", draft, i)
		_, err := c.run(ctx, n, "genesis", "sign", draft, "--out", signed[i], "--yes")
		return err
	})
	if err != nil {
		return err
	}
	return c.each(ctx, func(ctx context.Context, _ int, n *process) error {
		_, err := c.run(ctx, n, append([]string{"genesis", "join", "--yes"}, signed...)...)
		return err
	})
}

// start starts every node and waits until each is ready.
func (c *cluster) start(ctx context.Context) error {
	return c.each(ctx, func(ctx context.Context, _ int, n *process) error {
		if err := c.startNode(n); err != nil {
			return err
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		go func() {
			select {
			case <-n.exited:
				cancel(fmt.Errorf("%s: the node ended: %s", n.name, n.lastWords()))
			case <-ctx.Done():
			}
		}()
		_, err := c.run(ctx, n, "node", "status", "--wait", "--timeout", "60s")
		return err
	})
}

func (c *cluster) startNode(n *process) error {
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.exe, "node", "start", "--api", "127.0.0.1:0", "--until-eof")
	cmd.Env, cmd.Stderr = c.environ(n), log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the node of %s: %w", n.name, err)
	}
	n.cmd, n.stdin, n.exited = cmd, stdin, make(chan struct{})
	go func() { _ = cmd.Wait(); close(n.exited) }() // how it ended stands in its log
	return nil
}

func (n *process) logFile() string { return n.home + ".log" }

// lastWords is the end of the node's log.
func (n *process) lastWords() string {
	b, err := os.ReadFile(n.logFile())
	if err != nil || len(b) == 0 {
		return "it left no log"
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// stop ends every node that runs, first by closing its input, then, if it does not listen, by force, and
// gives up the ports.
func (c *cluster) stop() {
	var all sync.WaitGroup
	for _, n := range c.nodes {
		if n.cmd != nil {
			all.Go(n.stop)
		}
	}
	all.Wait()
	for _, n := range c.nodes {
		if n.release != nil {
			n.release()
		}
	}
}

func (n *process) stop() {
	_ = n.stdin.Close()
	select {
	case <-n.exited:
	case <-time.After(stopGrace):
		_ = n.cmd.Process.Kill()
		<-n.exited
	}
}
