package main

import "log/slog"

// What is kept of the open files for all but clients: for each node its
// lane, what hears of releases, and a probe, each twice while one replaces another; listeners, the log, and
// the runtime's own.
const (
	filesPerNode = 6
	filesBeside  = 32
)

// fitOpenFiles lowers --max-clients to what the limit of open files allows.
// Beyond it clients would take the files that the nodes' connections need.
func (s *serve) fitOpenFiles(log *slog.Logger, nodes int) {
	limit, known := openFiles()
	if !known {
		return
	}
	most := max(1, int(limit)-nodes*filesPerNode-filesBeside)
	if s.MaxClients > most {
		log.Warn("the limit of open files allows fewer clients than --max-clients; raise it (ulimit -n)", "open_files", limit, "max_clients", s.MaxClients, "allowed", most)
		s.MaxClients = most
	}
}
