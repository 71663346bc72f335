package sim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// frozen runs a child whose Go runtime draws the order of selects, maps and goroutines from a seed. The
// runtime takes its randomness from 16 bytes that the kernel leaves in each new process; this changes
// them before the process begins. Returns what it wrote, to both of its outputs.
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
	pid := cmd.Process.Pid
	var status syscall.WaitStatus
	_, err := syscall.Wait4(pid, &status, 0, nil)
	if err == nil && !status.Stopped() {
		err = fmt.Errorf("the child did not stop at its beginning: %v", status)
	}
	if err == nil {
		err = reseed(pid, seed)
	}
	err = errors.Join(err, syscall.PtraceDetach(pid), cmd.Wait())
	return out.Bytes(), err
}

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
