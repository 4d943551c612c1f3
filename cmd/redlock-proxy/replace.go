package main

import (
	"fmt"
	"strings"

	"redlock-proxy/redlock"
)

// replace is the subcommand that puts a new node in the place of another.
type replace struct {
	quorumConfig `embed:"" set:"without_nodes="`
	Old          string `help:"The member that leaves, written as it was in --node; it need not answer. The --node flags are those of the proxies from now on, with the new node among them." placeholder:"URL"`
}

// Run replaces, and says what is left to do.
func (r *replace) Run(env *environment) error {
	if err := r.validateQuorum(); err != nil {
		return err
	}
	nodes, err := r.nodes()
	switch {
	case err != nil:
		return err
	case len(nodes) == 0 && r.Old == "":
		return usageError("--node and --old: name the nodes as they shall be, with the new one among them, and the one that leaves")
	case len(nodes) == 0:
		return usageError("--node: name the nodes as they shall be, with the new one among them")
	case r.Old == "":
		return usageError("--old: name the node that leaves")
	}
	old, err := r.oldNode()
	if err != nil {
		return err
	}
	done, err := redlock.Replace(env.ctx, r.quorumOptions(nodes), old)
	if err != nil {
		return fmt.Errorf("not replaced: %w", err)
	}
	votes := "is a member and votes"
	if done.Wait > 0 {
		votes = fmt.Sprintf("is a member; proxies let it vote %v after they have first seen it", done.Wait)
	}
	told := "was told"
	if done.Old != nil {
		told = fmt.Sprintf("was not told, and need not be (%v)", done.Old)
	}
	_, err = fmt.Fprintf(env.stdout, "%s %s\n%s %s; take it out of --node of every proxy and restart them one at a time\n", done.New, votes, old.Name, told)
	return err
}

// oldNode reads --old, with the certificates of the others.
func (r *replace) oldNode() (redlock.Node, error) {
	c := r.quorumConfig
	c.Node = []string{r.Old}
	if !strings.HasPrefix(r.Old, "rediss://") {
		c.NodeTLSCA, c.NodeTLSCert, c.NodeTLSKey = "", "", ""
	}
	old, err := c.nodes()
	if err != nil {
		return redlock.Node{}, usageError("--old: not a url of the form redis://[user:pass@]host:port[/db], rediss://... or unix:///path; write it as it was in --node")
	}
	return old[0], nil
}
