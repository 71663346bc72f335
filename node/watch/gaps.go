package watch

import "github.com/crosslight/crosslight/node/store"

// stretch is a part of a run that is still to be asked about.
type stretch struct{ run, start, count int }

// gaps lists what of a run no span covers, in order. spans are those of one holder and epoch, by run and
// start; of other runs too.
func gaps(r store.Run, spans []store.Span) []stretch {
	var out []stretch
	at := 0
	for _, s := range spans {
		if s.Run != r.N {
			continue
		}
		if s.Start > at {
			out = append(out, stretch{r.N, at, s.Start - at})
		}
		at = max(at, s.Start+s.Count)
	}
	if at < r.Count {
		out = append(out, stretch{r.N, at, r.Count - at})
	}
	return out
}

// pieceOf is how many elements go into one question, so that what a refusal for want of budget leaves
// unused is at most an eighth of the day's: a power of two, at most [RunSize].
func pieceOf(evaluationsPerDay uint64) int {
	piece := RunSize
	for piece > 1 && uint64(piece) > evaluationsPerDay/8 {
		piece /= 2
	}
	return piece
}
