// Package usage says what processes have used of the processor and hold of the
// memory, as Linux tells it in /proc.
package usage

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat: USER_HZ, 100 a second on every Linux that
// Go runs on.
const tick = 10 * time.Millisecond

// Usage is of one process, or of several together.
type Usage struct {
	CPU    time.Duration // user and system, of all threads, since the start
	Memory int64         // resident, in bytes
}

// Of gives the sum over processes. One that has ended counts as nothing.
func Of(pids ...int) (Usage, error) {
	var sum Usage
	for _, pid := range pids {
		u, err := of(pid)
		if err != nil && !os.IsNotExist(err) {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.Memory += u.Memory
	}
	return sum, nil
}

func of(pid int) (Usage, error) {
	name := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(name)
	if err != nil {
		return Usage{}, err
	}
	// The second field is the command, in brackets, and may have anything in it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var numbers [3]int64
	for i, field := range []int{11, 12, 21} { // utime, stime, rss
		if len(fields) <= field {
			return Usage{}, fmt.Errorf("%s: %d fields are too few", name, len(fields))
		}
		if numbers[i], err = strconv.ParseInt(fields[field], 10, 64); err != nil {
			return Usage{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return Usage{time.Duration(numbers[0]+numbers[1]) * tick, numbers[2] * int64(os.Getpagesize())}, nil
}
