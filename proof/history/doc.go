// Package history judges what clients of a lock were told: whether it can be
// explained by one lock that has one holder at a time.
//
// What counts is what a client may believe, and not what the nodes keep. A grant
// is believed from the moment its reply was read until its validity is over,
// counted from the moment the command was sent; also after a wait, where README
// lets a client count from the reply only if delivery is quick, which nobody can
// promise on a machine that is busy with faults. An UNLOCK ends the belief when
// it is sent, an EXTEND that is answered 0 when the answer is read.
//
// Two checks look at the same operations. Linearizable (model.go) asks porcupine
// for an order of all operations, between call and return of each, that one lock
// could have had. Plain (plain.go) compares intervals and numbers, and is simple
// enough to be seen to be right. The second notices nothing that the first does
// not, except false arithmetic in a reply; the first notices besides who is told
// of a release or an extension that cannot have been.
//
// Left out: progress. Who is always refused has no history to complain of.
package history
