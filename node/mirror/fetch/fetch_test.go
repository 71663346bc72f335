package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

func TestUpdate(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	f := puller(h, m)
	h.publish("email", 5000)
	h.publish("phone", 10)
	h.publish("image", 0)
	for range 2 {
		if err := f.Update(t.Context(), h.public, all); err != nil {
			t.Fatal(err)
		}
	}
	wantItems(t, m, h, "email", 5000, true)
	wantItems(t, m, h, "phone", 10, true)
	wantItems(t, m, h, "image", 0, true)
	parts := 0
	h.on = func(r *session.MirrorRequest) error {
		if r.Kind == session.PartKind {
			parts++
		}
		return nil
	}
	h.publish("phone", 20)
	if err := f.Update(t.Context(), h.public, all); err != nil || parts != 2 {
		t.Errorf("%d parts, %v", parts, err)
	}
	if err := m.DropHolder(h.public); err != nil {
		t.Fatal(err)
	}
	if err := f.Update(t.Context(), h.public, all); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "phone", 20, true)
}

func TestUpdateTypes(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	f := puller(h, m)
	h.publish("email", 10)
	h.publish("phone", 10)
	if err := f.UpdateTypes(t.Context(), h.public, all, nil); err != nil || h.opened != 0 {
		t.Error(err)
	}
	if err := f.UpdateTypes(t.Context(), h.public, all, []string{"email", "iban"}); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "email", 10, true)
	if _, err := m.Use(h.ref("phone")); !errors.Is(err, mirror.ErrNone) {
		t.Errorf("not wanted: %v", err)
	}
}

// One type that cannot be had leaves the others.
func TestOneBadType(t *testing.T) {
	refuse := func(code session.Code) func(*holder) {
		return func(h *holder) {
			h.on = func(r *session.MirrorRequest) error {
				if h.of(r, "email") {
					return &session.Refusal{Code: code}
				}
				return nil
			}
		}
	}
	refused := func(code session.Code) func(error) bool {
		return func(err error) bool {
			var r *session.Refusal
			return errors.As(err, &r) && r.Code == code
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	for _, c := range []struct {
		name string
		bad  func(h *holder)
		want func(error) bool
	}{
		{"not found", refuse(session.NotFound), refused(session.NotFound)},
		{"not permitted", refuse(session.NotPermitted), refused(session.NotPermitted)},
		{"overloaded", refuse(session.Overloaded), refused(session.Overloaded)},
		{"too large", func(h *holder) { h.publish("email", 20_000) }, is(mirror.ErrTooLarge)},
		{"other bytes", func(h *holder) {
			h.change = func(r *session.MirrorRequest, b []byte) {
				if h.of(r, "email") {
					b[len(b)-1] ^= 1
				}
			}
		}, is(mirror.ErrBytes)},
		{"rollback", func(h *holder) {
			h.last["email"] = nil
			h.pages = [][][]byte{{h.sign("email", old(h)).Raw, h.last["phone"].Raw}}
		}, is(session.ErrRollback)},
		{"fork", func(h *holder) {
			h.last["email"] = nil
			h.sign("email", old(h))
			h.pages = [][][]byte{{h.sign("email", old(h)).Raw, h.last["phone"].Raw}}
		}, is(session.ErrFork)},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, m := newHolder(t), openMirror(t, mirror.Options{MaxIndex: 4 << 20})
			f := puller(h, m)
			h.publish("email", 5)
			h.publish("email", 10)
			h.publish("phone", 10)
			if err := f.Update(t.Context(), h.public, all); err != nil {
				t.Fatal(err)
			}
			h.publish("email", 5000)
			h.publish("phone", 6000) // after email
			c.bad(h)
			err := f.Update(t.Context(), h.public, all)
			var update *UpdateError
			if !errors.As(err, &update) || update.All != nil || len(update.Types) != 1 {
				t.Fatalf("error %v", err)
			}
			if update.Of("phone") != nil || !c.want(update.Of("email")) || !c.want(err) {
				t.Errorf("error %v", err)
			}
			wantItems(t, m, h, "phone", 6000, true)
			wantItems(t, m, h, "email", 10, true)
		})
	}
}

