package commands

import "strings"

// clusterRows are the subcommands that clients try to find out whether this is
// a cluster. Like a Redis that is none, the proxy refuses them all.
func clusterRows() []*Command {
	var all []*Command
	for name := range strings.FieldsSeq("countkeysinslot getkeysinslot info keyslot links myid myshardid nodes replicas reset shards slaves slots") {
		arity := -2
		switch name {
		case "countkeysinslot", "keyslot", "replicas", "slaves":
			arity = 3
		case "getkeysinslot":
			arity = 4
		case "info", "links", "myid", "myshardid", "nodes", "shards", "slots":
			arity = 2
		}
		usage := "CLUSTER " + strings.ToUpper(name)
		if arity != 2 {
			usage += " [arg ...]"
		}
		all = append(all, &Command{
			Name: name, Arity: arity, Categories: []string{"slow"}, run: answer(errNoCluster),
			Usage: usage, Summary: "Refused: this is not a cluster",
		})
	}
	return all
}
