package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Part is a run of bytes to ask for.
type Part struct {
	Name   [32]byte
	File   session.File
	Offset uint64
	Length uint64 // 1 to session.MaxPart
}

// Pull is a download of one index under way. It is for one goroutine.
type Pull struct {
	mirror *Mirror
	ref    Ref
	dir    string
	signed *session.SignedManifest
	labels bool
	own    bool              // the member's own index
	fresh  map[[32]byte]bool // segments that the manifest in use does not list, or of which something is to come
	redo   bool              // a commit before broke off while it erased
	wants  []*want
	asked  int // wants[:asked] have been asked for in full
	put    int // wants[:put] are on disk in full
	closed bool

	missing atomic.Uint64 // bytes still to come; others read it
}

// want is a file that is not here yet.
type want struct {
	name    [32]byte
	file    session.File
	size    uint64
	asked   uint64
	written uint64
	resumed bool // some of it is from an earlier run
	out     file // nil until the first byte
}

// Begin starts or goes on with the download of the index that signed lists, with labels or, where
// policy reveals matches alone, tags only; labels that are here go then. Errors: [ErrBusy],
// [ErrTooLarge], [ErrFull] where the download would not leave the reserve, the disk's, and session's
// ErrRollback and ErrFork for a manifest that may not follow the one in use. Where no manifest is here,
// one of any version may come first: what links it to those before is for the ledger's anchor.
func (m *Mirror) Begin(holder member.PublicKey, signed *session.SignedManifest, labels bool) (*Pull, error) {
	ref := Ref{holder, signed.Manifest.Epoch, signed.Manifest.Type}
	dir, err := m.refDir(ref)
	if err != nil {
		return nil, err
	}
	p := &Pull{mirror: m, ref: ref, dir: dir, signed: signed, labels: labels}
	if err := p.checkLimit(); err != nil {
		return nil, err
	}
	if err := m.take(ref); err != nil {
		return nil, err
	}
	if err := p.begin(); err != nil {
		if errors.Is(err, ErrFull) {
			err = errors.Join(err, p.removeParts())
		}
		m.giveBack(ref)
		return nil, err
	}
	return p, nil
}

func (p *Pull) begin() error {
	old, err := p.mirror.Manifest(p.ref)
	if err == nil { // else there is none, or none that can be read, and this one takes its place
		if err := p.signed.Follows(old); err != nil {
			return err
		}
	}
	p.mirror.remember(p.ref, old)
	p.fresh = map[[32]byte]bool{}
	for _, s := range p.signed.Manifest.Segments {
		p.fresh[s.Name] = old == nil || !slices.ContainsFunc(old.Manifest.Segments, func(o session.SegmentInfo) bool { return o.Name == s.Name })
	}
	if merr := p.mirror.files.MkdirAll(p.dir); merr != nil {
		return disk(merr)
	}
	if err := p.tidy(old, errors.Is(err, ErrNone)); err != nil {
		return err
	}
	if err := p.list(); err != nil {
		return err
	}
	return p.admit()
}

// list notes what is not here yet.
func (p *Pull) list() error {
	for _, s := range p.signed.Manifest.Segments {
		if err := p.want(s.Name, session.TagsFile, s.TagsSize); err != nil {
			return err
		}
		if !p.labels || s.Kind == session.WithdrawalSegment {
			continue
		}
		if err := p.want(s.Name, session.LabelsFile, s.LabelsSize); err != nil {
			return err
		}
	}
	return nil
}

// want notes a file unless it is here, with what an earlier download has of it.
func (p *Pull) want(name [32]byte, f session.File, size uint64) error {
	path := segmentPath(p.dir, name, f)
	have, err := p.mirror.files.Size(path)
	if err == nil && uint64(have) == size {
		return nil
	}
	if err != nil && !errors.Is(disk(err), ErrNone) {
		return disk(err)
	}
	w := &want{name: name, file: f, size: size}
	p.fresh[name] = true
	part, err := p.mirror.files.Size(path + partSuffix)
	if err == nil && uint64(part) <= size {
		w.asked, w.written, w.resumed = uint64(part), uint64(part), part > 0
	}
	p.wants = append(p.wants, w)
	p.missing.Add(w.size - w.written)
	return nil
}

