package commands

func latencyRows() []*Command {
	admin := []string{"admin", "slow", "dangerous"}
	return []*Command{
		{Name: "histogram", Arity: -2, Categories: admin, run: answer(Map{}),
			Usage: "LATENCY HISTOGRAM [command ...]", Summary: "Empty; INFO commandstats has the mean of each command"},
		{Name: "history", Arity: 3, Categories: admin, run: answer(Array{}),
			Usage: "LATENCY HISTORY event", Summary: "Empty"},
		{Name: "latest", Arity: 2, Categories: admin, run: answer(Array{}),
			Usage: "LATENCY LATEST", Summary: "Empty"},
		{Name: "reset", Arity: -2, Categories: admin, run: answer(Integer(0)),
			Usage: "LATENCY RESET [event ...]", Summary: "0"},
	}
}
