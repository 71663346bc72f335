package replica

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
)

// bbolt checks nothing of its pages but the first two. One that is stale or damaged can make a circle of its
// tree, and then opening the database never ends and takes all memory. So all pages that it would follow
// are looked at before, through a file and not through mapped memory, each at most once:
//
//	page     id 8 | flags 2 | count 2 | overflow 4 | elements | keys and values
//	meta     magic 4 | version 4 | page size 4 | flags 4 | root 8 | sequence 8 | free list 8 | pages 8 | transaction 8 | sum 8
//	branch   element: position 4 | key size 4 | page 8
//	leaf     element: flags 4 | position 4 | key size 4 | value size 4
//
// Positions count from their element; numbers are in the machine's order (bbolt, internal/common). What
// this lets through bbolt reads to an end; what the records say, their own sums tell.

const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHead    = 16
	metaSize    = 64
	elementSize = 16
	bucketHead  = 16 // root 8 | sequence 8; a root of 0 is a page inside the value

	pageBranch   = 1
	pageLeaf     = 2
	pageMeta     = 4
	pageFreelist = 16
	bucketLeaf   = 1 // flag of a leaf element whose value is a bucket

	smallestPage = 1 << 10
	largestPage  = 1 << 24
	deepest      = 32 // pages from the root of the database to a record
	noFreelist   = ^uint64(0)
)

var errPages = fmt.Errorf("%w: the pages of its database do not fit together; move the folder away, and the node fetches the ledger again", ErrCorrupt)

var native = binary.NativeEndian

// boltMeta is what a valid meta page says.
type boltMeta struct {
	pageSize, root, freelist, pages, tx uint64
}

// pageCheck walks over one database. Memory: a bit a page, and one page for each level.
type pageCheck struct {
	file *os.File
	size uint64 // of the file, in bytes
	meta boltMeta
	seen []uint64 // a bit a page
}

// newestMeta finds the meta page that bbolt goes by: of the two, the valid one of the later transaction. The
// second stands one page from the beginning, and the size of pages only they say.
func (c *pageCheck) newestMeta() (newest boltMeta, ok bool) {
	for at := uint64(0); at <= largestPage; at = max(2*at, smallestPage) {
		m, valid := c.metaAt(at)
		if !valid || at != 0 && m.pageSize != at {
			continue
		}
		if !ok || m.tx > newest.tx {
			newest, ok = m, true
		}
	}
	return newest, ok
}

func (c *pageCheck) metaAt(at uint64) (m boltMeta, ok bool) {
	b := make([]byte, pageHead+metaSize)
	if _, err := c.file.ReadAt(b, int64(at)); err != nil {
		return m, false
	}
	b = b[pageHead:]
	h := fnv.New64a()
	_, _ = h.Write(b[:metaSize-8])
	m = boltMeta{
		pageSize: uint64(native.Uint32(b[8:])), root: native.Uint64(b[16:]), freelist: native.Uint64(b[32:]),
		pages: native.Uint64(b[40:]), tx: native.Uint64(b[48:]),
	}
	return m, native.Uint32(b) == boltMagic && native.Uint32(b[4:]) == boltVersion && native.Uint64(b[56:]) == h.Sum64() &&
		m.pageSize >= smallestPage && m.pageSize <= largestPage && m.pageSize&(m.pageSize-1) == 0
}

// run looks at the tree and at the list of free pages.
func (c *pageCheck) run() error {
	if c.meta.pages < 4 || c.meta.pages > c.size/c.meta.pageSize {
		return fmt.Errorf("%w: %d pages of %d bytes in a file of %d", errPages, c.meta.pages, c.meta.pageSize, c.size)
	}
	c.seen = make([]uint64, c.meta.pages/64+1)
	c.mark(0)
	c.mark(1)
	if err := c.tree(c.meta.root, nil, nil, deepest); err != nil {
		return err
	}
	if c.meta.freelist == noFreelist {
		return nil
	}
	return c.free(c.meta.freelist)
}

// mark says whether a page was not seen before.
func (c *pageCheck) mark(id uint64) bool {
	if c.seen[id/64]&(1<<(id%64)) != 0 {
		return false
	}
	c.seen[id/64] |= 1 << (id % 64)
	return true
}

