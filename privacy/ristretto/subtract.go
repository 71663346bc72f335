package ristretto

// Subtract makes e the difference of a and b.
func (e *Element) Subtract(a, b *Element) *Element {
	e.p.Subtract(&a.p, &b.p)
	return e
}
