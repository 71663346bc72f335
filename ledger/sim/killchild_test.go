package sim

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/replica"
)

// fateEnv names the failpoint that a process meets from its start on.
const fateEnv = childEnv + "_FATE"

// suicide kills its own process at an operation on disk.
type suicide struct {
	mu   sync.Mutex
	at   string // "before" or "after", and the operation
	left int
}

func (s *suicide) reach(at string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at != at {
		return nil
	}
	if s.left--; s.left <= 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
	return nil
}

// armed takes "before" or "after", the operation, and which of its kind from now on it is to be.
func (s *suicide) armed(words []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = words[0] + " " + words[1]
	s.left, _ = strconv.Atoi(words[2])
}

// TestKillChild is one process of TestKill.
func TestKillChild(t *testing.T) {
	dir := os.Getenv(childEnv)
	i, err := strconv.Atoi(os.Getenv(childEnv + "_NODE"))
	if dir == "" || err != nil {
		t.Skip("runs in a process of its own, which TestKill starts")
	}
	tr, err := NewTrace("")
	if err != nil {
		t.Fatal(err)
	}
	c := Found(t, 1, 3, dir, tr)
	fate := &suicide{}
	if words := strings.Fields(os.Getenv(fateEnv)); len(words) == 3 {
		fate.armed(words)
	}
	r, err := replica.OpenFaulty(t, realConfig(c, i, dir), replica.Faults{
		Before:        func(op replica.Op) error { return fate.reach("before " + string(op)) },
		After:         func(op replica.Op) error { return fate.reach("after " + string(op)) },
		SnapshotEvery: 12, Trailing: 6,
	})
	if err != nil {
		t.Fatalf("node %d does not start: %v", i, err)
	}
	for protocol, accept := range map[string]func(string, net.Conn){
		raftProtocol: r.Accept, finalityProtocol: r.AcceptFinality, historyProtocol: r.AcceptHistory,
	} {
		serve(t, socket(dir, i, protocol), accept)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for {
		if !in.Scan() {
			return // the parent is gone
		}
		fmt.Println("> " + obey(r, fate, strings.Fields(in.Text())))
	}
}

// realConfig is a node's configuration over sockets of the operating system, on which each end believes
// who the other says it is.
func realConfig(c *Consortium, i int, dir string) replica.Config {
	n := c.Nodes[i]
	dialer := func(protocol string) replica.DialFunc {
		return func(ctx context.Context, to string) (net.Conn, error) {
			for j, other := range c.Nodes {
				if other.Peer != to {
					continue
				}
				conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket(dir, j, protocol))
				if err == nil {
					_, err = fmt.Fprintln(conn, n.Peer)
				}
				return conn, err
			}
			return nil, errRefused
		}
	}
	cfg := n.config()
	cfg.Dial, cfg.Finality.Dial, cfg.Finality.DialHistory = dialer(raftProtocol), dialer(finalityProtocol), dialer(historyProtocol)
	cfg.Timing = replica.Timing{Heartbeat: 250 * time.Millisecond, LeaderLease: 200 * time.Millisecond, Commit: 5 * time.Millisecond}
	return cfg
}

// peerLength is that of the peer ID of an Ed25519 key.
const peerLength = 52

func serve(t *testing.T, path string, accept func(string, net.Conn)) {
	t.Helper()
	_ = os.Remove(path) // of the process before
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				line := make([]byte, peerLength+1)
				if _, err := io.ReadFull(conn, line); err != nil {
					_ = conn.Close()
					return
				}
				accept(string(line[:peerLength]), conn)
			}()
		}
	}()
}

// obey carries out one line of the parent.
func obey(r *replica.Replica, fate *suicide, words []string) string {
	ctx, cancel := context.WithTimeout(context.Background(), killLimit/2)
	defer cancel()
	switch words[0] {
	case "fail":
		fate.armed(words[1:])
		return "armed"
	case "submit":
		raw, _ := hex.DecodeString(words[1])
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		result, err := r.Submit(ctx, raw)
		if err != nil {
			return "no " + err.Error()
		}
		return fmt.Sprintf("ok %d", result.Index)
	}
	size, _ := strconv.ParseUint(words[1], 10, 64)
	if err := r.WaitSize(ctx, size); err != nil {
		return err.Error()
	}
	root, ok := r.RootAt(size)
	if !ok {
		return "no root"
	}
	final := r.Final()
	return fmt.Sprintf("root %x %d %x", root, final.Size, final.Root)
}
