package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/bench"
	"github.com/crosslight/crosslight/privacy/bulk"
)

func (a *app) benchBulk() *cobra.Command {
	var o bench.BulkOptions
	var check, compact bool
	c := a.verb(&cobra.Command{
		Use: "bulk", Short: "Set against set beside an intersection by Diffie–Hellman",
		Long: "Runs both parties as two processes over loopback, for equal and for very unequal sets, and adds\n" +
			"what the system accounted to both: hashing of digests, base OTs and network are all in it. The\n" +
			"baseline is an intersection by Diffie–Hellman over this program's own ristretto255 on all cores,\n" +
			"measured with a sample in the same run and scaled by the number of elements.",
		Example: "  crosslight bench bulk -o json --check\n  crosslight bench bulk --n 1048576",
	}, endless, func(ctx context.Context, _ []string) error {
		if o.Mode = bulk.Fast; compact {
			o.Mode = bulk.Compact
		}
		o.Now, o.Parties = time.Now(), bulkParties
		o.Say = func(text string) { a.say("%s", text) }
		r, err := bench.Bulk(ctx, o)
		if err != nil {
			return err
		}
		return a.printBench(r, check)
	})
	c.Flags().IntVar(&o.N, "n", 0, "digests of each party, one run; 0 runs all sizes")
	c.Flags().IntVar(&o.Sample, "sample", 8192, "elements that the baseline is measured with")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the inputs")
	c.Flags().BoolVar(&compact, "compact", false, "send less and compute more")
	c.Flags().BoolVar(&check, "check", false, "exit 1 when a target is missed")
	return c
}

// benchParty is one party's process. It reads what to do as JSON from stdin, says "ready", and the sender
// also its address, waits for a line, "go" or the sender's address, and prints what it measured.
func (a *app) benchParty() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "bulk-party", Short: "One party of bench bulk, which starts it", Hidden: true,
	}, endless, func(context.Context, []string) error { return a.runBenchParty() })
}

func (a *app) runBenchParty() error {
	in := bufio.NewReader(a.in)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var p bench.BulkParty
	if err := json.Unmarshal(line, &p); err != nil {
		return err
	}
	run := bench.PrepareBulk(p)
	var conn net.Conn
	if p.Role == "sender" {
		conn, err = a.awaitReceiver()
	} else {
		fmt.Fprintln(a.out, "ready")
		var address string
		if address, err = in.ReadString('\n'); err == nil {
			conn, err = net.Dial("tcp", strings.TrimSpace(address))
		}
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	m, err := run(conn)
	if err != nil {
		return err
	}
	return json.NewEncoder(a.out).Encode(m)
}

func (a *app) awaitReceiver() (net.Conn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	fmt.Fprintln(a.out, l.Addr())
	return l.Accept()
}

// bulkParties runs both parties and returns what each measured.
func bulkParties(ctx context.Context, receiver, sender bench.BulkParty) (a, b bench.BulkMeasure, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the other if one fails
	s, err := startParty(ctx, sender)
	if err != nil {
		return a, b, err
	}
	defer s.wait()
	r, err := startParty(ctx, receiver)
	if err != nil {
		return a, b, err
	}
	defer r.wait()
	address, err := s.out.ReadString('\n')
	if err != nil {
		return a, b, s.failure(err)
	}
	if _, err := r.out.ReadString('\n'); err != nil {
		return a, b, r.failure(err)
	}
	if _, err := io.WriteString(r.in, address); err != nil {
		return a, b, r.failure(err)
	}
	if err := json.NewDecoder(r.out).Decode(&a); err != nil {
		return a, b, r.failure(err)
	}
	if err := json.NewDecoder(s.out).Decode(&b); err != nil {
		return a, b, s.failure(err)
	}
	return a, b, nil
}

// partyProcess is a party under way.
type partyProcess struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors strings.Builder
}

func startParty(ctx context.Context, p bench.BulkParty) (*partyProcess, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	o := &partyProcess{name: p.Role, cmd: exec.CommandContext(ctx, exe, "bench", "bulk-party")}
	o.cmd.Stderr = &o.errors
	if o.in, err = o.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	o.out = bufio.NewReader(out)
	if err := o.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", p.Role, err)
	}
	if err := json.NewEncoder(o.in).Encode(p); err != nil {
		return nil, fmt.Errorf("instruct the %s: %w", p.Role, err)
	}
	return o, nil
}

// wait ends the process if it has not ended.
func (p *partyProcess) wait() {
	_ = p.in.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *partyProcess) failure(err error) error {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	if text := strings.TrimSpace(p.errors.String()); text != "" {
		return fmt.Errorf("the %s: %s", p.name, strconv.Quote(text))
	}
	return fmt.Errorf("the %s: %w", p.name, err)
}
