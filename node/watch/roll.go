package watch

import (
	"slices"

	"github.com/crosslight/crosslight/privacy/index"
)

// roll is the tags of all watched elements that a holder evaluated for one index, sorted, with whose they
// are: 20 bytes an element. It is for one goroutine.
//
// It is kept in parts that double in size, as a log-structured tree is: a watch of a million comes in a
// thousand spans, and no span costs more than its share.
type roll struct{ parts []part }

type part struct {
	tags   []index.Tag // ascending
	owners []owner     // of the tag at the same place
}

// owner names an element: the watch by its Seq, the run, and the position there.
type owner struct {
	watch int64
	run   int32
	at    int32
}

func (r *roll) len() (n int) {
	for _, p := range r.parts {
		n += len(p.tags)
	}
	return n
}

// add takes tags in any order.
func (r *roll) add(tags []index.Tag, owners []owner) part {
	order := make([]int, len(tags))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return tags[a].Compare(tags[b]) })
	p := part{make([]index.Tag, 0, len(tags)), make([]owner, 0, len(tags))}
	for _, i := range order {
		p.tags, p.owners = append(p.tags, tags[i]), append(p.owners, owners[i])
	}
	r.parts = append(r.parts, p)
	for n := len(r.parts); n > 1 && len(r.parts[n-2].tags) <= 2*len(r.parts[n-1].tags); n = len(r.parts) {
		r.parts = append(r.parts[:n-2], merge(r.parts[n-2], r.parts[n-1]))
	}
	return p
}

func merge(a, b part) part {
	n := len(a.tags) + len(b.tags)
	out := part{make([]index.Tag, 0, n), make([]owner, 0, n)}
	for i, j := 0, 0; i < len(a.tags) || j < len(b.tags); {
		if j == len(b.tags) || i < len(a.tags) && a.tags[i].Compare(b.tags[j]) <= 0 {
			out.tags, out.owners = append(out.tags, a.tags[i]), append(out.owners, a.owners[i])
			i++
			continue
		}
		out.tags, out.owners = append(out.tags, b.tags[j]), append(out.owners, b.owners[j])
		j++
	}
	return out
}

// drop forgets the elements of a watch.
func (r *roll) drop(watch int64) {
	for i := range r.parts {
		p := &r.parts[i]
		kept := part{}
		for j, o := range p.owners {
			if o.watch != watch {
				kept.tags, kept.owners = append(kept.tags, p.tags[j]), append(kept.owners, o)
			}
		}
		*p = kept
	}
	r.parts = slices.DeleteFunc(r.parts, func(p part) bool { return len(p.tags) == 0 })
}
