// Package acl says who may come in and what they may do, in the syntax of a
// Redis ACL file.
//
//	users, err := acl.Parse(file, []acl.Command{
//		{Name: "lock", Categories: []string{"write", "fast"}},
//		{Name: "client"}, {Name: "client|list", Categories: []string{"admin"}},
//	})
//	user, ok := users.Authenticate("alice", password)
//	if ok && user.MayRun("lock") && user.MayUse("lock", resource) { … }
//
// with a file like
//
//	# the workers
//	user alice on >secret ~jobs:* +lock +unlock
//	user default off
//
// Nothing changes after Parse, so all of it may be used from any goroutine. To
// load a file again is to parse it into new Users and to let go of the old.
//
// # Where it is not Redis
//
// What Redis 7.0 does stands first.
//
//   - A line that begins with # is an error. Here it is a comment.
//   - Several spaces between a name and its rules make an empty name. Here they
//     are one.
//   - ACL LIST finds its own words for the commands of a user, in an order that
//     changes with every start. Here it keeps the rules in force in the order
//     given, as Redis does from 7.2 on.
//   - %R~ allows to read and %W~ to write. Every command here that has a
//     resource writes it, so %R~ is kept and shown, and gives nothing.
//   - A ( within a selector makes Redis forget what stood before it. Here it is
//     an error.
//   - &pattern is kept and shown. No channel is ever checked.
//   - +select|0 allows one first argument, and Redis warns that it is a misuse.
//     Here it is refused, as are > without a password and % without ~, and in a
//     selector quotes and a pattern that ends with a parenthesis: Redis reads
//     the first in unexpected ways and lists the second as it can not read it.
//   - sanitize-payload, which means nothing here, is listed when it was said or
//     after a reset. From 7.2 on Redis lists it for every user.
//   - %RW~* is listed as ~*, which is another rule. Here it is listed as given.
//   - The length of a line, the number of users and the size of a file have no
//     limits. See Parse for those here.
//
// Left out: changing a user (ACL SETUSER, DELUSER, SAVE), the log of ACL LOG,
// reading the file, and the replies to clients.
package acl
