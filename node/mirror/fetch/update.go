package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// update is one call of Update. It goes in rounds, each with a stream and manifests of its own: what
// the holder replaced while it was on its way is asked for once more, and a stream that broke after
// some index came, as one does that was silent while a large one was checked, is opened again.
type update struct {
	fetcher *Fetcher
	holder  member.PublicKey
	may     Entitled
	wanted  func(typ string) bool

	anchors map[mirror.Ref]Anchor     // as they stood before manifests were asked for
	known   []*session.SignedManifest // in use when the update began; they were verified then

	failed map[mirror.Ref]error // the newest reason
	tries  map[mirror.Ref]int   // those that a broken stream cut off do not count
}

// restrict removes labels that this member had and may no longer have, whether or not the holder can
// be reached. What cannot be removed now is tried again when the index is pulled.
func (u *update) restrict() error {
	manifests, err := u.fetcher.mirror.Manifests(u.holder)
	u.known = manifests
	for _, m := range manifests {
		ref := u.ref(m)
		if tags, labels := u.may(ref.Epoch, ref.Type); !tags || labels {
			continue
		}
		u.fetcher.forgetLabels(ref)
		if err := u.fetcher.mirror.DropLabels(ref); err != nil {
			u.failed[ref] = err
		}
	}
	return err
}

func (u *update) ref(m *session.SignedManifest) mirror.Ref {
	return mirror.Ref{Holder: u.holder, Epoch: m.Manifest.Epoch, Type: m.Manifest.Type}
}

func (u *update) run(ctx context.Context) error {
	for first := true; ; first = false {
		progress, err := u.round(ctx)
		if err != nil && first {
			return &UpdateError{All: err}
		}
		if err != nil || !progress && !u.worthwhile() {
			return u.outcome()
		}
		if len(u.failed) == 0 {
			return nil
		}
		if u.pause(ctx) != nil {
			return u.outcome()
		}
	}
}

// outcome is the error of an update that has ended, if any.
func (u *update) outcome() error {
	if len(u.failed) == 0 {
		return nil
	}
	types := map[string]error{}
	for ref, err := range u.failed {
		types[ref.Type] = errors.Join(types[ref.Type], err) // of two epochs
	}
	return &UpdateError{Types: types}
}

// round goes through the holder's manifests once. progress says that the stream broke after an index
// came over it. The error is that of a round that got no manifests.
func (u *update) round(ctx context.Context) (progress bool, err error) {
	u.anchors = u.fetcher.anchored(u.holder)
	if err := u.leaveBranches(); err != nil {
		return false, err
	}
	stream, err := u.fetcher.net.Open(ctx, u.holder.PeerID(), session.MirrorProtocol)
	if err != nil {
		return false, err
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, func() { _ = stream.Reset() })
	defer stop()
	l := &link{stream: stream, machine: session.NewPuller(u.fetcher.ledger, u.holder)}
	l.machine.Know(u.known)
	manifests, err := l.manifests()
	if err != nil {
		_ = stream.Reset() // whatever is still on its way is of no use
		return false, because(ctx, err)
	}
	for _, m := range u.due(manifests) {
		ref := u.ref(m)
		pulled, err := u.one(ctx, l, m)
		if l.broken == nil || !errors.Is(err, l.broken) {
			u.tries[ref]++
		}
		if err != nil {
			u.failed[ref] = because(ctx, err)
			continue
		}
		delete(u.failed, ref)
		progress = progress || pulled
	}
	if l.broken != nil {
		_ = stream.Reset()
	}
	return progress && l.broken != nil, nil
}

