package simd

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

func drawPortable(sums, rows, coins []byte, size int) {
	subsets := make([]byte, 256*size) // sums of each subset of eight rows
	for at := 0; at < len(coins); at += Draws {
		eight := rows[at/Draws*8*size:]
		clear(subsets[:size])
		for v := 1; v < 256; v++ {
			low := 0
			for v>>low&1 == 0 {
				low++
			}
			copy(subsets[v*size:(v+1)*size], subsets[(v&(v-1))*size:])
			xorWords(subsets[v*size:], eight[low*size:], size)
		}
		for h, v := range coins[at : at+Draws] {
			xorWords(sums[h*size:], subsets[int(v)*size:], size)
		}
	}
}
