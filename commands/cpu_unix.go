//go:build unix

package commands

import (
	"fmt"
	"syscall"
)

// cpuInfo is what the process has used.
func cpuInfo() []string {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return nil
	}
	return []string{
		fmt.Sprintf("used_cpu_sys:%d.%06d", u.Stime.Sec, u.Stime.Usec),
		fmt.Sprintf("used_cpu_user:%d.%06d", u.Utime.Sec, u.Utime.Usec),
	}
}
