package index

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
)

// Scratch holds sealed labels in the order in which they arrive, until their place is known, so that
// building takes 16 bytes of memory an item. A temporary file will do; it holds nothing in clear.
type Scratch interface {
	io.Writer
	io.ReaderAt
}

// recordSize is an item in the scratch: 16 bytes that tell items with one tag apart, then the label.
const recordSize = 16 + LabelSealed

type item struct {
	tag    Tag
	record uint64 // its number in the scratch
}

// preparedSize is an item on its way into the builder: its tag, then its record.
const preparedSize = TagSize + recordSize

// Builder makes one segment. It is for one goroutine but for [Builder.Prepare], which does what costs
// most; call that on as many goroutines as there are cores, where F is derived.
type Builder struct {
	header  Header
	deriver *Deriver
	items   []item
	scratch Scratch
	out     *bufio.Writer
	buffer  []byte // for Add
	err     error  // the first error; Finish repeats it
}

// NewBuilder starts a segment. salt must be 16 fresh random bytes for every build, also for one that
// is begun again after a crash: with an old salt a label key would serve twice.
func NewBuilder(c Context, kind Kind, salt [SaltSize]byte, scratch Scratch) *Builder {
	b := &Builder{
		header:  Header{Kind: kind, Epoch: c.Epoch, Context: c.Hash(), Salt: salt},
		deriver: NewDeriver(c),
		scratch: scratch,
		out:     bufio.NewWriterSize(scratch, 1<<18),
		buffer:  make([]byte, 0, preparedSize),
	}
	if !kind.valid() {
		b.err = fmt.Errorf("%w: kind %d", ErrKind, kind)
	}
	return b
}

// Add puts in the item whose VOPRF output is f, with a label of at most [MaxLabel] bytes, none for a
// withdrawal. After an error the builder is of no further use.
func (b *Builder) Add(f *[OutputSize]byte, label []byte) error {
	if b.err == nil {
		b.err = b.add(f, label)
	}
	return b.err
}

func (b *Builder) add(f *[OutputSize]byte, label []byte) (err error) {
	if b.buffer, err = b.Prepare(b.buffer[:0], f, label); err != nil {
		return err
	}
	return b.put(b.buffer)
}

// Prepare derives the tag of an item, seals its label, and appends both to dst, which [Builder.Put] takes
// later. Unlike the other methods it may be called on many goroutines at once. Errors are those of the
// item: [ErrTooLong], and [ErrKind] for a label in a withdrawal.
func (b *Builder) Prepare(dst []byte, f *[OutputSize]byte, label []byte) ([]byte, error) {
	tag, rest := b.deriver.tag(f)
	dst = append(append(dst, tag[:]...), rest[:]...)
	switch {
	case b.header.Kind != Withdrawal:
		return b.deriver.seal(dst, f, &b.header.Salt, label)
	case len(label) != 0:
		return dst, fmt.Errorf("%w: a withdrawal has no labels", ErrKind)
	}
	return dst, nil
}

// Put puts in items that [Builder.Prepare] of this builder has made, one behind the other. After an error
// the builder is of no further use.
func (b *Builder) Put(prepared []byte) error {
	if b.err == nil {
		b.err = b.put(prepared)
	}
	return b.err
}

func (b *Builder) put(prepared []byte) error {
	size := TagSize + int(b.recordSize())
	for ; len(prepared) > 0; prepared = prepared[size:] {
		if uint64(len(b.items)) >= MaxCount {
			return ErrCount
		}
		b.items = append(b.items, item{Tag(prepared), uint64(len(b.items))})
		if _, err := b.out.Write(prepared[TagSize:size]); err != nil {
			return err
		}
	}
	return nil
}

// Summary is what a manifest says of a segment.
type Summary struct {
	Name       Name
	Kind       Kind
	Count      uint64
	TagsSize   uint64 // bytes
	LabelsSize uint64 // bytes
	LabelsHash [32]byte
}

// Finish sorts and writes labels, then tags. Errors are those of the writers, and [ErrDuplicate] when
// one F was added twice; what was written before an error is of no use.
func (b *Builder) Finish(tags, labels io.Writer) (Summary, error) {
	if b.err == nil {
		b.err = b.out.Flush()
	}
	if b.err != nil {
		return Summary{}, b.err
	}
	slices.SortFunc(b.items, func(x, y item) int { return bytes.Compare(x.tag[:], y.tag[:]) })
	b.header.Count = uint64(len(b.items))
	if err := b.checkRuns(); err != nil {
		return Summary{}, err
	}
	if err := b.writeLabels(labels); err != nil {
		return Summary{}, fmt.Errorf("write labels: %w", err)
	}
	name, err := b.writeTags(tags)
	if err != nil {
		return Summary{}, fmt.Errorf("write tags: %w", err)
	}
	h := b.header
	return Summary{name, h.Kind, h.Count, TagsSize(h.Count), LabelsSize(h.Kind, h.Count), h.Labels}, nil
}

func (b *Builder) recordSize() int64 {
	if b.header.Kind == Withdrawal {
		return recordSize - LabelSealed
	}
	return recordSize
}

// checkRuns looks at items with equal tags. Two that agree in the 16 bytes beside the tag as well are
// one F: their labels were sealed under one key and must not leave this machine.
func (b *Builder) checkRuns() error {
	run := 1
	for i := 1; i < len(b.items); i++ {
		if b.items[i].tag != b.items[i-1].tag {
			run = 1
			continue
		}
		if run++; run > MaxRun {
			return ErrDuplicate
		}
		for j := i - run + 1; j < i; j++ {
			same, err := b.sameRest(b.items[i], b.items[j])
			if err != nil {
				return err
			}
			if same {
				return ErrDuplicate
			}
		}
	}
	return nil
}

func (b *Builder) sameRest(x, y item) (bool, error) {
	var rx, ry [16]byte
	if _, err := b.scratch.ReadAt(rx[:], int64(x.record)*b.recordSize()); err != nil {
		return false, fmt.Errorf("read scratch: %w", err)
	}
	if _, err := b.scratch.ReadAt(ry[:], int64(y.record)*b.recordSize()); err != nil {
		return false, fmt.Errorf("read scratch: %w", err)
	}
	return rx == ry, nil
}

func (b *Builder) writeLabels(labels io.Writer) error {
	hash := sha256.New()
	if b.header.Kind != Withdrawal {
		out := bufio.NewWriterSize(io.MultiWriter(labels, hash), 1<<18)
		sealed := make([]byte, LabelSealed)
		for _, it := range b.items {
			if _, err := b.scratch.ReadAt(sealed, int64(it.record)*recordSize+16); err != nil {
				return fmt.Errorf("read scratch: %w", err)
			}
			if _, err := out.Write(sealed); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	b.header.Labels = [32]byte(hash.Sum(nil))
	return nil
}

func (b *Builder) writeTags(tags io.Writer) (Name, error) {
	hash := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(tags, hash), 1<<18)
	header := b.header.encode()
	if _, err := out.Write(header[:]); err != nil {
		return Name{}, err
	}
	for i := range b.items {
		if _, err := out.Write(b.items[i].tag[:]); err != nil {
			return Name{}, err
		}
	}
	if err := out.Flush(); err != nil {
		return Name{}, err
	}
	return Name(hash.Sum(nil)), nil
}
