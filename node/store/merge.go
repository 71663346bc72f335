package store

import (
	"bufio"
	"bytes"
	"container/heap"
	"errors"
	"io"
)

// runBuffer is the read buffer of one run while runs are merged.
const runBuffer = 64 << 10

// cursor stands at the first unread row of a run.
type cursor struct {
	in   *bufio.Reader
	next staged
}

func (c *cursor) advance() (ok bool, err error) {
	c.next, err = readStaged(c.in)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

// cursors is a heap: the smallest row of all runs on top.
type cursors []*cursor

func (h cursors) Len() int           { return len(h) }
func (h cursors) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h cursors) Less(i, j int) bool { return h[i].next.before(&h[j].next) }
func (h *cursors) Push(x any)        { *h = append(*h, x.(*cursor)) }
func (h *cursors) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func (s *staged) before(t *staged) bool {
	if len(s.Type) != len(t.Type) {
		return len(s.Type) < len(t.Type)
	}
	if s.Type != t.Type {
		return s.Type < t.Type
	}
	if c := bytes.Compare(s.Digest[:], t.Digest[:]); c != 0 {
		return c < 0
	}
	return s.order < t.order
}

// each calls f with all rows in order, the first of each digest before its repetitions.
func (s *stage) each(f func(r *staged) error) error {
	var h cursors
	for _, run := range s.runs {
		section := io.NewSectionReader(s.file, run.from, run.to-run.from)
		c := &cursor{in: bufio.NewReaderSize(section, runBuffer)}
		ok, err := c.advance()
		if err != nil {
			return err
		}
		if ok {
			h = append(h, c)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		if err := f(&h[0].next); err != nil {
			return err
		}
		ok, err := h[0].advance()
		switch {
		case err != nil:
			return err
		case ok:
			heap.Fix(&h, 0)
		default:
			heap.Pop(&h)
		}
	}
	return nil
}