// page reads a page with those that it runs over into, all of them seen for the first time.
func (c *pageCheck) page(id uint64) ([]byte, error) {
	if id < 2 || id >= c.meta.pages {
		return nil, fmt.Errorf("%w: page %d of %d", errPages, id, c.meta.pages)
	}
	head := make([]byte, pageHead)
	if _, err := c.file.ReadAt(head, int64(id*c.meta.pageSize)); err != nil {
		return nil, classify(err)
	}
	n := uint64(native.Uint32(head[12:])) + 1
	if native.Uint64(head) != id || n > c.meta.pages-id {
		return nil, fmt.Errorf("%w: page %d says that it is page %d, of %d", errPages, id, native.Uint64(head), n)
	}
	for i := range n {
		if !c.mark(id + i) {
			return nil, fmt.Errorf("%w: page %d stands in two places", errPages, id+i)
		}
	}
	b := make([]byte, n*c.meta.pageSize) // at most the file
	if _, err := c.file.ReadAt(b, int64(id*c.meta.pageSize)); err != nil {
		return nil, classify(err)
	}
	return b, nil
}

// tree checks a page and all below it. Its keys are not before low, and before high; nil is no bound.
func (c *pageCheck) tree(id uint64, low, high []byte, depth int) error {
	b, err := c.page(id)
	if err != nil {
		return err
	}
	return c.elements(id, b, low, high, depth)
}

// elements checks a page of a tree that has been read, b, which in a small bucket lies inside a value.
func (c *pageCheck) elements(id uint64, b, low, high []byte, depth int) error {
	flags, count := native.Uint16(b[8:]), int(native.Uint16(b[10:]))
	branch := flags == pageBranch
	if depth == 0 || !branch && flags != pageLeaf || branch && count == 0 || pageHead+count*elementSize > len(b) {
		return fmt.Errorf("%w: page %d of kind %d with %d elements", errPages, id, flags, count)
	}
	keys := make([][]byte, count+1)
	keys[count] = high
	values := make([][]byte, count)
	for i := range count {
		e := pageHead + i*elementSize
		var ok bool
		if keys[i], values[i], ok = element(b, e, branch); !ok {
			return fmt.Errorf("%w: element %d of page %d reaches beyond it", errPages, i, id)
		}
		if i == 0 && low != nil && bytes.Compare(keys[i], low) < 0 || i > 0 && bytes.Compare(keys[i-1], keys[i]) >= 0 ||
			high != nil && bytes.Compare(keys[i], high) >= 0 {
			return fmt.Errorf("%w: the keys of page %d are not in order", errPages, id)
		}
	}
	for i := range count {
		e := b[pageHead+i*elementSize:]
		var err error
		switch {
		case branch:
			err = c.tree(native.Uint64(e[8:]), keys[i], keys[i+1], depth-1)
		case native.Uint32(e) == bucketLeaf:
			err = c.bucket(id, values[i], depth-1)
		case native.Uint32(e) != 0:
			err = fmt.Errorf("%w: element %d of page %d has flags %d", errPages, i, id, native.Uint32(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// element returns key and value of the element that begins at e; a branch's has no value.
func element(b []byte, e int, branch bool) (key, value []byte, ok bool) {
	var at, keySize, valueSize uint64
	if branch {
		at, keySize = uint64(native.Uint32(b[e:])), uint64(native.Uint32(b[e+4:]))
	} else {
		at, keySize, valueSize = uint64(native.Uint32(b[e+4:])), uint64(native.Uint32(b[e+8:])), uint64(native.Uint32(b[e+12:]))
	}
	from, to := uint64(e)+at, uint64(e)+at+keySize
	if at < elementSize || to+valueSize > uint64(len(b)) {
		return nil, nil, false
	}
	return b[from:to:to], b[to : to+valueSize], true
}

// bucket checks the bucket that a value of a page describes.
func (c *pageCheck) bucket(id uint64, value []byte, depth int) error {
	if len(value) < bucketHead {
		return fmt.Errorf("%w: a bucket of %d bytes in page %d", errPages, len(value), id)
	}
	if root := native.Uint64(value); root != 0 {
		return c.tree(root, nil, nil, depth)
	}
	if value = value[bucketHead:]; len(value) < pageHead {
		return fmt.Errorf("%w: a bucket without a page in page %d", errPages, id)
	}
	return c.elements(id, value, nil, nil, depth)
}

// free checks the list of free pages: ascending, and none that is in use.
func (c *pageCheck) free(id uint64) error {
	b, err := c.page(id)
	if err != nil {
		return err
	}
	count, at := uint64(native.Uint16(b[10:])), uint64(pageHead)
	if count == 0xFFFF && uint64(len(b)) >= at+8 {
		count, at = native.Uint64(b[at:]), at+8
	}
	if native.Uint16(b[8:]) != pageFreelist || count > (uint64(len(b))-at)/8 {
		return fmt.Errorf("%w: page %d is no list of %d free pages", errPages, id, count)
	}
	for i := range count {
		page := native.Uint64(b[at+8*i:])
		if page < 2 || page >= c.meta.pages || !c.mark(page) {
			return fmt.Errorf("%w: page %d is free and in use, or not there", errPages, page)
		}
	}
	return nil
}
