package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// crashPoint names, for a child process, where it kills itself, and crashDir on which store.
const (
	crashPoint = "CROSSLIGHT_TEST_CRASH_POINT"
	crashDir   = "CROSSLIGHT_TEST_CRASH_DIR"
)

func TestMain(m *testing.M) {
	if point := os.Getenv(crashPoint); point != "" {
		crash(point, os.Getenv(crashDir))
	}
	goleak.VerifyTestMain(m)
}

const crashRows = 20_000

// crash imports until the point named, where the kernel ends the process as a power cut would.
func crash(point, dir string) {
	s, err := Open(filepath.Join(dir, "store.db"))
	if err != nil {
		panic(err)
	}
	if at, ok := strings.CutPrefix(point, "charge "); ok {
		crashCharging(s, at)
	}
	adds := 0
	s.main.fault = func(at string) error {
		if at == "add" {
			adds++
			at = fmt.Sprint("add ", adds)
		}
		if at == point {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}
	im, err := s.Begin(context.Background())
	if err != nil {
		panic(err)
	}
	for n := range crashRows {
		if err := im.Add(row("email", n)); err != nil {
			panic(err)
		}
		if n%5000 == 4999 {
			if err := im.stage.flush(); err != nil {
				panic(err)
			}
		}
	}
	_, err = im.Commit(context.Background())
	panic(fmt.Sprint("the import survived: ", err))
}

func TestKilledDuringImport(t *testing.T) {
	for _, c := range []struct {
		point string
		kept  int64 // rows of the killed import found afterwards: all or none
	}{
		{"add 1", 0},
		{"add 12345", 0},
		{"rows", 0},
		{"commit", 0},
		{"committed", crashRows},
	} {
		t.Run(c.point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first, err := Open(filepath.Join(dir, "store.db"))
			if err != nil {
				t.Fatal(err)
			}
			importRows(t, first, row("phone", crashRows))
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), crashPoint+"="+c.point, crashDir+"="+dir)
			out, err := child.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("child: %v\n%s", err, out)
			}
			s := openTest(t, dir)
			noStaging(t, dir)
			if got := held(t, s); got["email"] != c.kept || got["phone"] != 1 {
				t.Fatalf("held after the crash: %v", got)
			}
			again := make([]Row, crashRows)
			for n := range again {
				again[n] = row("email", n)
			}
			if got := importRows(t, s, again...); got.Imported != crashRows-c.kept || got.Duplicates != c.kept {
				t.Errorf("next import: %+v", got)
			}
		})
	}
}

// limitPages makes the disk full for a database after pages more pages of 4 KiB.
func limitPages(t *testing.T, d *db, pages int) (lift func()) {
	t.Helper()
	set := func(max int) {
		if _, err := d.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", max)); err != nil {
			t.Fatal(err)
		}
	}
	var now int
	if err := d.write.QueryRow("PRAGMA page_count").Scan(&now); err != nil {
		t.Fatal(err)
	}
	set(now + pages)
	return func() { set(1 << 30) }
}

const beforeRows = 2000

func TestDiskFull(t *testing.T) {
	rows := make([]Row, 3000)
	for n := range rows {
		rows[n] = row("email", n)
	}
	operations := map[string]func(s *Store) error{
		"import": func(s *Store) error {
			im, err := s.Begin(t.Context())
			if err != nil {
				return err
			}
			for _, r := range rows {
				if err := im.Add(r); err != nil {
					return err
				}
			}
			_, err = im.Commit(t.Context())
			return err
		},
		"save a query": func(s *Store) error {
			return s.SaveQuery(t.Context(), Query{ID: "q", Found: []Found{{Type: "email", Label: make([]byte, 100_000)}}})
		},
		"charge": func(s *Store) error {
			c := charge(1, 1)
			c.Header = make([]byte, 100_000)
			_, err := s.Charge(t.Context(), c)
			return err
		},
		"cache outputs": func(s *Store) error {
			outputs := make([]Output, beforeRows)
			for n := range outputs {
				outputs[n].Digest = digest(10_000 + n)
			}
			return s.PutOutputs(t.Context(), 1, outputs)
		},
	}
	for name, operate := range operations {
		for _, pages := range []int{0, 3, 20} {
			t.Run(fmt.Sprint(name, " with ", pages, " pages"), func(t *testing.T) {
				dir := t.TempDir()
				s := openTest(t, dir)
				var before []Row
				for n := range beforeRows {
					before = append(before, row("phone", 10_000+n))
				}
				importRows(t, s, before...)
				lift := []func(){limitPages(t, s.main, pages), limitPages(t, s.activity, pages)}
				if err := operate(s); !errors.Is(err, ErrFull) {
					t.Fatalf("error %v", err)
				}
				if got := held(t, s); got["email"] != 0 || got["phone"] != beforeRows {
					t.Errorf("held %v", got)
				}
				noStaging(t, dir)
				for _, l := range lift {
					l()
				}
				if err := operate(s); err != nil { // once there is room
					t.Errorf("repeated: %v", err)
				}
			})
		}
	}
}

