package main

import (
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows a person how far a long command is: a bar while a file is read, and a spinner with the
// time while the node works on what it has read.
type progress struct {
	bars    *mpb.Progress
	bar     *mpb.Bar
	working string
	spinner *mpb.Bar // nil until everything has been read
}

func newProgress(out io.Writer, size int64, reading, working string) *progress {
	bars := mpb.New(mpb.WithOutput(out))
	return &progress{
		bars: bars, working: working,
		bar: bars.AddBar(max(size, 1), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(reading+" ")),
			mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f "), decor.AverageETA(decor.ET_STYLE_GO))),
	}
}

// read notes n more bytes, and the end.
func (p *progress) read(n int, done bool) {
	p.bar.IncrBy(n)
	if !done || p.spinner != nil {
		return
	}
	p.bar.Abort(true)
	p.spinner = p.bars.New(1, mpb.SpinnerStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(p.working+" ")),
		mpb.AppendDecorators(decor.NewElapsed(decor.ET_STYLE_GO, time.Now())))
}

// end takes everything off the terminal.
func (p *progress) end() {
	p.bar.Abort(true)
	if p.spinner != nil {
		p.spinner.Abort(true)
	}
	p.bars.Wait()
}

// watchedReader reads and shows it.
type watchedReader struct {
	r io.Reader
	p *progress
}

func (w *watchedReader) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	w.p.read(n, err != nil)
	return n, err
}
