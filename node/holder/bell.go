package holder

import "sync"

// bell wakes everybody who waits for something to happen.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

// next returns a channel that tell closes.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