// A disk that reports a failure after it has kept everything.
func TestFailedButPersisted(t *testing.T) {
	lost := fmt.Errorf("%w (fsync)", ErrDisk)
	s := openTest(t, t.TempDir())
	fail := func(d *db) {
		d.fault = func(point string) error {
			if point == "committed" {
				return lost
			}
			return nil
		}
	}
	try := func() (Counts, error) {
		im, err := s.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := im.Add(row("email", 1)); err != nil {
			t.Fatal(err)
		}
		return im.Commit(t.Context())
	}
	fail(s.main)
	if _, err := try(); !errors.Is(err, ErrDisk) {
		t.Fatalf("error %v", err)
	}
	s.main.fault = nil
	if c, err := try(); err != nil || c.Imported != 0 || c.Duplicates != 1 || held(t, s)["email"] != 1 {
		t.Errorf("again: %+v %v", c, err)
	}

	fail(s.activity)
	if _, err := s.Charge(t.Context(), charge(1, 60)); !errors.Is(err, ErrDisk) {
		t.Fatalf("error %v", err)
	}
	s.activity.fault = nil
	if left, err := s.Charge(t.Context(), charge(1, 60)); !errors.Is(err, ErrReplay) || left != 40 {
		t.Errorf("charged again: %d left, %v", left, err)
	}
}

// failingStage fails its n-th write, before or after it has written, or loses its end.
type failingStage struct {
	*os.File
	left    int
	persist bool
	err     error
}

func (f *failingStage) Write(b []byte) (int, error) {
	if f.left--; f.left >= 0 {
		return f.File.Write(b)
	}
	if f.persist {
		if _, err := f.File.Write(b); err != nil {
			return 0, err
		}
	}
	return 0, f.err
}

func TestStagingFails(t *testing.T) {
	for _, c := range []struct {
		name string
		file failingStage
		want error
	}{
		{"full", failingStage{left: 0, err: &os.PathError{Err: syscall.ENOSPC}}, ErrFull},
		{"full later", failingStage{left: 2, err: &os.PathError{Err: syscall.EDQUOT}}, ErrFull},
		{"full but written", failingStage{left: 1, persist: true, err: &os.PathError{Err: syscall.ENOSPC}}, ErrFull},
		{"broken", failingStage{left: 1, err: &os.PathError{Err: syscall.EIO}}, syscall.EIO},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, dir)
			s.create = func(path string) (stageFile, error) {
				f, err := os.Create(path)
				c.file.File = f
				return &c.file, err
			}
			im, err := s.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for n := 0; n < 4 && err == nil; n++ {
				if err = im.Add(row("email", n)); err == nil {
					err = im.stage.flush()
				}
			}
			if !errors.Is(err, c.want) {
				t.Errorf("error %v", err)
			}
			if err := im.Abort(); err != nil {
				t.Error(err)
			}
			noStaging(t, dir)
			s.create = createStage
			importRows(t, s, row("email", 1))
		})
	}
}

func TestStagingLosesItsEnd(t *testing.T) {
	for cut := range int64(100) {
		s := openUnsynced(t, t.TempDir())
		defer func() { _ = s.Close() }()
		im, err := s.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(im.Add(row("email", 1)), im.Add(row("email", 2)), im.stage.flush()); err != nil {
			t.Fatal(err)
		}
		if cut >= im.stage.size {
			break
		}
		if err := im.stage.file.(*os.File).Truncate(cut); err != nil {
			t.Fatal(err)
		}
		im.stage.runs[0].to = im.stage.size
		_, err = im.Commit(t.Context())
		// A cut between two rows cannot be told from the end of a run by its bytes alone.
		if boundary := int64(row("email", 1).encodedSize()); cut != 0 && cut != boundary && !errors.Is(err, ErrDisk) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

func TestOtherProcessHoldsTheDatabase(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	other, err := sql.Open("sqlite", filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.main.write.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.Withdraw(t.Context(), Withdrawal{Reference: "x"}); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	importRows(t, s, row("email", 1))
}

func TestDamagedDatabase(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for n := range 2000 {
		rows = append(rows, row("email", n))
	}
	importRows(t, s, rows...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "store.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i+100 < len(b); i += 4096 { // every page but the first
		copy(b[i:], bytes.Repeat([]byte{0xff}, 100))
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir)
	err = s.Each(t.Context(), 1, "email", func(indicator.Digest, []byte, []byte) error { return nil })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if strings.Contains(fmt.Sprint(err), "label") {
		t.Errorf("content in an error: %v", err)
	}
}
