package p2p

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/crosslight/crosslight/protocol/member"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const proto = "/crosslight/test/v1"

// club is the set of admitted peers of a test, changed while hosts run.
type club struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (c *club) admit(id string) bool { c.mu.Lock(); defer c.mu.Unlock(); return c.ids[id] }
func (c *club) set(id string, in bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil {
		c.ids = map[string]bool{}
	}
	c.ids[id] = in
}

func newKey(t *testing.T) (ed25519.PrivateKey, string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key, member.PublicOf(key).PeerID()
}

func newHost(t *testing.T, admit func(string) bool, change ...func(*Config)) *Host {
	t.Helper()
	key, _ := newKey(t)
	cfg := Config{Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Admit: admit}
	for _, f := range change {
		f(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func introduce(hosts ...*Host) {
	book := map[string][]string{}
	for _, h := range hosts {
		book[h.ID()] = h.Addrs()
	}
	for _, h := range hosts {
		h.SetPeers(book)
	}
}

func everyone(string) bool { return true }

func echo(_ context.Context, s Stream) { _, _ = io.Copy(s, s) }

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func roundTrip(t *testing.T, s Stream, msg string) error {
	t.Helper()
	_ = s.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(s, msg); err != nil {
		return err
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(s)
	if err == nil && string(got) != msg {
		t.Errorf("echo of %q is %q", msg, got)
	}
	return err
}

func TestPeerIDIsTheLedgers(t *testing.T) {
	key, id := newKey(t)
	h := newHost(t, everyone, func(c *Config) { c.Key = key })
	if h.ID() != id {
		t.Errorf("libp2p says %s, protocol/member says %s", h.ID(), id)
	}
}

func TestEchoBothWays(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	introduce(a, b)
	a.Handle(proto, 4, echo)
	b.Handle(proto, 4, func(ctx context.Context, s Stream) {
		if s.Peer() != a.ID() || s.Protocol() != proto {
			t.Errorf("stream of %s, protocol %s", s.Peer(), s.Protocol())
		}
		echo(ctx, s)
	})
	for _, pair := range [][2]*Host{{a, b}, {b, a}} {
		s, err := pair[0].Open(within(t, 5*time.Second), pair[1].ID(), proto)
		if err != nil {
			t.Fatal(err)
		}
		if err := roundTrip(t, s, strings.Repeat("hello ", 50_000)); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("graceful close: %v", err)
		}
	}
	if !a.Connected(b.ID()) || a.Connected("nobody") {
		t.Error("Connected is wrong")
	}
}

func TestStrangerIsRefused(t *testing.T) {
	var members club
	a := newHost(t, members.admit)
	stranger := newHost(t, everyone)
	served := false
	a.Handle(proto, 4, func(context.Context, Stream) { served = true })
	introduce(a, stranger)

	if _, err := a.Open(within(t, time.Second), stranger.ID(), proto); !errors.Is(err, ErrRefused) {
		t.Errorf("dialling a stranger: %v", err)
	}
	s, err := stranger.Open(within(t, 5*time.Second), a.ID(), proto)
	if err == nil { // Noise ends on the dialler's side first; the first exchange must fail
		err = roundTrip(t, s, "let me in")
		_ = s.Reset()
	}
	if err == nil || served {
		t.Errorf("a stranger was served: err %v", err)
	}
	if a.Connected(stranger.ID()) {
		t.Error("the connection of a stranger stays open")
	}
}

func TestFormerMemberIsRefusedAStreamOnAnOpenConnection(t *testing.T) {
	var members club
	a, b := newHost(t, members.admit), newHost(t, everyone)
	members.set(b.ID(), true)
	a.Handle(proto, 4, echo)
	introduce(a, b)
	try := func() error {
		s, err := b.Open(within(t, 5*time.Second), a.ID(), proto)
		if err != nil {
			return err
		}
		defer s.Reset()
		return roundTrip(t, s, "x")
	}
	if err := try(); err != nil {
		t.Fatal(err)
	}
	members.set(b.ID(), false)
	if err := try(); err == nil {
		t.Error("served after membership ended")
	}
	a.Disconnect(b.ID())
	if a.Connected(b.ID()) {
		t.Error("still connected")
	}
	members.set(b.ID(), true)
	for deadline := time.Now().Add(3 * time.Second); ; { // until b has noticed that its connection ended
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not served after return: %v", err)
		}
	}
}

func TestStreamLimitAPeer(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	a.Handle(proto, 2, echo)
	introduce(a, b)
	var open []Stream
	say := func() error {
		s, err := b.Open(within(t, 5*time.Second), a.ID(), proto)
		if err != nil {
			return err
		}
		open = append(open, s)
		_ = s.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := s.Write([]byte("x")); err != nil {
			return err
		}
		_, err = io.ReadFull(s, make([]byte, 1))
		return err
	}
	for i := range 3 {
		if err := say(); (err != nil) != (i == 2) {
			t.Errorf("stream %d: %v", i, err)
		}
	}
	_ = open[0].Close()
	for deadline := time.Now().Add(3 * time.Second); ; {
		err := say()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no place became free: %v", err)
		}
	}
}

func TestPanicEndsTheStreamAlone(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	a.Handle("/crosslight/panic/v1", 1, func(context.Context, Stream) { panic("a bug") })
	a.Handle(proto, 1, echo)
	introduce(a, b)
	for range 3 { // the place of a panicked stream is free again
		s, err := b.Open(within(t, 5*time.Second), a.ID(), "/crosslight/panic/v1")
		if err != nil {
			t.Fatal(err)
		}
		if err := roundTrip(t, s, "x"); err == nil {
			t.Error("no error from a panicking handler")
		}
		_ = s.Close()
	}
	s, err := b.Open(within(t, 5*time.Second), a.ID(), proto)
	if err != nil {
		t.Fatal(err)
	}
	if err := roundTrip(t, s, "still here"); err != nil {
		t.Error(err)
	}
}

func TestUnknownProtocolIsAnErrorOfTheFirstRead(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	introduce(a, b)
	s, err := b.Open(within(t, 5*time.Second), a.ID(), "/crosslight/none/v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := roundTrip(t, s, "x"); err == nil {
		t.Error("no error")
	}
	_ = s.Reset()
}

func TestDeadlineIsNamed(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	a.Handle(proto, 1, func(ctx context.Context, s Stream) { <-ctx.Done() })
	introduce(a, b)
	s, err := b.Open(within(t, 5*time.Second), a.ID(), proto)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Reset()
	_, _ = s.Write([]byte("x"))
	_ = s.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, err = s.Read(make([]byte, 1))
	var timeout net.Error
	if !errors.Is(err, ErrTimeout) || !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) {
		t.Errorf("a deadline gave %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	_, nobody := newKey(t)
	if _, err := a.Open(within(t, time.Second), nobody, proto); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no address: %v", err)
	}
	if _, err := a.Open(within(t, time.Second), "not a peer", proto); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no peer ID: %v", err)
	}
	a.SetPeers(map[string][]string{nobody: b.Addrs()})
	if _, err := a.Open(within(t, 2*time.Second), nobody, proto); !errors.Is(err, ErrUnreachable) {
		t.Errorf("another peer at the address: %v", err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never speaks
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	a.SetPeers(map[string][]string{nobody: {"/ip4/127.0.0.1/tcp/" + port}})
	if _, err := a.Open(within(t, 300*time.Millisecond), nobody, proto); !errors.Is(err, ErrTimeout) {
		t.Errorf("a silent port: %v", err)
	}
}

func TestRestartedPeerIsReachedAtOnce(t *testing.T) {
	a := newHost(t, everyone)
	key, id := newKey(t)
	b := newHost(t, everyone, func(c *Config) { c.Key = key })
	address := b.Addrs()
	introduce(a, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for range 5 { // libp2p alone would now back off for half a minute
		if _, err := a.Open(within(t, time.Second), id, proto); err == nil {
			t.Fatal("a closed host answers")
		}
	}
	b = newHost(t, everyone, func(c *Config) { c.Key, c.Listen = key, address })
	b.Handle(proto, 1, echo)
	s, err := a.Open(within(t, time.Second), id, proto)
	if err != nil {
		t.Fatal(err)
	}
	if err := roundTrip(t, s, "back"); err != nil {
		t.Error(err)
	}
}

func TestListenErrors(t *testing.T) {
	a := newHost(t, everyone)
	key, _ := newKey(t)
	for address, want := range map[string]error{
		a.Addrs()[0]:                       ErrPortInUse,
		"127.0.0.1:80":                     ErrAddress,
		"/ip4/127.0.0.1/udp/9/quic-v1":     ErrAddress,
		"/ip4/203.0.113.1/tcp/0":           ErrAddress,
		"/unix/somewhere/that/is/not/here": ErrAddress,
	} {
		h, err := New(Config{Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0", address}, Admit: everyone})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
		if err == nil {
			_ = h.Close()
		}
	}
}

func TestResetStreamsLeavesTheConnection(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	const other = "/crosslight/raft-test/v1"
	a.Handle(proto, 1, echo)
	a.Handle(other, 1, echo)
	introduce(a, b)
	ping := func(s Stream) error {
		_ = s.SetDeadline(time.Now().Add(3 * time.Second))
		if _, err := s.Write([]byte("x")); err != nil {
			return err
		}
		_, err := io.ReadFull(s, make([]byte, 1))
		return err
	}
	var streams []Stream
	for _, p := range []string{proto, other} {
		s, err := b.Open(within(t, 3*time.Second), a.ID(), p)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Reset()
		if err := ping(s); err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	a.ResetStreams(b.ID(), proto)
	if err := ping(streams[0]); err == nil {
		t.Error("a reset stream still answers")
	}
	if err := ping(streams[1]); err != nil {
		t.Errorf("the other protocol's stream went too: %v", err)
	}
}

func TestTapSeesEveryByteOnce(t *testing.T) {
	var mu sync.Mutex
	var sent, inside strings.Builder
	tap := func(_, protocol string, outbound bool, b []byte) {
		mu.Lock()
		defer mu.Unlock()
		if protocol == proto && outbound {
			sent.Write(b)
		}
		if protocol == "" {
			inside.Write(b)
		}
	}
	a, b := newHost(t, everyone), newHost(t, everyone, func(c *Config) { c.Tap = tap })
	a.Handle(proto, 1, echo)
	introduce(a, b)
	s, err := b.Open(within(t, 3*time.Second), a.ID(), proto)
	if err != nil {
		t.Fatal(err)
	}
	if err := roundTrip(t, s, "canary"); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	mu.Lock()
	defer mu.Unlock()
	if sent.String() != "canary" {
		t.Errorf("the tap saw %q", sent.String())
	}
	if strings.Count(inside.String(), "canary") != 2 || !strings.Contains(inside.String(), "/multistream/") {
		t.Error("the tap of the connection misses bytes")
	}
}

func TestClosedHost(t *testing.T) {
	a, b := newHost(t, everyone), newHost(t, everyone)
	introduce(a, b)
	ended := make(chan struct{})
	a.Handle(proto, 1, func(ctx context.Context, s Stream) { <-ctx.Done(); close(ended) })
	s, err := b.Open(within(t, 3*time.Second), a.ID(), proto)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Write([]byte("x"))
	time.Sleep(50 * time.Millisecond) // for the handler to start; if it has not, it is refused
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	if _, err := a.Open(within(t, time.Second), b.ID(), proto); !errors.Is(err, ErrClosed) {
		t.Errorf("Open on a closed host: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(time.Second):
		t.Error("the handler's context did not end")
	}
}
