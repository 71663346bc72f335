package witness

import (
	"errors"
	"os"

	"github.com/crosslight/crosslight/ledger/tlog"
)

// Watching is a [Config.Trust] of one ledger: the one that p names.
func Watching(p tlog.Policy) func(origin string) (tlog.Policy, bool) {
	return func(origin string) (tlog.Policy, bool) { return p, origin == p.Origin }
}

// Evidence is a [Config.Fork] that writes the two notes one after the other into path, the first time, and
// tells about it each time. Each note verifies by itself; together they prove who signed both.
func Evidence(path string, tell func(path string, err error)) func(held, shown tlog.Note) {
	return func(held, shown tlog.Note) {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			_, err = file.Write(append(append(held.Bytes(), '\n'), shown.Bytes()...))
			err = errors.Join(err, file.Sync(), file.Close())
		}
		tell(path, err)
	}
}
