// Package examples_test runs every example as its reader would, with real
// redis-servers and the real proxy: the programs here are copied into other
// people's code, so they must be right.
//
// The tests hold a program in the middle of its task by giving it a named pipe
// as FILE (gate_test.go), and look at the nodes' keys meanwhile.
package examples_test
