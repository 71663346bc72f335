package fetch

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
	"fmt"
	"net"
	"testing"

	"go.uber.org/goleak"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ledger = [32]byte{7}

var errAway = errors.New("the holder cannot be reached")

// holder serves its own index over TCP on this machine. on, pages and change let it misbehave.
type holder struct {
	t      *testing.T
	key    ed25519.PrivateKey
	public member.PublicKey
	mirror *mirror.Mirror
	last   map[string]*session.SignedManifest

	away   bool
	opened int
	on     func(r *session.MirrorRequest) error // before each answer; a *session.Refusal is sent
	change func(r *session.MirrorRequest, b []byte)
	pages  [][][]byte // what it answers instead of its manifests
}

func newHolder(t *testing.T) *holder {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	return &holder{
		t: t, key: key, public: member.PublicOf(key), mirror: openMirror(t, mirror.Options{}),
		last: map[string]*session.SignedManifest{},
	}
}

func openMirror(t *testing.T, o mirror.Options) *mirror.Mirror {
	t.Helper()
	return openMirrorIn(t, t.TempDir(), o)
}

func openMirrorIn(t *testing.T, dir string, o mirror.Options) *mirror.Mirror {
	t.Helper()
	m, err := mirror.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (h *holder) ref(typ string) mirror.Ref { return mirror.Ref{Holder: h.public, Epoch: 1, Type: typ} }

func (h *holder) context(typ string) index.Context {
	return index.Context{Ledger: ledger, Holder: h.public.PeerID(), Epoch: 1, Type: typ}
}

func output(n int) *[index.OutputSize]byte {
	f := sha512.Sum512([]byte(fmt.Sprint("item ", n)))
	return &f
}

// publish puts an index of items 0 to n-1 in use.
func (h *holder) publish(typ string, n int) *session.SignedManifest {
	h.t.Helper()
	b, err := h.mirror.NewBuild(h.public, h.context(typ), index.Base)
	if err != nil {
		h.t.Fatal(err)
	}
	defer b.Abort()
	for i := range n {
		if err := b.Add(output(i), []byte("label")); err != nil {
			h.t.Fatal(err)
		}
	}
	s, err := b.Finish()
	if err != nil {
		h.t.Fatal(err)
	}
	signed := h.sign(typ, s)
	if err := h.mirror.Publish(h.public, signed); err != nil {
		h.t.Fatal(err)
	}
	return signed
}

func (h *holder) sign(typ string, s session.SegmentInfo) *session.SignedManifest {
	h.t.Helper()
	m := session.Manifest{Ledger: ledger, Holder: h.public.PeerID(), Epoch: 1, Type: typ, Version: 1, Segments: []session.SegmentInfo{s}}
	if last := h.last[typ]; last != nil {
		m.Version, m.Previous = last.Manifest.Version+1, last.Hash
	}
	signed, err := m.Sign(h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	h.last[typ] = signed
	return signed
}

// Open connects to the holder, which then serves until the stream ends.
func (h *holder) Open(ctx context.Context, peer, protocol string) (p2p.Stream, error) {
	h.opened++
	if h.away || peer != h.public.PeerID() || protocol != session.MirrorProtocol {
		return nil, errAway
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	near, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	far, err := l.Accept()
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer far.Close()
		h.serve(far)
	}()
	return &stream{near.(*net.TCPConn), done}, nil
}

func (h *holder) serve(conn net.Conn) {
	machine := session.NewProvider(ledger)
	for page := 0; ; {
		msg, err := wire.ReadFrame(conn, session.MaxMirrorAsk)
		if err != nil {
			return
		}
		r, err := machine.Receive(msg)
		if err != nil {
			return
		}
		reply, err := h.answer(machine, r, &page)
		if err != nil || wire.WriteFrame(conn, reply) != nil {
			return
		}
	}
}

func (h *holder) answer(machine *session.Provider, r *session.MirrorRequest, page *int) ([]byte, error) {
	if h.on != nil {
		err := h.on(r)
		var refusal *session.Refusal
		if errors.As(err, &refusal) {
			return machine.Refuse(refusal)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.Kind == session.ManifestsKind {
		if h.pages != nil {
			*page++
			return machine.Manifests(h.pages[*page-1], *page < len(h.pages))
		}
		list, err := h.mirror.Manifests(h.public)
		if err != nil {
			return nil, err
		}
		var raw [][]byte
		for _, m := range list {
			raw = append(raw, m.Raw)
		}
		return machine.Manifests(raw, false)
	}
	return h.part(machine, r)
}

func (h *holder) part(machine *session.Provider, r *session.MirrorRequest) ([]byte, error) {
	ref, _, err := h.mirror.Find(h.public, r.Name)
	if errors.Is(err, mirror.ErrNone) {
		return machine.Refuse(&session.Refusal{Code: session.NotFound})
	}
	if err != nil {
		return nil, err
	}
	b, err := h.mirror.ReadPart(ref, r.Name, r.File, r.Offset, r.Length)
	if err != nil {
		return nil, err
	}
	if h.change != nil {
		h.change(r, b)
	}
	return machine.Part(b)
}

// of says whether a request is for a part of the newest index of a type.
func (h *holder) of(r *session.MirrorRequest, typ string) bool {
	return r.Kind == session.PartKind && r.Name == h.last[typ].Manifest.Segments[0].Name
}

// stream waits for the holder's end when it is closed, so that tests may look at the holder then.
type stream struct {
	*net.TCPConn
	done chan struct{}
}

func (*stream) Peer() string     { return "" }
func (*stream) Protocol() string { return session.MirrorProtocol }

func (s *stream) Close() error {
	err := s.TCPConn.Close()
	<-s.done
	return err
}

func (s *stream) Reset() error {
	return errors.Join(s.SetLinger(0), s.TCPConn.Close())
}

func all(uint64, string) (tags, labels bool) { return true, true }

// puller is a member that mirrors h.
func puller(h *holder, m *mirror.Mirror) *Fetcher {
	return New(h, m, ledger, func(string, int) {})
}

// wantItems looks items up and wants n of them there, with labels or without.
func wantItems(t *testing.T, m *mirror.Mirror, h *holder, typ string, n int, labels bool) {
	t.Helper()
	v, err := m.Use(h.ref(typ))
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	d := index.NewDeriver(h.context(typ))
	for i := range n + 1 {
		label, ok, err := v.Lookup(d, output(i))
		if err != nil || ok != (i < n) || (label != nil) != (labels && ok) {
			t.Errorf("%s: item %d: %q %v %v", typ, i, label, ok, err)
		}
	}
	if err := v.Release(); err != nil {
		t.Error(err)
	}
}
