package mirror

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/protocol/session"
)

// Labels of which some were erased do not have the hash any more that their segment's header names. Beside them
// stand their sums then, SHA-256 of each MiB, so that what the disk has lost can be told from what was erased.
const (
	sumsSuffix   = ".sums"
	sumsChunk    = 1 << 20 // bytes
	labelsAChunk = sumsChunk / index.LabelSealed
)

func sumOf(chunk []byte) [32]byte { return sha256.Sum256(chunk) }

func chunks(size uint64) int { return int((size + sumsChunk - 1) / sumsChunk) }

func chunkSize(size uint64, n int) uint64 { return min(size-uint64(n)*sumsChunk, sumsChunk) }

// sums returns the sums of labels. Where there are none yet they are taken from the labels, which then have to be
// those of the header. The error is [ErrTorn] where the disk has damaged them, and the disk's.
func (m *Mirror) sums(f file, labels string, s session.SegmentInfo) ([][32]byte, error) {
	sums, err := m.readSums(labels, s)
	if err == nil || !errors.Is(err, ErrNone) {
		return sums, err
	}
	whole := sha256.New()
	in := io.TeeReader(io.NewSectionReader(f, 0, int64(s.LabelsSize)), whole)
	chunk := make([]byte, sumsChunk)
	for n := range chunks(s.LabelsSize) {
		chunk = chunk[:chunkSize(s.LabelsSize, n)]
		if _, err := io.ReadFull(in, chunk); err != nil {
			return nil, disk(err)
		}
		sums = append(sums, sumOf(chunk))
	}
	if [32]byte(whole.Sum(nil)) != s.Labels {
		return nil, m.torn(labels)
	}
	return sums, nil
}

// readSums reads the sums of labels, or gives [ErrNone].
func (m *Mirror) readSums(labels string, s session.SegmentInfo) (sums [][32]byte, err error) {
	raw, err := m.files.ReadFile(labels + sumsSuffix)
	if err != nil {
		return nil, disk(err)
	}
	if len(raw) != 32*chunks(s.LabelsSize) {
		return nil, m.torn(labels)
	}
	for sum := range slices.Chunk(raw, 32) {
		sums = append(sums, [32]byte(sum))
	}
	return sums, nil
}

// writeSums has the sums on disk when it returns.
func (m *Mirror) writeSums(labels string, sums [][32]byte) error {
	raw := make([]byte, 0, 32*len(sums))
	for _, sum := range sums {
		raw = append(raw, sum[:]...)
	}
	return disk(writeWhole(m.files, labels+sumsSuffix, raw))
}

// torn removes labels that the disk has damaged, so that the next download brings them again, and says so.
func (m *Mirror) torn(labels string) error {
	return errors.Join(ErrTorn, m.removeIfThere(labels), m.removeIfThere(labels+sumsSuffix))
}

func (m *Mirror) removeIfThere(path string) error {
	if err := disk(m.files.Remove(path)); !errors.Is(err, ErrNone) {
		return err
	}
	return nil
}

// verifyErased compares labels of which some were erased with their sums. known is false where none were.
func (m *Mirror) verifyErased(dir string, s session.SegmentInfo) (known bool, err error) {
	labels := segmentPath(dir, s.Name, session.LabelsFile)
	sums, err := m.readSums(labels, s)
	if errors.Is(err, ErrNone) {
		return false, nil
	}
	if err != nil {
		return true, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	f, err := m.files.OpenFile(labels, os.O_RDONLY)
	if err != nil {
		return true, lost(disk(err))
	}
	defer f.Close()
	chunk := make([]byte, sumsChunk)
	for n, sum := range sums {
		chunk = chunk[:chunkSize(s.LabelsSize, n)]
		if _, err := f.ReadAt(chunk, int64(n)*sumsChunk); err != nil {
			return true, fmt.Errorf("%w (%w)", ErrDisk, err)
		}
		if sumOf(chunk) != sum {
			return true, fmt.Errorf("%w: labels of which some were erased", ErrDisk)
		}
	}
	return true, nil
}
