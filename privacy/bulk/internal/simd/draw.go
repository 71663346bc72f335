package simd

import "encoding/binary"

// Draws is how many random sums of rows a check takes.
const Draws = 128

// DrawSize is how many bytes of randomness a draw from n rows, a multiple of 8, takes.
func DrawSize(n int) int { return n / 8 * Draws }

// Draw adds to sums, Draws of size bytes, random sums of rows, each of size bytes (16 or 32), their number
// n a multiple of 8. Row j goes into sum h if bit j%8 of byte 128·(j/8)+h of coins is set.
func Draw(sums, rows, coins []byte, size int) {
	if drawFast(sums, rows, coins, size) {
		return
	}
	drawPortable(sums, rows, coins, size)
}

// wide is a row of up to 32 bytes.
type wide [4]uint64

func (w *wide) add(a, b *wide) {
	w[0] ^= a[0] ^ b[0]
	w[1] ^= a[1] ^ b[1]
	w[2] ^= a[2] ^ b[2]
	w[3] ^= a[3] ^ b[3]
}

// drawPortable looks up by coins, which both parties know, what rows sum to.
func drawPortable(sums, rows, coins []byte, size int) {
	var drawn [Draws]wide
	var low, high [16]wide // sums of the subsets of four rows
	for at := 0; at < len(coins); at += Draws {
		eight := rows[at/Draws*8*size:]
		subsetsOf(&low, eight, size)
		subsetsOf(&high, eight[4*size:], size)
		for h, v := range coins[at : at+Draws] {
			drawn[h].add(&low[v&15], &high[v>>4])
		}
	}
	for h := range drawn {
		for i := range size / 8 {
			part := sums[h*size+8*i:]
			binary.LittleEndian.PutUint64(part, binary.LittleEndian.Uint64(part)^drawn[h][i])
		}
	}
}

func subsetsOf(t *[16]wide, four []byte, size int) {
	for b := range 4 {
		w := &t[1<<b]
		*w = wide{}
		for i := range size / 8 {
			w[i] = binary.LittleEndian.Uint64(four[b*size+8*i:])
		}
		for v := range 1<<b - 1 {
			t[1<<b|v+1] = *w
			t[1<<b|v+1].add(&t[v+1], &t[0])
		}
	}
}
