package commands

func memoryRows() []*Command {
	return []*Command{
		{Name: "usage", Arity: -3, Categories: []string{"read", "slow"}, run: answer(Null{}),
			Usage: "MEMORY USAGE key [SAMPLES count]", Summary: "Null: no key is kept here"},
	}
}
