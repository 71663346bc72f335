//go:build !linux

package bench

// resetPeak cannot be done here: the peak is that of the whole run.
func resetPeak() error { return nil }

// peakRSS is the most memory, in MB, that this process had resident since it started.
func peakRSS() (float64, error) {
	rss, err := maxRSS()
	return float64(rss) / 1e6, err
}

// evict leaves the page cache as it is: cold is warm.
func evict(string) error { return nil }
