package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// holdEnv names, for a child process, a home to lock until its standard input ends.
const holdEnv = "CROSSLIGHT_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		hold(dir)
	}
	os.Exit(m.Run())
}

func hold(dir string) {
	if _, err := Home(dir).Lock(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("locked")
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

func create(t *testing.T) Home {
	t.Helper()
	h, err := Create(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCreateAndOpen(t *testing.T) {
	h := create(t)
	if got, err := Open(string(h)); err != nil || got != h {
		t.Fatal(got, err)
	}
	if _, err := Create(string(h)); !errors.Is(err, ErrExists) {
		t.Errorf("created twice: %v", err)
	}
	for name, c := range map[string]struct {
		change func() error
		want   error
	}{
		"open to others":   {func() error { return os.Chmod(string(h), 0o755) }, ErrExposed},
		"newer layout":     {func() error { return os.WriteFile(h.version(), []byte("2\n"), 0o600) }, ErrVersion},
		"no number":        {func() error { return os.WriteFile(h.version(), []byte("one"), 0o600) }, ErrVersion},
		"not a home":       {func() error { return os.Remove(h.version()) }, ErrMissing},
		"no folder at all": {func() error { return os.RemoveAll(string(h)) }, ErrMissing},
	} {
		h = create(t)
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(string(h)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLock(t *testing.T) {
	h := create(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), holdEnv+"="+string(h))
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("locked"))
	if _, err := out.Read(line); err != nil || string(line) != "locked" {
		t.Fatalf("child says %q, %v", line, err)
	}
	_, err = h.Lock()
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), fmt.Sprint("process ", child.Process.Pid)) {
		t.Errorf("error %v", err)
	}
	if err := child.Process.Signal(syscall.SIGKILL); err != nil { // no chance to clean up
		t.Fatal(err)
	}
	_ = child.Wait()
	_ = in.Close()

	leftover := filepath.Join(string(h), tempPrefix+"x")
	if err := os.WriteFile(leftover, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := h.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(leftover); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unfinished file stays: %v", err)
	}
	if _, err := h.Lock(); !errors.Is(err, ErrInUse) {
		t.Errorf("locked twice in one process: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	l, err = h.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := Home(t.TempDir()).Lock(); !errors.Is(err, ErrMissing) {
		t.Errorf("lock of what is no home: %v", err)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, text := range []string{"first", "second"} {
		if err := WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q %v", got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(taken, []byte("x"), 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	if err := WriteFile(filepath.Join(dir, "none", "f"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
