package figures

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Setting is what a figure means nothing without: the command, the day and the
// machine.
func Setting(command string, args []string, started time.Time, redis string) string {
	return fmt.Sprintf("`%s`, %s; %s, %d cores, %s, redis-server %s",
		strings.Join(append([]string{command}, args...), " "), started.Format("2006-01-02"),
		processor(), runtime.NumCPU(), runtime.Version(), redis)
}

// Signature is the day and the machine, for a picture.
func Signature(started time.Time) string {
	return fmt.Sprintf("%s, %s, %d cores.", started.Format("2006-01-02"), processor(), runtime.NumCPU())
}

// processor is the CPU's model as Linux tells it.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, model, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}
