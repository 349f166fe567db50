// Package bettertls runs the BetterTLS suite of Netflix through the package
// wasitls: each of its chains is shown by a server in a handshake over a pipe
// in memory, and a guest's connection must come about or not, as the suite
// says. It exports nothing.
package bettertls