// because puts the end of ctx before the error of a stream that it broke.
func because(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// due picks the indexes to pull in this round: all that are wanted in the first, then those that
// failed and may do better. The smallest come first, so that a large one keeps no other waiting.
func (u *update) due(manifests []*session.SignedManifest) []*session.SignedManifest {
	var out []*session.SignedManifest
	for _, m := range manifests {
		ref := u.ref(m)
		if u.wanted(ref.Type) && (u.tries[ref] == 0 || again(u.failed[ref]) && u.tries[ref] < maxTries) {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b *session.SignedManifest) int { return cmp.Compare(size(a), size(b)) })
	return out
}

func size(m *session.SignedManifest) (n uint64) {
	for _, s := range m.Manifest.Segments {
		n += s.TagsSize + s.LabelsSize
	}
	return n
}

// maxTries bounds how often one update asks for one index.
const maxTries = 2

// again says whether what failed may come at the next try: the holder replaced it on the way, or was
// busy, or what an earlier run had left here was torn.
func again(err error) bool {
	var r *session.Refusal
	if errors.As(err, &r) {
		return r.Code == session.NotFound || r.Code == session.Overloaded
	}
	return errors.Is(err, mirror.ErrTorn)
}

func (u *update) worthwhile() bool {
	for ref, err := range u.failed {
		if again(err) && u.tries[ref] < maxTries {
			return true
		}
	}
	return false
}

// maxPause bounds how long an update waits for a busy holder.
const maxPause = 5 * time.Second

// pause waits as long as busy holders asked for.
func (u *update) pause(ctx context.Context) error {
	var wait time.Duration
	for _, err := range u.failed {
		var r *session.Refusal
		if errors.As(err, &r) && r.Code == session.Overloaded {
			wait = max(wait, min(r.RetryAfter, maxPause))
		}
	}
	select {
	case <-time.After(wait):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// one brings one index here, if it is open to this member and not here yet.
func (u *update) one(ctx context.Context, l *link, m *session.SignedManifest) (pulled bool, err error) {
	f, ref := u.fetcher, u.ref(m)
	tags, labels := u.may(ref.Epoch, ref.Type)
	want := held{m.Hash, labels}
	if !tags {
		return false, nil
	}
	if err := f.check(ref, m, u.anchors); err != nil {
		return false, err
	}
	if f.holds(ref, want) {
		return false, nil
	}
	if l.broken != nil {
		return false, l.broken
	}
	p, err := f.mirror.Begin(u.holder, m, labels)
	if err != nil {
		u.compare(ref, m, err)
		return false, err
	}
	if err := u.transfer(ctx, l, p); err != nil {
		return false, err
	}
	f.keep(ref, want)
	f.note(ref, m)
	return true, nil
}

// compare reports a manifest that contradicts the one in use.
func (u *update) compare(ref mirror.Ref, m *session.SignedManifest, err error) {
	if !errors.Is(err, session.ErrFork) {
		return
	}
	if old, merr := u.fetcher.mirror.Manifest(ref); merr == nil {
		u.fetcher.report(Fork{Ref: ref, Served: m, Other: old})
	}
}

// leaveBranches drops indexes in use that the ledger does not have: all members are shown what is anchored,
// so that is what is fetched in their place.
func (u *update) leaveBranches() error {
	for ref, a := range u.anchors {
		if !u.fetcher.review(ref, a) {
			continue
		}
		m, err := u.fetcher.mirror.Manifest(ref)
		if err != nil || !errors.Is(a.against(m), session.ErrFork) {
			continue // what was a branch is not in use any more
		}
		u.fetcher.forget(ref)
		if err := u.fetcher.mirror.DropIndex(ref); err != nil {
			return err
		}
	}
	return nil
}

// transfer asks for what is missing, a window ahead, and ends the pull. After an error that is of this
// index alone the stream is ready for the next one.
func (u *update) transfer(ctx context.Context, l *link, p *mirror.Pull) error {
	for {
		if err := l.fill(p); err != nil {
			return errors.Join(err, p.Close())
		}
		if len(l.asked) == 0 {
			return p.CommitContext(ctx)
		}
		part, data, err := l.part()
		if err == nil {
			u.fetcher.bytes(u.holder.PeerID(), len(data))
			err = p.Write(part, data)
		}
		if err != nil {
			l.drain()
			return errors.Join(err, p.Close())
		}
	}
}
