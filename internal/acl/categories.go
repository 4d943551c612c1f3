package acl

// Categories lists the categories of Redis' commands, in the order of ACL CAT.
// Rules may name them all, whether a command is in them or not, and besides
// them whatever category a Command names.
func Categories() []string {
	return []string{
		"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string",
		"bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow",
		"blocking", "dangerous", "connection", "transaction", "scripting",
	}
}
