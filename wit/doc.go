// Package wit is the folder of the interfaces that the host serves, in WIT. It has no code of
// its own; its test keeps the files in order.
package wit
