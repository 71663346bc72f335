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

// Builder makes one segment. It is for one goroutine; derive F on as many as there are.
type Builder struct {
	header  Header
	deriver *Deriver
	items   []item
	scratch Scratch
	out     *bufio.Writer
	record  []byte
	err     error // the first error; Finish repeats it
}

// NewBuilder starts a segment. salt must be 16 fresh random bytes for every build, also for one that
// is begun again after a crash: with an old salt a label key would serve twice.
func NewBuilder(c Context, kind Kind, salt [SaltSize]byte, scratch Scratch) *Builder {
	b := &Builder{
		header:  Header{Kind: kind, Epoch: c.Epoch, Context: c.Hash(), Salt: salt},
		deriver: NewDeriver(c),
		scratch: scratch,
		out:     bufio.NewWriterSize(scratch, 1<<18),
		record:  make([]byte, 0, recordSize),
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

func (b *Builder) add(f *[OutputSize]byte, label []byte) error {
	if uint64(len(b.items)) >= MaxCount {
		return ErrCount
	}
	tag, rest := b.deriver.tag(f)
	record := append(b.record[:0], rest[:]...)
	switch {
	case b.header.Kind != Withdrawal:
		var err error
		if record, err = b.deriver.seal(record, f, &b.header.Salt, label); err != nil {
			return err
		}
	case len(label) != 0:
		return fmt.Errorf("%w: a withdrawal has no labels", ErrKind)
	}
	b.items = append(b.items, item{tag, uint64(len(b.items))})
	_, err := b.out.Write(record)
	return err
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