// old is a segment of the holder's email index.
func old(h *holder) session.SegmentInfo {
	list, err := h.mirror.Manifests(h.public)
	if err != nil {
		h.t.Fatal(err)
	}
	return list[0].Manifest.Segments[0]
}

// A holder that replaces its index while it is on its way is asked again, once.
func TestReplacedOnTheWay(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	f := puller(h, m)
	h.publish("email", 5000)
	left, lists := 1, 0
	h.on = func(r *session.MirrorRequest) error {
		if r.Kind == session.ManifestsKind {
			lists++
		}
		if r.Kind == session.PartKind && r.File == session.LabelsFile && left > 0 {
			left--
			h.publish("email", 6000)
		}
		return nil
	}
	if err := f.Update(t.Context(), h.public, all); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "email", 6000, true)
	left, lists = 10, 0
	h.publish("email", 5000)
	var refusal *session.Refusal
	if err := f.Update(t.Context(), h.public, all); !errors.As(err, &refusal) || refusal.Code != session.NotFound || lists != 2 {
		t.Errorf("always: %v after %d", err, lists)
	}
	wantItems(t, m, h, "email", 6000, true)
}

// A stream that breaks after an index came is opened again; what came stays.
func TestStreamBreaks(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	f := puller(h, m)
	h.publish("email", 10)
	h.publish("image", 20)
	h.publish("phone", 30)
	breaks := map[string]int{"image": 1}
	h.on = func(r *session.MirrorRequest) error {
		for typ := range breaks {
			if h.of(r, typ) && breaks[typ] > 0 {
				breaks[typ]--
				return io.ErrUnexpectedEOF
			}
		}
		return nil
	}
	if err := f.Update(t.Context(), h.public, all); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "phone", 30, true)
	h.publish("email", 11)
	h.publish("image", 21)
	h.publish("phone", 31)
	breaks["image"], h.opened = 100, 0
	err := f.Update(t.Context(), h.public, all)
	var update *UpdateError
	if !errors.As(err, &update) || update.Of("email") != nil || update.Of("image") == nil || update.Of("phone") == nil || h.opened != 2 {
		t.Errorf("opened %d times, %v", h.opened, err)
	}
	wantItems(t, m, h, "email", 11, true)
	wantItems(t, m, h, "image", 20, true)
}

func TestNoManifests(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  func(h *holder)
		want error
	}{
		{"unreachable", func(h *holder) { h.away = true }, errAway},
		{"two of one index on two pages", func(h *holder) {
			first := h.last["email"].Raw
			h.pages = [][][]byte{{first, h.last["phone"].Raw}, {h.publish("email", 11).Raw}}
		}, session.ErrManifest},
		{"one twice", func(h *holder) {
			h.pages = [][][]byte{{h.last["email"].Raw}, {h.last["email"].Raw}}
		}, session.ErrManifest},
		{"too many", func(h *holder) {
			for n := range maxManifests + 1 {
				typ := fmt.Sprint("t", n)
				h.pages = append(h.pages, [][]byte{h.sign(typ, old(h)).Raw})
			}
		}, session.ErrManifest},
		{"not a manifest", func(h *holder) { h.pages = [][][]byte{{{1}}} }, wire.ErrMalformed},
		{"hangs up", func(h *holder) { h.on = func(*session.MirrorRequest) error { return errAway } }, io.EOF},
		{"refuses", func(h *holder) {
			h.on = func(*session.MirrorRequest) error { return &session.Refusal{Code: session.Suspended} }
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, m := newHolder(t), openMirror(t, mirror.Options{})
			h.publish("email", 10)
			h.publish("phone", 10)
			c.bad(h)
			err := puller(h, m).Update(t.Context(), h.public, all)
			var update *UpdateError
			var refusal *session.Refusal
			if !errors.As(err, &update) || update.All == nil || update.Of("email") != update.All {
				t.Fatalf("error %v", err)
			}
			if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, &refusal) {
				t.Errorf("error %v", err)
			}
			if list, err := m.Manifests(h.public); err != nil || len(list) != 0 {
				t.Error(list, err)
			}
		})
	}
}

