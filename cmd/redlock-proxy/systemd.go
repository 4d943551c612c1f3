package main

import (
	"log/slog"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// systemd is told how the program is, when it was started by it (NOTIFY_SOCKET);
// otherwise nobody is told anything.
type systemd struct{ log *slog.Logger }

func (s systemd) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("systemd could not be told", "err", err)
	}
}

func (s systemd) ready()    { s.tell(daemon.SdNotifyReady) }
func (s systemd) stopping() { s.tell(daemon.SdNotifyStopping) }

// reloading must be followed by ready. Type=notify-reload asks for the time.
func (s systemd) reloading() {
	s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// watch tells systemd's watchdog, if the unit has one, twice in its time that
// the program lives. alive takes the locks that everything needs: if it hangs,
// systemd hears nothing more and starts the program anew. stop ends it.
func (s systemd) watch(alive func()) (stop func()) {
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("systemd's watchdog is not served", "err", err)
	}
	if within <= 0 {
		return func() {}
	}
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(within / 2)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				alive()
				s.tell(daemon.SdNotifyWatchdog)
			}
		}
	})
	return func() {
		close(done)
		work.Wait()
	}
}
