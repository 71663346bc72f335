package feed

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

const (
	refusalLong = "line longer than 64 KiB"
	bom         = "\xEF\xBB\xBF"
)

// line is one line without its terminator. The text is valid until the next call of next, unless
// keep was called.
type line struct {
	n    int64
	text []byte
	long bool // the line was longer than MaxLine; its text is lost
}

// keep returns the line with a text of its own.
func (l line) keep() line {
	l.text = bytes.Clone(l.text)
	return l
}

// lines reads lines of bounded length and counts them from 1.
type lines struct {
	r      *bufio.Reader
	n      int64
	pushed []line // given back, to be read again
}

// next returns the next line that is not blank, or io.EOF.
func (l *lines) next() (line, error) {
	for {
		out, err := l.any()
		if err != nil || out.long || len(bytes.TrimSpace(out.text)) > 0 {
			return out, err
		}
	}
}

// any returns the next line, blank or not.
func (l *lines) any() (line, error) {
	if len(l.pushed) > 0 {
		out := l.pushed[0]
		l.pushed = l.pushed[1:]
		return out, nil
	}
	text, err := l.r.ReadSlice('\n')
	if len(text) == 0 && err != nil {
		return line{}, err
	}
	l.n++
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return line{n: l.n, text: trimEnd(text)}, nil
	case errors.Is(err, bufio.ErrBufferFull):
		return line{n: l.n, long: true}, l.discard()
	}
	return line{}, err
}

// discard reads to the end of an overlong line without keeping it.
func (l *lines) discard() error {
	for {
		_, err := l.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}

// unread gives lines back, in the order in which they were read. They must have been kept.
func (l *lines) unread(back []line) {
	l.pushed = append(back, l.pushed...)
}

// trimEnd drops the line feed and a carriage return before it.
func trimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// skipBOM drops a UTF-8 byte order mark and refuses UTF-16's.
func skipBOM(r *bufio.Reader) error {
	head, err := r.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.HasPrefix(string(head), "\xFF\xFE") || strings.HasPrefix(string(head), "\xFE\xFF") {
		return ErrEncoding
	}
	if string(head) == bom {
		_, err := r.Discard(len(bom))
		return err
	}
	return nil
}