// Labels that policy no longer gives go at the next update, whether the holder answers or not.
func TestLabelsTakenBack(t *testing.T) {
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprint("away ", away), func(t *testing.T) {
			h, m := newHolder(t), openMirror(t, mirror.Options{})
			f := puller(h, m)
			h.publish("email", 10)
			h.publish("phone", 10)
			if err := f.Update(t.Context(), h.public, all); err != nil {
				t.Fatal(err)
			}
			h.away = away
			err := f.Update(t.Context(), h.public, func(_ uint64, typ string) (tags, labels bool) { return true, typ != "email" })
			if away != (err != nil) {
				t.Fatal(err)
			}
			wantItems(t, m, h, "email", 10, false)
			wantItems(t, m, h, "phone", 10, true)
			h.away = false
			if err := f.Update(t.Context(), h.public, all); err != nil {
				t.Fatal(err)
			}
			wantItems(t, m, h, "email", 10, true)
		})
	}
}

// Whoever waits for the turn of a holder that is slow waits no longer than its context.
func TestTurnEndsWithContext(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	f := puller(h, m)
	h.publish("email", 10)
	asked, goOn := make(chan struct{}), make(chan struct{})
	h.on = func(r *session.MirrorRequest) error {
		if r.Kind == session.ManifestsKind {
			close(asked)
			<-goOn
		}
		return nil
	}
	first := make(chan error, 1)
	go func() { first <- f.Update(t.Context(), h.public, all) }()
	<-asked
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := f.Update(ctx, h.public, all); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// The end of the context is what the error says, not the stream that it broke.
func TestContextEndsOnTheWay(t *testing.T) {
	h, m := newHolder(t), openMirror(t, mirror.Options{})
	f := puller(h, m)
	h.publish("email", 10)
	h.publish("phone", 20)
	ctx, cancel := context.WithCancel(t.Context())
	h.on = func(r *session.MirrorRequest) error {
		if h.of(r, "phone") {
			cancel()
			return errAway
		}
		return nil
	}
	err := f.Update(ctx, h.public, all)
	var update *UpdateError
	if !errors.As(err, &update) || update.Of("email") != nil || !errors.Is(update.Of("phone"), context.Canceled) {
		t.Errorf("error %v", err)
	}
	h.on = nil
	if err := f.Update(t.Context(), h.public, all); err != nil {
		t.Error(err)
	}
}

// Damage on this disk is not the holder's fault and is mended; what the holder signed is.
func TestSuspect(t *testing.T) {
	dir := t.TempDir()
	h, m := newHolder(t), openMirrorIn(t, dir, mirror.Options{})
	f := puller(h, m)
	now := time.Now()
	f.now = func() time.Time { return now }
	if err := f.Suspect(h.ref("email")); !errors.Is(err, mirror.ErrNone) {
		t.Errorf("nothing: %v", err)
	}
	h.publish("email", 100)
	if err := f.Update(t.Context(), h.public, all); err != nil {
		t.Fatal(err)
	}
	if err := f.Suspect(h.ref("email")); err != nil {
		t.Errorf("whole: %v", err)
	}
	damage(t, m, dir)
	if err := f.Suspect(h.ref("email")); err != nil {
		t.Errorf("verified a moment ago: %v", err)
	}
	now = now.Add(clearFor)
	for range 2 {
		if err := f.Suspect(h.ref("email")); !errors.Is(err, mirror.ErrDisk) {
			t.Errorf("damaged: %v", err)
		}
	}
	if err := f.Update(t.Context(), h.public, all); err != nil {
		t.Fatal(err)
	}
	wantItems(t, m, h, "email", 100, true)
	if err := f.Suspect(h.ref("email")); err != nil {
		t.Errorf("mended: %v", err)
	}
}

// damage changes a byte of the email labels on m's disk, which then do not open.
func damage(t *testing.T, m *mirror.Mirror, dir string) {
	t.Helper()
	if err := m.Close(); err != nil { // nothing is mapped while it changes
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*", "1", "email", "*.labels"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if err := os.WriteFile(paths[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
}
