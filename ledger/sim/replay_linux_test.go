package sim

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// frozen runs a child in which nothing depends on how fast the machine is. Returns what it wrote, to both
// of its outputs. Three things of Go's runtime are in the way, and a tracer can end them:
//
// It draws the order of selects, maps and goroutines from 16 bytes that the kernel leaves in each new
// process. They are overwritten before the process begins.
//
// Its monitor thread takes the processor away from a goroutine that is long in a system call, and ends
// the turn of one that runs for long, both by the clock of the machine. It is the first thread that the
// runtime makes, and is never let go on: a goroutine then runs until it waits. All else that the monitor
// does, the scheduler does too when it is idle.
//
// A mutex for which somebody waited a millisecond by the machine's clock is handed on in another order. That
// clock, which nothing inside a bubble of testing/synctest reads, is made to stand still.
func frozen(cmd *exec.Cmd, seed uint64) ([]byte, error) {
	var out bytes.Buffer
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		cmd.Env = append(cmd.Env, "TMPDIR="+memory)
	}
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	runtime.LockOSThread() // all that is said to a traced process comes from one thread
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	limit := time.AfterFunc(childLimit, func() { _ = cmd.Process.Kill() }) // it knows no time itself
	defer limit.Stop()
	monitor, err := prepare(cmd.Process.Pid, seed)
	err = errors.Join(err, syscall.PtraceDetach(cmd.Process.Pid))
	if err != nil {
		_ = cmd.Process.Kill()
	}
	if monitor != 0 {
		err = errors.Join(err, buried(monitor))
	}
	err = errors.Join(err, cmd.Wait()) // it also waits for the last of the output
	return out.Bytes(), err
}

// prepare takes a child that has just been started to where its runtime makes its first thread, which it
// returns, and which stays where it is.
func prepare(pid int, seed uint64) (monitor int, err error) {
	if err := stopped(pid); err != nil {
		return 0, err
	}
	if err := reseed(pid, seed); err != nil {
		return 0, err
	}
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACECLONE); err != nil {
		return 0, err
	}
	if err := syscall.PtraceCont(pid, 0); err != nil {
		return 0, err
	}
	if err := stopped(pid); err != nil {
		return 0, err
	}
	tid, err := syscall.PtraceGetEventMsg(pid)
	return int(tid), errors.Join(err, stopClock(pid))
}

// still is runtime.nanotime1 of amd64 that always says one second: a function without arguments has its
// result above the return address.
var still = []byte{
	0x48, 0xc7, 0x44, 0x24, 0x08, 0x00, 0xca, 0x9a, 0x3b, // movq $1000000000, 8(SP)
	0xc3, // ret
}

// stopClock overwrites the function with which the runtime reads the monotonic clock. On another
// architecture the clock goes on, and some seeds do not replay.
func stopClock(pid int) error {
	if runtime.GOARCH != "amd64" {
		return nil
	}
	program, err := elf.Open(os.Args[0])
	if err != nil {
		return err
	}
	defer program.Close()
	if program.Type != elf.ET_EXEC {
		return errors.New("the test's program is not where its symbols say")
	}
	at, err := place(program, "runtime.nanotime1", len(still))
	if err != nil {
		return err
	}
	_, err = syscall.PtracePokeText(pid, uintptr(at), still)
	return err
}

// buried waits until a traced thread has ended with its process. It is its tracer's to wait for.
func buried(thread int) error {
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(thread, &status, syscall.WALL, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return fmt.Errorf("the monitor thread: %w", err)
		case status.Exited(), status.Signaled():
			return nil
		}
	}
}

// stopped waits until a traced process stands still.
func stopped(pid int) error {
	var status syscall.WaitStatus
	_, err := syscall.Wait4(pid, &status, syscall.WALL, nil)
	if err == nil && !status.Stopped() {
		err = fmt.Errorf("the child did not stop: %v", status)
	}
	return err
}

// place returns where a function of at least size bytes begins. A test's program has no table of symbols, but
// the one from which the runtime names the callers in a panic.
func place(program *elf.File, name string, size int) (uint64, error) {
	section, text := program.Section(".gopclntab"), program.Section(".text")
	if section == nil || text == nil {
		return 0, errors.New("the test's program does not say where its functions are")
	}
	lines, err := section.Data()
	if err != nil {
		return 0, err
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(lines, text.Addr))
	if err != nil {
		return 0, err
	}
	f := table.LookupFunc(name)
	if f == nil || f.End-f.Entry < uint64(size) {
		return 0, fmt.Errorf("this runtime has no %s", name)
	}
	return f.Entry, nil
}

// childLimit is how long a child may take, on a busy machine too.
const childLimit = 10 * time.Minute

// memory is a folder without a disk, on which no goroutine waits for one.
const memory = "/dev/shm"

const atRandom = 25 // AT_RANDOM of getauxval(3)

// reseed overwrites the 16 bytes. None of the two halves may be zero: Go would not take them.
func reseed(pid int, seed uint64) error {
	auxv, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", pid))
	if err != nil {
		return err
	}
	bits := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, seed|1<<63), ^seed|1<<63)
	for ; len(auxv) >= 16; auxv = auxv[16:] {
		if binary.NativeEndian.Uint64(auxv) == atRandom {
			_, err := syscall.PtracePokeData(pid, uintptr(binary.NativeEndian.Uint64(auxv[8:])), bits)
			return err
		}
	}
	return errors.New("the kernel gave the child no randomness")
}
