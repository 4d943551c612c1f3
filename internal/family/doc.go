// Package family runs a command and can end it with everything that descends
// from it.
//
//	f, err := family.Start([]string{"sh", "-c", "backup | gzip"}, environment)
//	<-f.Ended()
//	code := f.Code()
//
// On Linux the descendants are found by their parents, and a process whose
// parent has ended gets this one as its parent. So neither a process group of
// its own nor a new session takes one out of the family. The command stays in
// the process group of its parent, because only the foreground group of a
// terminal may read from it. Elsewhere than on Linux only the command itself is
// ended, not what it has started.
//
// There can be one family in a process, which must start no other processes:
// they would be taken for members.
package family