// Missing returns how many bytes are still to come.
func (p *Pull) Missing() uint64 { return p.missing.Load() }

// Next returns the next part to ask for; ok is false when all have been asked for. Parts may be asked
// for ahead, and are to be written in the order of asking.
func (p *Pull) Next() (part Part, ok bool) {
	for p.asked < len(p.wants) && p.wants[p.asked].asked == p.wants[p.asked].size {
		p.asked++
	}
	if p.asked == len(p.wants) || p.closed {
		return Part{}, false
	}
	w := p.wants[p.asked]
	part = Part{w.name, w.file, w.asked, min(w.size-w.asked, session.MaxPart)}
	w.asked += part.Length
	return part, true
}

// Write keeps a part that arrived. Errors are [ErrTurn] and the disk's; after [ErrFull] the download
// has been given up and its space is free.
func (p *Pull) Write(part Part, b []byte) error {
	for p.put < len(p.wants) && p.wants[p.put].written == p.wants[p.put].size {
		p.put++
	}
	if p.put == len(p.wants) || p.closed || uint64(len(b)) != part.Length {
		return ErrTurn
	}
	w := p.wants[p.put]
	if w.name != part.Name || w.file != part.File || w.written != part.Offset || w.written+part.Length > w.asked {
		return ErrTurn
	}
	err := p.mirror.leaves(0) // others write to this disk as well
	if err == nil {
		err = p.append(w, b)
	}
	if errors.Is(err, ErrFull) {
		return errors.Join(err, p.Discard())
	}
	return err
}

func (p *Pull) append(w *want, b []byte) error {
	var err error
	if w.out == nil {
		path := segmentPath(p.dir, w.name, w.file) + partSuffix
		if w.out, err = p.mirror.files.OpenFile(path, os.O_CREATE|os.O_RDWR); err != nil {
			return disk(err)
		}
		if err := w.out.Truncate(int64(w.written)); err != nil {
			return disk(err)
		}
	}
	if _, err := w.out.WriteAt(b, int64(w.written)); err != nil {
		return disk(err)
	}
	w.written += uint64(len(b))
	p.missing.Add(-uint64(len(b)))
	return nil
}

// Close ends the pull and keeps what has come, to go on from another time. After Commit or Discard
// it does nothing, so that it can be deferred.
func (p *Pull) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	err := p.closeFiles()
	p.mirror.end(p)
	return err
}

func (p *Pull) closeFiles() error {
	var err error
	for _, w := range p.wants {
		if w.out != nil {
			err = errors.Join(err, disk(w.out.Close()))
			w.out = nil
		}
	}
	return err
}

// Discard ends the pull and throws away what has come.
func (p *Pull) Discard() error {
	return errors.Join(p.closeFiles(), p.removeParts(), p.Close())
}

func (p *Pull) removeParts() error {
	var err error
	for _, w := range p.wants {
		if rerr := disk(p.mirror.files.Remove(segmentPath(p.dir, w.name, w.file) + partSuffix)); !errors.Is(rerr, ErrNone) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// Commit checks every byte that came and puts the index in use. It ends the pull. [ErrBytes] means
// that a peer served something else than the holder signed; it has been thrown away, and whoever
// served it is at fault; [ErrTorn] that this disk lost some of it. After every other error but
// [ErrFull] what came is kept, and the pull may be begun again.
func (p *Pull) Commit() error { return p.CommitContext(context.Background()) }

// CommitContext is Commit that stops before the next segment when ctx has ended, with ctx's error:
// checking many GiB takes its time. Segments that were checked need not be checked again.
func (p *Pull) CommitContext(ctx context.Context) error {
	if p.closed || p.Missing() != 0 {
		return errors.Join(ErrTurn, p.Close())
	}
	err := p.commit(ctx)
	if err == nil {
		p.mirror.announce(p.ref, p.signed)
	}
	if errors.Is(err, ErrBytes) || errors.Is(err, ErrTorn) || errors.Is(err, ErrFull) {
		return errors.Join(err, p.Discard())
	}
	if err = errors.Join(err, p.Close()); err != nil {
		return fmt.Errorf("put the index in use: %w", err)
	}
	return nil
}
