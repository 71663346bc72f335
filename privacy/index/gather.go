package index

import (
	"fmt"
	"io"
	"runtime"
)

// gatherBlock is how many labels are read from the scratch by one goroutine at a time: 1 MiB.
const gatherBlock = 1 << 12

// block is a stretch of labels in their final order.
type block struct {
	sealed []byte
	err    error
}

// gather writes the sealed labels in the order of the items. Their places in the scratch are scattered, so
// they are read on all cores, a few blocks ahead of the writing.
func (b *Builder) gather(out io.Writer) error {
	cores := runtime.GOMAXPROCS(0)
	queue, stop := make(chan chan block, 2*cores), make(chan struct{})
	defer close(stop)
	go func() {
		defer close(queue)
		for from := 0; from < len(b.items); from += gatherBlock {
			slot := make(chan block, 1)
			select {
			case queue <- slot: // its room bounds how many are read at a time
			case <-stop:
				return
			}
			go func() { slot <- b.read(b.items[from:min(from+gatherBlock, len(b.items))]) }()
		}
	}()
	for slot := range queue {
		got := <-slot
		if got.err != nil {
			return got.err
		}
		if _, err := out.Write(got.sealed); err != nil {
			return err
		}
	}
	return nil
}

func (b *Builder) read(items []item) block {
	sealed := make([]byte, len(items)*LabelSealed)
	for i, it := range items {
		if _, err := b.scratch.ReadAt(sealed[i*LabelSealed:(i+1)*LabelSealed], int64(it.record)*recordSize+16); err != nil {
			return block{err: fmt.Errorf("read scratch: %w", err)}
		}
	}
	return block{sealed: sealed}
}
