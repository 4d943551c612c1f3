// Package proof is for its tests.
package proof
