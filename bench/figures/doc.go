// Package figures sums up what the load programs measured and lays it out: as a
// table for the terminal and for README.md, and as pictures.
package figures
